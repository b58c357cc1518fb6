"""Links by which outsiders send without an account, what each sender has begun, and the port that keeps both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from headgate.core.records import Event, require_utc

MARK = "u-"  # an owner that begins so is a link, any other an account

DAY = timedelta(hours=24)
"""What a quota a day counts: it moves along, and does not begin anew at midnight."""


class UploadLink(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to send files to one flow, for whoever holds its secret."""

    id: str  # u- and 12 hex digits: what events and pages name
    secret: str  # SHA-256 of what stands in the address, in hex
    flow: str
    label: str  # the sender of its deliveries
    patterns: tuple[str, ...]  # names that it takes, within those of the flow; none: all of the flow's
    most_files: int
    most_bytes: int  # of all its files together
    made_by: str  # account, or `command`
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self.made_at)
        require_utc(self.expires_at)

    def holds(self, at: datetime) -> bool:
        """Whether it neither expired nor was revoked; it may be used up."""
        return self.revoked_at is None and at < self.expires_at


class SentUpload(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that counts for its sender: begun and not given up, or landed."""

    upload: str  # its id
    owner: str  # account or link
    name: str  # of the file, as its sender says
    size_bytes: int  # that it was let in with
    begun_at: datetime
    delivery: str | None = None  # None: not landed yet

    def __post_init__(self) -> None:
        require_utc(self.begun_at)


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What of a link's limits is gone: uploads that landed, and those under way."""

    files: int = 0
    size_bytes: int = 0


class Room(StrEnum):
    """Whether an upload fits its sender's limits."""

    FITS = "fits"
    LINK_OVER = "link_over"  # expired, revoked, unknown, or all of its files are sent
    LINK_FULL = "link_full"  # more bytes than it has left
    DAY_FULL = "day_full"  # more than the sender may send a day


class UploadLinks(ABC):
    """Upload links and what was sent, beside the ledger. Each change and its event are one transaction."""

    @abstractmethod
    def add(self, link: UploadLink) -> None:
        """Enter a link, with the event `upload_link_made`."""

    @abstractmethod
    def by_secret(self, secret: str) -> UploadLink | None:
        """The link whose secret has this SHA-256, whatever became of it."""

    @abstractmethod
    def links(self, *, ids: Collection[str] | None = None, flows: Collection[str] | None = None) -> list[UploadLink]:
        """Links, the newest first."""

    @abstractmethod
    def revoke(self, id_: str, *, at: datetime, by: str) -> bool:
        """End a link, with the event `upload_link_revoked`; False where it was ended before, or there is none."""

    @abstractmethod
    def used(self, ids: Collection[str]) -> Mapping[str, Used]:
        """What is gone of each of these links."""

    @abstractmethod
    def enter(self, sent: SentUpload, *, day_bytes: int, instead_of: Collection[str] = ()) -> Room:
        """Count an upload if it fits its sender's limits, or count it anew with another size.

        One transaction, so that of two at once the second sees the first. `instead_of` are uploads that it replaces;
        they do not count against it.
        """

    @abstractmethod
    def leave(self, upload: str) -> None:
        """Let an upload count no more, unless it has landed."""

    @abstractmethod
    def land(self, upload: str, delivery: str) -> None:
        """Note what an upload became; nothing where it does not count."""

    @abstractmethod
    def sent(self, owner: str, *, uploads: Collection[str] | None = None, most: int) -> list[SentUpload]:
        """What an owner sent, the newest first."""

    @abstractmethod
    def leave_all_but(self, uploads: Collection[str]) -> int:
        """Let those count no more that have not landed and are none of these: a kill left them; how many."""

    @abstractmethod
    def tell(self, event: Event, *, at: datetime) -> None:
        """Write an event that changes nothing here."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""
