"""What is known of an upload, and what a sender asks for. All records are frozen; a change makes a new record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from headgate.core.records import require_utc

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30


class UploadState(StrEnum):
    """Where an upload stands; it only ever moves downwards in this list."""

    OPEN = "open"  # bytes are missing
    COMPLETE = "complete"  # whole and proven; a partial one waits to be joined, any other to be taken
    TAKEN = "taken"  # handed over; its bytes are no longer here
    REFUSED = "refused"  # not what the sender said it was; its bytes are no longer here


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What senders may use. Without a limit of one's own a single sender could fill the disk."""

    upload_bytes: int = 64 * GIBIBYTE  # of one upload
    owner_bytes: int = 256 * GIBIBYTE  # reserved by all uploads of one owner that are not taken yet
    owner_open: int = 64  # uploads of one owner that are not taken yet
    stored_bytes: int = 1024 * GIBIBYTE  # reserved by all uploads that are not taken yet
    idle_s: float = 24 * 3600.0  # an upload expires so long after its last chunk
    least_bytes_per_s: int = 1024  # of one request, over a minute: a slower one is ended
    checkpoint_bytes: int = 8 * MEBIBYTE  # of a chunk without a checksum, after which what came is made durable


class NewUpload(msgspec.Struct, frozen=True, kw_only=True):
    """A new upload as the sender asks for it."""

    owner: str
    length_bytes: int | None  # None: told later
    metadata: Mapping[str, str] = {}
    metadata_header: str = ""  # as it was sent, for it is given back so
    concat_header: str = ""  # same
    partial: bool = False
    parts: tuple[str, ...] = ()  # ids in order; only of a final upload
    claimed_sha256: str | None = None  # told beside the metadata


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One upload as it is durably known."""

    upload_id: str  # 128 random bits in hexadecimal
    owner: str
    created_at: datetime
    expires_at: datetime
    length_bytes: int | None
    offset_bytes: int = 0  # so many bytes are on the disk and counted; the whole length only once it is proven
    metadata: Mapping[str, str] = {}  # what the sender says; data, never a path
    metadata_header: str = ""
    concat_header: str = ""
    partial: bool = False
    parts: tuple[str, ...] = ()
    claimed_sha256: str | None = None  # None: not proven by the sender
    sha256: str | None = None  # of all bytes, found here; None while open
    state: UploadState = UploadState.OPEN
    reason: str = ""  # of a refused one

    def __post_init__(self) -> None:
        require_utc(self.created_at)
        require_utc(self.expires_at)

    @property
    def done(self) -> bool:
        """True where all bytes came and are proven."""
        return self.state in {UploadState.COMPLETE, UploadState.TAKEN}

    @property
    def proven_by_sender(self) -> bool:
        """True where the sender said what the whole file hashes to: only then is it the sender's file beyond doubt."""
        return self.claimed_sha256 is not None

    @property
    def waits(self) -> bool:
        """True where it is whole and shall be handed over."""
        return self.state is UploadState.COMPLETE and not self.partial

    @property
    def counts(self) -> bool:
        """True where it is one of the uploads that an owner may have open at once."""
        return self.state in {UploadState.OPEN, UploadState.COMPLETE}

    @property
    def reserved_bytes(self) -> int:
        """What it takes of its owner's quota: the length that was told, else what came."""
        if not self.counts:
            return 0
        return self.offset_bytes if self.length_bytes is None else self.length_bytes
