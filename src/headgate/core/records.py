"""What travels between the steps and what the ledger keeps. All records are frozen; a change makes a new record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from headgate.core.states import DeliveryState

PROVEN = "proven_by_sender"  # fact of an upload: whether its sender said before what the whole file hashes to
DELIVERED_BY = "delivered_by"  # fact of an upload: the account that sent it, or that made the link it came by
BY_LINK = "upload_link"  # fact of an upload: the link it came by


def require_utc(moment: datetime | None) -> None:
    """Refuse a time without a zone: such a time means another moment on another machine."""
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")


class DeliveryKind(StrEnum):
    """What a delivery is made of; everything after landing treats the three alike."""

    FILE = "file"  # one version of one file
    SLICE = "slice"  # a stretch of a stream's partition
    AMENDMENT = "amendment"  # rows that a person released or corrected


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The balance of a delivery: received = accepted + held + rejected + duplicate."""

    received: int = 0
    accepted: int = 0  # published, once the publication is in
    held: int = 0
    rejected: int = 0
    duplicate: int = 0
    warned: int = 0  # accepted rows with a warning; part of accepted, not of the balance

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            received=self.received + other.received,
            accepted=self.accepted + other.accepted,
            held=self.held + other.held,
            rejected=self.rejected + other.rejected,
            duplicate=self.duplicate + other.duplicate,
            warned=self.warned + other.warned,
        )

    @property
    def balances(self) -> bool:
        """True where every row received is in exactly one place."""
        return self.received == self.accepted + self.held + self.rejected + self.duplicate


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """On how many rows of a delivery one reason stands."""

    verdict: str  # of the rows: held, rejected, duplicate, or accepted for a warning
    code: str
    column: str  # path with [] for elements
    rule: str
    rows: int


class DayVolume(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of one flow's deliveries that landed on one day; amendments are left out."""

    flow: str
    day: date  # in UTC
    deliveries: int
    counts: Counts


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one flow that are held, in deliveries that stand."""

    flow: str
    rows: int
    since: datetime  # the oldest of these deliveries landed


class Elapsed(msgspec.Struct, frozen=True, kw_only=True):
    """How long a delivery took from its landing to its first publication."""

    flow: str
    day: date  # of its landing, in UTC
    delivery: str
    seconds: float


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was proven and lies in the vault; not yet known to the ledger."""

    flow: str | None  # None: no flow takes a file of this name
    name: str  # as the sender calls it: data, never a path of ours
    origin: str  # where it was found, for people
    sender: str
    sha256: str  # hex, of the bytes as they came
    size_bytes: int
    form: Mapping[str, Any]  # format, compression, encoding, as recognised
    refused: tuple[str, str] | None = None  # reason code and message, where it is not taken
    as_new: bool = False  # taken although the same bytes were taken before (retry of a failed one)
    facts: Mapping[str, Any] = {}  # of the sending; they go into the log


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's line of one delivery."""

    id: str  # d- and 16 hex digits: flow, kind and source identity
    landing_number: int  # order of registration in the project
    flow: str | None
    kind: DeliveryKind
    name: str
    origin: str
    sender: str
    sha256: str
    size_bytes: int
    form: Mapping[str, Any]
    state: DeliveryState
    run: str  # that registered it
    landed_at: datetime  # now() of its rules, whenever they are evaluated
    counts: Counts | None = None  # None where nothing was counted: refused, unmatched, failed
    reasons: tuple[ReasonCount, ...] = ()
    held_for: tuple[str, ...] = ()  # reason codes that hold it as a whole
    released: str | None = None  # why a person let it go on, though it was held
    note: str = ""  # what a person should know: the error, or the first delivery of the same bytes
    publication: int | None = None
    contract: str | None = None  # digest of the contract that judged it
    parameters: Mapping[str, int] = {}  # name -> version number in force
    facts: Mapping[str, Any] = {}  # what else the receipt says: versions of tables, tasks …
    tries: int = 0
    superseded_by: str | None = None

    def __post_init__(self) -> None:
        require_utc(self.landed_at)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; becomes a leaf of the log. Fields hold no raw value of a row."""

    type: str
    delivery: str | None = None
    fields: Mapping[str, Any] = {}


class CaseOpening(msgspec.Struct, frozen=True, kw_only=True):
    """A case that stands once a publication is in."""

    id: str
    kind: str
    rule: str
    code: str
    column: str
    rows: int
    within_s: int | None = None  # until it is due


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it shall stand from now on, and what the event says beside its state."""

    after: Delivery
    fields: Mapping[str, Any] = {}
    event: str | None = None  # type of the event; default: the name of the state
    cases: tuple[CaseOpening, ...] | None = None  # all that are open of it from now on; None: as they are
    settled: Mapping[str, int] = {}  # case -> rows that left it


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of a lease: a write under an older number than the ledger's is refused."""

    key: str
    owner: str
    number: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of one flow, in landing order, leased to one worker."""

    deliveries: tuple[Delivery, ...]
    fence: Fence


class StagedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A Parquet file that is written but not yet part of a table."""

    path: str  # in the stage
    rows: int
    size_bytes: int
    stats: Mapping[str, Any] = {}  # top-level columns: {"min": text, "max": text, "nulls": n}


class TableChange(msgspec.Struct, frozen=True, kw_only=True):
    """What one publication does to one table; JSON-ready, part of the durable intent."""

    table: str  # flow/layer/name
    schema: str  # base64 of the Arrow IPC schema
    adds: tuple[StagedFile, ...]
    removes: tuple[str, ...] = ()  # paths in the table of the files that go; their rows that stay are in `adds`


class PublicationState(StrEnum):
    """An open publication is finished before anything else."""

    OPEN = "open"
    DONE = "done"


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered change of a flow's tables."""

    flow: str
    number: int
    epoch: int
    state: PublicationState
    run: str
    deliveries: tuple[str, ...]
    changes: tuple[TableChange, ...]
    moves: tuple[Move, ...]  # how each delivery stands once it is in
    versions: Mapping[str, int] = {}  # table -> version, of all the flow's tables
    opened_at: datetime | None = None
    done_at: datetime | None = None


class ParameterVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a parameter; version 1 is the flow's default."""

    flow: str
    name: str
    number: int
    value: str  # canonical text; for a table the SHA-256 of its file in the vault
    set_by: str
    reason: str
    set_at: datetime


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One call of `run`, or one firing of `watch`."""

    id: str
    started_at: datetime
    ended_at: datetime | None = None
    summary: Mapping[str, Any] = {}


class IssuedReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's line of a receipt: what was signed, and where its event stands in the log."""

    delivery: str
    number: int  # 1 for the first of a delivery
    body: str  # RFC 8785 text of the body
    sha256: str
    event_index: int
