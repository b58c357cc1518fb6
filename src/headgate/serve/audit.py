"""Verifying the log: from the project, or from exported files alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from headgate.core.checkpoints import open_checkpoint
from headgate.core.errors import ConfigurationError
from headgate.core.log_audit import LogReport, verify_log, verify_since
from headgate.core.merkle import peaks, root
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.signing_keys import PublicKey
from headgate.core.states import DeliveryState
from headgate.serve.deliveries import receipt_file

NOTE_END = "-----\n"  # behind each signed checkpoint of an anchor file
EVENTS, CHECKPOINTS = "events.ndjson", "checkpoints.txt"
_CHUNK = 1 << 20


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Whether what the ledger speaks of is still there."""

    objects: int  # raw files that were looked for
    missing: tuple[str, ...]  # deliveries whose bytes are gone
    changed: tuple[str, ...]  # whose bytes have another SHA-256; only where they were read
    receipts_missing: tuple[str, ...]  # names of receipt files

    @property
    def ok(self) -> bool:
        """Whether all is there."""
        return not (self.missing or self.changed or self.receipts_missing)


def verify_project(
    platform: Platform, keys: Sequence[PublicKey], *, notes: Sequence[str] | None = None, since: str | None = None
) -> LogReport:
    """What the checkpoints of the anchor (or `notes`) prove of the ledger's log.

    `since` is a signed checkpoint that the caller trusts: only events after it are read. ProofError where it is none of
    this log.
    """
    given = platform.anchor.notes() if notes is None else notes
    size = platform.ledger.log_size()
    stored = root(size, platform.ledger.nodes)
    if since is None:
        leaves = platform.ledger.leaves(0, size)  # what is appended meanwhile belongs to no root that was read
        return verify_log(leaves, given, keys, stored_size=size, stored_root=stored)
    old = open_checkpoint(since, keys).checkpoint
    later = [note for note in given if _size_of(note) >= old.size]
    if old.size > size:
        # more events than there are: the whole log tells how many are gone
        return verify_log(platform.ledger.leaves(), [*given, since], keys, stored_size=size, stored_root=stored)
    hashes = peaks(old.size, platform.ledger.nodes)
    return verify_since(since, hashes, platform.ledger.leaves(old.size, size), later, keys, stored_root=stored)


def verify_files(
    events: Path, notes: Sequence[str], keys: Sequence[PublicKey], *, since: str | None = None
) -> LogReport:
    """What signed checkpoints prove of exported events; needs nothing but these. `since` is one checkpoint more."""
    given = sorted([*notes, since], key=_size_of) if since is not None else notes
    return verify_log(read_leaves(events), given, keys)


def look_at_kept(platform: Platform, *, read_bytes: bool) -> Kept:
    """Look for every delivery's bytes in the vault, with `read_bytes` also at their SHA-256, and for every receipt."""
    deliveries = [one for one in platform.ledger.deliveries(DeliveryFilter()) if one.size_bytes]
    missing = [one for one in deliveries if platform.vault.size(vault_name(one.sha256)) != one.size_bytes]
    gone = {one.id for one in missing}
    changed = [
        one.id
        for one in deliveries
        if read_bytes and one.id not in gone and _sha256(platform, vault_name(one.sha256)) != one.sha256
    ]
    told = [one.id for one in deliveries if one.state in {DeliveryState.ARCHIVED, DeliveryState.HELD}]
    names = [receipt_file(receipt) for receipt in platform.ledger.receipts(told)]
    return Kept(
        objects=len(deliveries),
        missing=tuple(sorted(gone)),
        changed=tuple(changed),
        receipts_missing=tuple(name for name in names if platform.receipts.size(name) is None),
    )


def export_log(platform: Platform, folder: Path) -> tuple[Path, Path, int]:
    """Write the events (canonical JSON, one a line) and the signed checkpoints; the two files and how many events."""
    folder.mkdir(parents=True, exist_ok=True)
    events, checkpoints = folder / EVENTS, folder / CHECKPOINTS
    count = 0
    with events.open("wb") as file:
        for leaf in platform.ledger.leaves():
            file.write(leaf + b"\n")
            count += 1
    checkpoints.write_text(checkpoints_text(platform), encoding="utf-8")
    return events, checkpoints, count


def checkpoints_text(platform: Platform) -> str:
    """All signed checkpoints, as the anchor keeps them and `read_notes` reads them."""
    return "".join(note + NOTE_END for note in platform.anchor.notes())


def read_notes(path: Path) -> list[str]:
    """Signed checkpoints of a file: many as in an anchor file, or a single one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as a file of checkpoints: {error}") from error
    return text.split(NOTE_END)[:-1] if NOTE_END in text else [text]


def read_leaves(path: Path) -> Iterator[bytes]:
    """Events of an exported file; canonical JSON holds no line break."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read as a file of events: {error}") from error
    with file:
        yield from (line.removesuffix(b"\n") for line in file)


def _size_of(note: str) -> int:
    """The second line of a checkpoint; 0 where it is none, so that verification sees it and says so."""
    lines = note.split("\n")
    return int(lines[1]) if len(lines) > 1 and lines[1].isdecimal() else 0


def _sha256(platform: Platform, name: str) -> str:
    digest = hashlib.sha256()
    with platform.vault.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
