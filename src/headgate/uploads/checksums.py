"""The `Upload-Checksum` header: what the sender says the bytes of one request hash to."""

from __future__ import annotations

import hashlib
from typing import Protocol, Self

from headgate.core.base64_text import decode_base64
from headgate.core.errors import UploadRefusedError
from headgate.uploads.refusals import Refusal

ALGORITHMS = ("sha256", "sha1", "md5")
"""By preference. The protocol demands sha1; both of the old ones still find what breaks on the way."""


class Hash(Protocol):
    """What `hashlib.new` returns; the class has no public name."""

    @property
    def digest_size(self) -> int:
        """Bytes of the digest."""

    def update(self, data: bytes | bytearray, /) -> None:
        """Take in the next bytes."""

    def copy(self) -> Self:
        """The same hash, to go on by itself."""

    def digest(self) -> bytes:
        """The digest of what came."""

    def hexdigest(self) -> str:
        """The digest in hexadecimal."""


class Checksum:
    """A hash that runs along, and what it must come to."""

    def __init__(self, algorithm: str, expected: bytes) -> None:
        self._algorithm = algorithm
        self._expected = expected
        self._hash = new_hash(algorithm)

    def update(self, piece: bytes | bytearray) -> None:
        """Take in the next bytes of the chunk."""
        self._hash.update(piece)

    def check(self) -> None:
        """UploadRefusedError where the bytes are others than those that the sender meant."""
        if (found := self._hash.digest()) != self._expected:
            raise UploadRefusedError(
                Refusal.CHECKSUM,
                f"The chunk's {self._algorithm} is {found.hex()}, and the sender says {self._expected.hex()}.",
                "Nothing of it was kept; send the chunk again from the same offset.",
            )


def new_hash(algorithm: str) -> Hash:
    """A fresh hash; none of them guards against forgery here."""
    return hashlib.new(algorithm, usedforsecurity=False)


def parse_checksum(header: str) -> Checksum:
    """The checksum of a header such as `sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=`; UploadRefusedError for any other."""
    algorithm, _, encoded = header.partition(" ")
    if algorithm not in ALGORITHMS:
        raise _refused(f"Upload-Checksum names the algorithm {algorithm[:40]!r}, which is not known here.")
    try:
        expected = decode_base64(encoded)
    except ValueError as error:
        raise _refused(f"Upload-Checksum: {error}.") from error
    if len(expected) != new_hash(algorithm).digest_size:
        raise _refused(f"Upload-Checksum has {len(expected)} bytes, which is not the size of a {algorithm}.")
    return Checksum(algorithm, expected)


def parse_repr_digest(header: str) -> str | None:
    """The SHA-256 that a `Repr-Digest` (RFC 9530) gives of the whole file, in hex; None where it names no SHA-256.

    >>> parse_repr_digest("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    """
    for member in header.split(","):
        name, _, value = member.strip(" \t").partition("=")
        if name != "sha-256":
            continue
        try:
            found = decode_base64(value[1:-1]) if len(value) > 1 and value[0] == value[-1] == ":" else b""
        except ValueError:
            found = b""
        if len(found) != new_hash("sha256").digest_size:
            raise UploadRefusedError(
                Refusal.CHECKSUM_HEADER,
                f"Repr-Digest has {value[:80]!r}, which is no SHA-256.",
                "Send `sha-256=:`, the digest of the whole file in base64, and a colon.",
            )
        return found.hex()
    return None


def _refused(message: str) -> UploadRefusedError:
    return UploadRefusedError(
        Refusal.CHECKSUM_HEADER, message, f"Send one of {', '.join(ALGORITHMS)}, a space, and the checksum in base64."
    )
