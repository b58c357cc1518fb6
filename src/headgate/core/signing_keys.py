"""Ed25519 keys as signed notes name them: a name, four bytes of hash, and the text forms of Go's sumdb/note."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from headgate.core.base64_text import decode_base64, encode_base64
from headgate.core.evidence import EvidenceFault, ProofError

KEY_BYTES = 32
KEY_ID_BYTES = 4
ED25519 = b"\x01"
"""The signature type of the note format; other types of the format are signatures that we do not know."""

_PRIVATE_PREFIX = "PRIVATE+KEY+"


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a verifier knows."""

    name: str  # who signs; for the key of a log its origin
    raw: bytes  # 32 bytes, RFC 8032
    valid_from: datetime | None = None  # the first moment, with time zone; None: always
    valid_until: datetime | None = None  # the first moment when it is no longer valid; None: never ends

    def __post_init__(self) -> None:
        check_key_name(self.name)
        _check_length(self.raw, "public key")
        for moment in (self.valid_from, self.valid_until):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"The validity of key {self.name} has a time without time zone: {moment.isoformat()}.")

    @property
    def key_id(self) -> bytes:
        """Four bytes: the start of SHA-256(name || newline || 0x01 || raw)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:KEY_ID_BYTES]

    @property
    def label(self) -> str:
        """`<name>+<key id in hexadecimal>`, which names one key."""
        return f"{self.name}+{self.key_id.hex()}"

    def to_text(self) -> str:
        """The verifier key: `<name>+<key id>+<base64 of 0x01 and the raw key>`."""
        return f"{self.label}+{encode_base64(ED25519 + self.raw)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the 64 bytes are this key's signature of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer(Protocol):
    """What signs: a private key in hand, or one that a key store keeps."""

    @property
    def name(self) -> str:
        """As in the public key."""

    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)  # no Struct: that shows every field in its repr
class PrivateKey:
    """A key that signs; its seed never appears in a repr."""

    name: str  # as in the public key
    seed: bytes = field(repr=False)  # 32 bytes, RFC 8032

    def __post_init__(self) -> None:
        check_key_name(self.name)
        _check_length(self.seed, "private key")

    def public(self, *, valid_from: datetime | None = None, valid_until: datetime | None = None) -> PublicKey:
        """The key that verifies what this one signs."""
        raw = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return PublicKey(name=self.name, raw=raw, valid_from=valid_from, valid_until=valid_until)

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same message always gives the same bytes (RFC 8032)."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def to_text(self) -> str:
        """The signer key: `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the seed>`. Keep it secret."""
        return f"{_PRIVATE_PREFIX}{self.public().label}+{encode_base64(ED25519 + self.seed)}"


def parse_public_key(
    text: str, *, valid_from: datetime | None = None, valid_until: datetime | None = None
) -> PublicKey:
    """The key of a verifier key's text. ProofError if it is not exactly that form, or its id is not that of the key."""
    name, key_id, raw = _split_key(text, text)
    key = PublicKey(name=name, raw=raw, valid_from=valid_from, valid_until=valid_until)
    _check_id(key, key_id)
    return key


def parse_private_key(text: str) -> PrivateKey:
    """The key of a signer key's text; errors as for a public one, and never with the secret in the message."""
    if not text.startswith(_PRIVATE_PREFIX):
        raise ProofError(
            EvidenceFault.KEY_MALFORMED, f"A private key begins with {_PRIVATE_PREFIX}; this text does not."
        )
    name, key_id, seed = _split_key(text.removeprefix(_PRIVATE_PREFIX), "the private key")
    key = PrivateKey(name=name, seed=seed)
    _check_id(key.public(), key_id)
    return key


def check_key_name(name: str) -> None:
    """ProofError unless a note may carry the name: not empty, valid Unicode, no space, plus or control character."""
    unfit = (
        not name or "+" in name or any(char.isspace() or char < " " or "\ud800" <= char <= "\udfff" for char in name)
    )
    if unfit:
        message = f"{name!r} is no key name: it must not be empty nor contain spaces, '+' or control characters."
        raise ProofError(EvidenceFault.KEY_MALFORMED, message)


def check_key_valid(key: PublicKey, *, statement_at: datetime | None, now: datetime | None, what: str) -> None:
    """ProofError if the key cannot have made `what` about something that happened at `statement_at`.

    A signature is never older than what it speaks of, so a key that ended before is refused. A key may begin later
    (old receipts are signed anew after a rotation), but not after `now`, where that is given.
    """
    if key.valid_until is not None:
        if statement_at is None:
            message = f"Key {key.label} ended at {_utc(key.valid_until)}, and nothing tells when {what} was made."
            raise ProofError(EvidenceFault.KEY_NOT_VALID, message)
        if statement_at >= key.valid_until:
            message = (
                f"Key {key.label} of {what} ended at {_utc(key.valid_until)}, before the event at {_utc(statement_at)}."
            )
            raise ProofError(EvidenceFault.KEY_NOT_VALID, message)
    if key.valid_from is not None and now is not None and now < key.valid_from:
        message = f"Key {key.label} of {what} begins at {_utc(key.valid_from)}; it is {_utc(now)} now."
        raise ProofError(EvidenceFault.KEY_NOT_VALID, message)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _split_key(text: str, shown: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    message = f"{shown!r} is no key: expected <name>+<8 hexadecimal digits>+<base64 of 0x01 and 32 bytes>."
    malformed = ProofError(EvidenceFault.KEY_MALFORMED, message)
    if len(parts) != 3:  # noqa: PLR2004 the three parts that the message names
        raise malformed
    name, key_id, encoded = parts
    try:
        key = decode_base64(encoded)
    except ValueError:
        raise malformed from None
    if key[:1] != ED25519 or len(key) != 1 + KEY_BYTES:
        raise malformed
    return name, key_id, key[1:]


def _check_id(key: PublicKey, key_id: str) -> None:
    if key_id != key.key_id.hex():
        message = f"The key of {key.name} has the id {key.key_id.hex()}, but its text says {key_id!r}: one was changed."
        raise ProofError(EvidenceFault.KEY_MALFORMED, message)


def _check_length(key: bytes, what: str) -> None:
    if len(key) != KEY_BYTES:
        raise ProofError(EvidenceFault.KEY_MALFORMED, f"An Ed25519 {what} has {KEY_BYTES} bytes, this one {len(key)}.")
