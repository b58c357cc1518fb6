"""Signed notes: text and signature lines, as C2SP's signed-note and Go's sumdb/note define them.

```
text, which ends in a newline
(an empty line)
— <key name> <base64 of 4 bytes key id and the signature>
```
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from headgate.core.base64_text import decode_base64, encode_base64
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.signing_keys import KEY_ID_BYTES, PublicKey, Signer, check_key_name

MAX_SIGNATURES = 100
"""As in Go's package; the format asks that 16 be accepted."""

_DASH = "\N{EM DASH} "
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class NoteSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature line; of any type, so that what we do not know is passed on unchanged."""

    name: str  # of the key
    key_id: bytes  # 4 bytes
    value: bytes  # for Ed25519 64 bytes; other types have other lengths


class SignedNote(msgspec.Struct, frozen=True, kw_only=True):
    """A text and its signatures; nothing is proven until `verify_note`."""

    text: str  # ends in a newline
    signatures: tuple[NoteSignature, ...]

    def to_text(self) -> str:
        """The note as a file holds it."""
        lines = (f"{_DASH}{one.name} {encode_base64(one.key_id + one.value)}\n" for one in self.signatures)
        return f"{self.text}\n{''.join(lines)}"


def sign_note(text: str, keys: Sequence[Signer]) -> SignedNote:
    """The text signed by each key in order. ProofError if a note cannot hold the text."""
    _check_characters(text)
    if not keys or not text.endswith("\n"):
        raise _malformed("a note needs a text that ends in a newline, and at least one key")
    return SignedNote(text=text, signatures=tuple(_signature(text, key) for key in keys))


def cosign(note: SignedNote, key: Signer) -> SignedNote:
    """The note with one more signature at its end; the others stay, an earlier one of the same key is replaced."""
    added = _signature(note.text, key)
    kept = tuple(one for one in note.signatures if (one.name, one.key_id) != (added.name, added.key_id))
    return SignedNote(text=note.text, signatures=(*kept, added))


def parse_note(note: str) -> SignedNote:
    """Text and signatures of a note, every line accounted for. ProofError if it is not exactly in the format."""
    _check_characters(note)
    text, found, block = note.rpartition("\n\n")
    if not found or not block.endswith("\n"):
        raise _malformed("expected a text, an empty line and signature lines, each ending in a newline")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise _malformed(f"{len(lines)} signatures, more than {MAX_SIGNATURES}")
    return SignedNote(text=text + "\n", signatures=tuple(_parse_signature(line) for line in lines))


def verify_note(note: SignedNote, keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    """The known keys that signed the note, in the order of its lines; at least one.

    Signatures of unknown keys are ignored. ProofError if a known key's signature does not fit, or no known key signed.
    """
    known = {(key.name, key.key_id): key for key in keys}
    message = note.text.encode()
    signers: dict[str, PublicKey] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verifies(message, signature.value):
            said = f"The signature of {key.label} does not fit the text: the note was changed after it was signed."
            raise ProofError(EvidenceFault.SIGNATURE_WRONG, said)
        signers[key.label] = key
    if not signers:
        names = ", ".join(f"{one.name}+{one.key_id.hex()}" for one in note.signatures)
        said = f"No known key signed the note; it names {names}. Give the verifier key of the log, if you trust it."
        raise ProofError(EvidenceFault.KEY_UNKNOWN, said)
    return tuple(signers.values())


def _signature(text: str, key: Signer) -> NoteSignature:
    return NoteSignature(name=key.name, key_id=key.public().key_id, value=key.sign(text.encode()))


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise _malformed(f"the line {line[:80]!r} stands where a signature line should")
    check_key_name(name)
    try:
        value = decode_base64(encoded)
    except ValueError as error:
        raise _malformed(f"the signature of {name}: {error}") from error
    if len(value) <= KEY_ID_BYTES:
        raise _malformed(f"the signature of {name} has {len(value)} bytes, too few for a key id and a signature")
    return NoteSignature(name=name, key_id=value[:KEY_ID_BYTES], value=value[KEY_ID_BYTES:])


def _check_characters(text: str) -> None:
    if found := _FORBIDDEN.search(text):
        what = f"character {found.start()} is {found.group()!r}; a note is valid Unicode without control characters"
        raise _malformed(what)


def _malformed(what: str) -> ProofError:
    return ProofError(EvidenceFault.NOTE_MALFORMED, f"This is no signed note: {what}.")
