"""What one step hands to the next: deliveries of one flow in landing order, and where their rows are staged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from headgate.core.flow import Flow
from headgate.core.overlay import Overlay
from headgate.core.reasons import Consequence
from headgate.core.records import CaseOpening, Delivery, IssuedReceipt, Publication, StagedFile
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState

Item = TypeVar("Item")


def cut(
    items: Iterable[Item], size_bytes: Callable[[Item], int], *, most: int, most_bytes: int
) -> Iterator[list[Item]]:
    """The items in their order, in parts of so many and of so many bytes at most; one that is larger goes alone.

    >>> list(cut([3, 3, 9, 1, 1, 1], int, most=2, most_bytes=6))
    [[3, 3], [9], [1, 1], [1]]
    """
    part: list[Item] = []
    taken = 0
    for item in items:
        size = size_bytes(item)
        if part and (len(part) == most or taken + size > most_bytes):
            yield part
            part, taken = [], 0
        part.append(item)
        taken += size
    if part:
        yield part


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was copied beside the vault, and hashed on the way."""

    aside: str  # where the copy lies
    head: bytes  # what the format is recognised by
    sha256: str
    size_bytes: int
    seen: tuple[int, int]  # size and time of change in ns, before it was read


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A file that lies somewhere and shall be taken in."""

    path: str
    name: str  # as the sender calls it
    size_bytes: int  # when it was found
    sender: str = "local"
    flow: str | None = None  # forced; None: by the flows' patterns
    again: bool = False  # taken although the same bytes were taken before
    facts: Mapping[str, Any] = {}  # that its deliveries keep, and the log: no name, no value of a row
    copied: Callable[[], Copied] | None = None  # waits for its copy, where that was begun before landing


class LandedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries whose bytes are proven and kept."""

    flow: Flow
    deliveries: tuple[Delivery, ...]
    overlays: Mapping[str, Overlay] = {}  # delivery -> what people decided about its rows


class BrokenDeliveryRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule on the delivery as a whole that it breaks."""

    rule: str
    code: str
    consequence: Consequence
    found: str


class CheckedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What checking one delivery came to; its rows lie in the batch's staged files."""

    id: str
    landing_number: int
    received: int  # records and faults
    faults: int
    stated: int | None = None  # the sender's own count
    columns_missing: tuple[str, ...] = ()  # paths absent from every record
    columns_unknown: tuple[str, ...] = ()  # of a text file's header
    broken: tuple[BrokenDeliveryRule, ...] = ()  # rules on the delivery
    unreadable: tuple[str, str] | None = None  # reason code and message: the delivery stops here
    error: str | None = None  # a rule or the engine failed: the delivery fails


class CheckedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Staged rows with their reasons."""

    flow: Flow
    deliveries: tuple[Delivery, ...]
    checked: tuple[CheckedDelivery, ...]
    rows: tuple[StagedFile, ...]  # _n, _row, _offset, _length, _now, the contract's columns, _ok, _raw
    faulty: tuple[StagedFile, ...]  # _n, _row, _offset, _length, _raw, reasons
    parameters: Mapping[str, int]  # name -> version that rules were judged with, and tasks will be
    folder: str
    overlays: Mapping[str, Overlay] = {}  # as the rows were read under

    def only(self, ids: Collection[str]) -> CheckedBatch:
        """The same for some of its deliveries; the staged files hold the rows of all."""
        return replace(
            self,
            deliveries=tuple(one for one in self.deliveries if one.id in ids),
            checked=tuple(one for one in self.checked if one.id in ids),
        )


class ReviewedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Final verdicts: which rows go on, which are kept in quarantine, and how each delivery ends."""

    flow: Flow
    deliveries: tuple[Delivery, ...]  # with counts, reasons and what holds them; in landing order
    superseded: tuple[Delivery, ...]  # earlier versions that these replace, with their amendments
    origins: tuple[Delivery, ...]  # of amendments among them, as they stand once these are in
    cases: Mapping[str, tuple[CaseOpening, ...]]  # delivery -> those that are open of it from now on
    settled: Mapping[str, Mapping[str, int]]  # origin -> case -> rows that leave it
    overlays: Mapping[str, Overlay]
    rows: tuple[StagedFile, ...]  # as staged by check, of all deliveries
    excluded: tuple[StagedFile, ...]  # _n, _row of the rows of publishing deliveries that do not go on
    quarantine: tuple[StagedFile, ...]  # rows for the quarantine table
    parameters: Mapping[str, int]  # the same for all deliveries
    folders: tuple[str, ...]  # of the stage, removed once the publication is in

    @property
    def publishing(self) -> tuple[Delivery, ...]:
        """Deliveries whose accepted rows go on."""
        return tuple(one for one in self.deliveries if one.state is DeliveryState.PUBLISHED)


class TransformedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """The publication as it is meant, every file of it staged."""

    flow: Flow
    publication: Publication
    folders: tuple[str, ...]


class PublishedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries whose publication is in."""

    flow: Flow
    publication: Publication
    deliveries: tuple[Delivery, ...]


class ArchivedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries with a receipt each."""

    flow: Flow
    deliveries: tuple[Delivery, ...]
    receipts: tuple[IssuedReceipt, ...] = ()
