"""Verifying a whole log against its checkpoints: the events once, in order, in memory for O(log n) hashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from headgate.core.checkpoints import Checkpoint, open_checkpoint
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.merkle_proofs import verify_consistency
from headgate.core.signing_keys import PublicKey
from headgate.core.tree_hash import RunningTree, fold


class LogFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not fit."""

    fault: EvidenceFault
    message: str
    checkpoint: int | None = None  # its place in the sequence, from 0
    first_event: int | None = None  # the fault lies between these two events, both included, counted from 0
    last_event: int | None = None


class LogReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was read and what of it is proven."""

    size: int  # events in the log
    root: bytes  # of all of them, 32 bytes
    fitting: int  # checkpoints that fit
    anchored: int  # events covered by the last checkpoint that fits, before any that does not
    findings: tuple[LogFinding, ...]  # in the order of the checkpoints, then about the whole

    @property
    def ok(self) -> bool:
        """Whether everything fits."""
        return not self.findings

    @property
    def complete(self) -> bool:
        """Whether everything fits and every event is covered, as it is after each command."""
        return self.ok and not self.unanchored

    @property
    def unanchored(self) -> int:
        """Events at the end that no checkpoint covers yet; a change among them would not be seen."""
        return self.size - self.anchored


class _Walk:
    """One pass over the events, stopping at the size of each checkpoint."""

    def __init__(self, tree: RunningTree, leaves: Iterable[bytes], origin: str | None) -> None:
        self.tree = tree
        self.leaves: Iterator[bytes] = iter(leaves)
        self.origin = origin
        self.fitting = 0
        self.anchored = tree.size
        self.findings: list[LogFinding] = []
        self.diverged = False
        self._largest = tree.size

    def visit(self, place: int, note: str, keys: Sequence[PublicKey]) -> None:
        """Compare the next checkpoint with the events up to its size."""
        try:
            checkpoint = open_checkpoint(note, keys, origin=self.origin).checkpoint
        except ProofError as error:
            self._find(error.fault, f"Checkpoint {place}: {error}", place)
            return
        self.origin = checkpoint.origin
        if checkpoint.size < self._largest:
            message = (
                f"Checkpoint {place} has {checkpoint.size} events, one before it {self._largest}: "
                "a log never shrinks, so the order was changed or the log was set back."
            )
            self._find(EvidenceFault.CHECKPOINT_BACKWARDS, message, place)
            return
        self._largest = checkpoint.size
        self.advance(checkpoint.size)
        # After the first difference every later root differs too; one finding tells where it began.
        if not self.diverged:
            self._compare(place, checkpoint)

    def advance(self, size: int | None = None) -> None:
        """Read events until the tree has `size` of them, or to the end."""
        if self.tree.size == size:
            return
        for leaf in self.leaves:
            self.tree.add(leaf)
            if self.tree.size == size:
                return

    def _compare(self, place: int, checkpoint: Checkpoint) -> None:
        size = checkpoint.size
        if self.tree.size == size and self.tree.root() == checkpoint.root:
            self.fitting += 1
            self.anchored = size
            return
        if size == self.anchored:
            message = (
                f"Checkpoint {place} has another root than the {size} events proven before it: "
                "the log's key signed two histories."
            )
            self._find(EvidenceFault.HISTORY_DIFFERS, message, place)
            return
        self.diverged = True
        if self.tree.size < size:
            message = (
                f"Checkpoint {place} covers {size} events, the log has only {self.tree.size}: "
                f"at least {size - self.tree.size} are gone, and nothing from event {self.anchored} on is proven."
            )
            self._find(EvidenceFault.TAIL_CUT, message, place, last=size - 1)
            return
        message = (
            f"Checkpoint {place} at {size} events does not fit: between event {self.anchored} and event {size - 1} "
            "something was edited, inserted, deleted or reordered."
        )
        self._find(EvidenceFault.EVENTS_CHANGED, message, place, last=size - 1)

    def _find(self, fault: EvidenceFault, message: str, place: int | None, *, last: int | None = None) -> None:
        first = None if last is None else self.anchored
        finding = LogFinding(fault=fault, message=message, checkpoint=place, first_event=first, last_event=last)
        self.findings.append(finding)

    def check_stored(self, size: int | None, root: bytes | None) -> None:
        """Compare the tree that the database keeps with that of the events."""
        differs = (size is not None and size != self.tree.size) or (root is not None and root != self.tree.root())
        if differs:
            shown = self.tree.size if size is None else size
            message = (
                f"The stored tree of {shown} events is not the tree of the {self.tree.size} events that are there: "
                "events or nodes were changed in the database."
            )
            self._find(EvidenceFault.TREE_DIFFERS, message, None)
        elif root is not None and self.diverged:
            message = (
                "The stored tree fits the changed events: it was computed anew over them, so this was no accident."
            )
            self._find(EvidenceFault.TREE_REBUILT, message, None)

    def report(self) -> LogReport:
        """The result, after the last event."""
        return LogReport(
            size=self.tree.size,
            root=self.tree.root(),
            fitting=self.fitting,
            anchored=self.anchored,
            findings=tuple(self.findings),
        )


def verify_log(
    leaves: Iterable[bytes],
    checkpoints: Iterable[str],
    keys: Sequence[PublicKey],
    *,
    origin: str | None = None,
    stored_size: int | None = None,
    stored_root: bytes | None = None,
) -> LogReport:
    """What the checkpoints prove about the events, from the first event to the last.

    `leaves` are the canonical bytes of all events in order, `checkpoints` the signed notes of the anchor, oldest first;
    both are read once. All checkpoints must be of one log, `origin` where given. A log with events and no checkpoint
    that fits is a finding, since nothing is proven then. With the size and root that the database keeps, changes to
    events that no checkpoint covers yet are found too, unless that tree was rebuilt over them.
    """
    walk = _walked(_Walk(RunningTree(), leaves, origin), checkpoints, keys)
    if walk.tree.size and not walk.anchored and not walk.findings:
        message = f"The log has {walk.tree.size} events and no checkpoint: nothing proves that they are unchanged."
        walk.findings.append(LogFinding(fault=EvidenceFault.NOTHING_ANCHORED, message=message))
    walk.check_stored(stored_size, stored_root)
    return walk.report()


def verify_since(
    checkpoint_old: str,
    peaks: Sequence[bytes],
    leaves: Iterable[bytes],
    checkpoints: Iterable[str],
    keys: Sequence[PublicKey],
    *,
    stored_root: bytes | None = None,
) -> LogReport:
    """What the checkpoints prove about the events after an older checkpoint that the caller trusts.

    `peaks` are the hashes of the complete subtrees of that checkpoint's tree (`merkle.peaks`), which must fold to its
    root; `leaves` and `checkpoints` are those after it. The events before it are not read, so an edit there that left
    the stored nodes alone is not seen. ProofError if the old checkpoint does not verify or the peaks are not its tree.
    """
    old = open_checkpoint(checkpoint_old, keys).checkpoint
    if len(peaks) != old.size.bit_count() or fold(peaks) != old.root:
        message = (
            f"The stored tree does not have the root of the checkpoint of {old.size} events: "
            "events before it or nodes were changed; verify the log from its first event."
        )
        raise ProofError(EvidenceFault.TREE_DIFFERS, message)
    walk = _walked(_Walk(RunningTree(old.size, peaks), leaves, old.origin), checkpoints, keys)
    walk.check_stored(None, stored_root)
    return walk.report()


def verify_growth(
    checkpoint_old: str, checkpoint_new: str, proof: Sequence[bytes], keys: Sequence[PublicKey]
) -> Checkpoint:
    """The new checkpoint, proven to contain all that the old one covered; needs no event.

    This is what a witness or the holder of a receipt asks. ProofError if one does not verify, they are of two logs, or
    the consistency proof does not tie them.
    """
    old = open_checkpoint(checkpoint_old, keys).checkpoint
    new = open_checkpoint(checkpoint_new, keys, origin=old.origin).checkpoint
    tied = verify_consistency(old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof)
    if not tied:
        message = (
            f"The log of {new.size} events is not proven to contain the {old.size} events of the older checkpoint: "
            "its history was changed, or the proof is for other checkpoints."
        )
        raise ProofError(EvidenceFault.HISTORY_DIFFERS, message)
    return new


def _walked(walk: _Walk, checkpoints: Iterable[str], keys: Sequence[PublicKey]) -> _Walk:
    for place, note in enumerate(checkpoints):
        walk.visit(place, note, keys)
    walk.advance()
    return walk
