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


def _refused(message: str) -> UploadRefusedError:
    return UploadRefusedError(
        Refusal.CHECKSUM_HEADER, message, f"Send one of {', '.join(ALGORITHMS)}, a space, and the checksum in base64."
    )
