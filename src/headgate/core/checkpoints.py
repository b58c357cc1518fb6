"""Checkpoints: the signed head of a log, as C2SP's tlog-checkpoint defines it.

```
<origin>
<size in decimal>
<root in base64>
<extension lines, if any>
```
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from headgate.core.base64_text import decode_base64, encode_base64
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.notes import SignedNote, parse_note, sign_note, verify_note
from headgate.core.signing_keys import PublicKey, Signer
from headgate.core.tree_hash import HASH_BYTES

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_HEAD_LINES = 3


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of itself at one moment."""

    origin: str  # the log's name; its key has the same
    size: int  # events in the tree
    root: bytes  # 32 bytes
    extensions: tuple[str, ...] = ()  # further lines, signed with the rest; ours have none

    def to_text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


class OpenedCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint that a key of its log signed."""

    checkpoint: Checkpoint
    signers: tuple[PublicKey, ...]  # the known keys among the signatures: the log's, then witnesses'

    @property
    def log_key(self) -> PublicKey:
        """The log's own key."""
        return self.signers[0]


def sign_checkpoint(checkpoint: Checkpoint, key: Signer) -> SignedNote:
    """The checkpoint signed by its log. ProofError if the key bears another name than the log."""
    if key.name != checkpoint.origin:
        message = f"Key {key.name} does not sign for the log {checkpoint.origin}: a log's key bears the log's name."
        raise ProofError(EvidenceFault.ORIGIN_WRONG, message)
    if parse_checkpoint(checkpoint.to_text()) != checkpoint:
        raise _malformed(f"its fields contain line breaks: {checkpoint!r}")
    return sign_note(checkpoint.to_text(), [key])


def open_checkpoint(note: str, keys: Sequence[PublicKey], *, origin: str | None = None) -> OpenedCheckpoint:
    """The checkpoint of a signed note, its signatures verified.

    ProofError if the note or its text is malformed, a known key's signature does not fit, no known key of the log
    signed (a witness alone does not speak for the log), or the log is not `origin`.
    """
    parsed = parse_note(note)
    checkpoint = parse_checkpoint(parsed.text)
    if origin is not None and checkpoint.origin != origin:
        message = f"The checkpoint is of the log {checkpoint.origin!r}, not of {origin!r}."
        raise ProofError(EvidenceFault.ORIGIN_WRONG, message)
    signers = verify_note(parsed, keys)
    own = tuple(key for key in signers if key.name == checkpoint.origin)
    if not own:
        names = ", ".join(key.label for key in signers)
        message = (
            f"The checkpoint of {checkpoint.origin!r} is signed by {names} only, by no known key of the log itself."
        )
        raise ProofError(EvidenceFault.KEY_UNKNOWN, message)
    witnesses = tuple(key for key in signers if key.name != checkpoint.origin)
    return OpenedCheckpoint(checkpoint=checkpoint, signers=own + witnesses)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a note's text, which must be exactly in the format; ProofError otherwise."""
    lines = text.split("\n")
    if len(lines) <= _HEAD_LINES or lines.pop() or not all(lines):
        raise _malformed("expected at least three lines, none empty, each ending in a newline")
    origin, size, encoded = lines[:_HEAD_LINES]
    if not _SIZE.fullmatch(size):
        raise _malformed(f"the size {size[:40]!r} is no decimal number of at most 18 digits without leading zeros")
    try:
        root = decode_base64(encoded)
    except ValueError as error:
        raise _malformed(f"the root: {error}") from error
    if len(root) != HASH_BYTES:
        raise _malformed(f"the root has {len(root)} bytes instead of {HASH_BYTES}")
    return Checkpoint(origin=origin, size=int(size), root=root, extensions=tuple(lines[_HEAD_LINES:]))


def _malformed(what: str) -> ProofError:
    return ProofError(EvidenceFault.CHECKPOINT_MALFORMED, f"This is no checkpoint: {what}.")
