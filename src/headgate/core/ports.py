"""The interfaces behind which technology lives, each with several implementations and one conformance test class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO, Protocol

import msgspec
import pyarrow as pa

from headgate.core.contract import Contract
from headgate.core.records import (
    Arrival,
    Claim,
    DayVolume,
    Delivery,
    Elapsed,
    Event,
    Fence,
    Holding,
    IssuedReceipt,
    Move,
    ParameterVersion,
    Publication,
    ReasonCount,
    Run,
    StagedFile,
    TableChange,
)
from headgate.core.states import DeliveryState

Clock = Callable[[], datetime]
"""Gives the present in UTC. No module asks the system."""


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
class Files(ABC):
    """A store of immutable objects by name, such as the vault. Names are ours, with `/` between parts."""

    @abstractmethod
    def put(self, name: str, chunks: Iterable[bytes]) -> bool:
        """Write an object once, durably; False and nothing changed where the name is taken."""

    def put_all(self, objects: Sequence[tuple[str, Iterable[bytes]]]) -> list[bool]:
        """Write objects as `put` does, all durable on return; a store may take many for less than one by one."""
        return [self.put(name, chunks) for name, chunks in objects]

    @abstractmethod
    def adopt(self, name: str, path: str) -> bool:
        """Move a local file in under a name, durably; False where the name is taken (the file is then removed)."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """A seekable reader of the object; NotFoundError where there is none."""

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Bytes of the object, or None."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[str]:
        """Names that begin with the prefix, in order."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none. Callers archive first."""


# ── Engine ───────────────────────────────────────────────────────────────────────────────────────────────────────────
class FileSet(msgspec.Struct, frozen=True, kw_only=True):
    """Parquet files that are read as one relation, with the columns they must have."""

    paths: tuple[str, ...]
    schema: pa.Schema


class Engine(ABC):
    """SQL over registered relations, locked: no file, network or setting is in reach of a statement.

    One engine serves one batch and is closed with it.
    """

    @abstractmethod
    def register(self, name: str, data: pa.Table | pa.RecordBatchReader | FileSet) -> None:
        """Make data known under a name. A reader can be read by one statement only."""

    @abstractmethod
    def define(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None, *, keep: bool = False) -> None:
        """Give a SELECT a name; with `keep` its rows are computed once and kept (spilling beyond the memory limit)."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Forget a relation."""

    @abstractmethod
    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small result."""

    @abstractmethod
    def table(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """A result that fits into memory, as Arrow."""

    @abstractmethod
    def stream(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        batch_rows: int = 20_000,
    ) -> pa.RecordBatchReader:
        """A result of any size, batch by batch."""

    @abstractmethod
    def schema(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Schema:
        """Columns and types of a SELECT, without running it."""

    @abstractmethod
    def write(
        self,
        sql: str,
        folder: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        name: str,
        keep: bool = True,
    ) -> tuple[StagedFile, ...]:
        """Write a result as Parquet files called after `name` into a folder of the stage; none for no rows.

        Without `keep` they are read once by ourselves: written for speed, not for size.
        """

    @abstractmethod
    def files_with(self, data: FileSet, column: str, values: Sequence[str]) -> tuple[str, ...]:
        """Paths of those files that have a row whose text column is one of the values."""

    @abstractmethod
    def beside(self) -> Engine:
        """The same relations for another thread, while this one goes on with its own; closed before this one.

        It knows what is known by now. What either learns later of files or by `define` both know, tables and readers
        only the one that they were given to: so each gives names that the other does not.
        """

    @abstractmethod
    def close(self) -> None:
        """Give memory and temporary files back."""


class EngineFactory(Protocol):
    """Opens engines."""

    def __call__(self, *, streaming: bool = False, limit_s: float | None = None) -> Engine:
        """An engine of one's own; with `streaming` one whose joins let the side written first stream through.

        A statement that takes longer than `limit_s` (default: what the platform gives all) is stopped, and raises
        EngineTimeoutError; the engine can be used again.
        """


# ── Tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────
class TableSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A table at one version."""

    name: str
    uri: str
    version: int
    files: FileSet
    rows: int


class ColumnBounds(msgspec.Struct, frozen=True, kw_only=True):
    """What the statistics of a table's files tell of one column, without reading a row; None is not told."""

    nulls: int | None = None
    low: Any = None
    high: Any = None


class TableVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table's history."""

    version: int
    at: datetime
    operation: str
    publication: int | None
    details: Mapping[str, Any]


class Tables(ABC):
    """Versioned tables whose commits carry an application transaction, so that a repeated commit does nothing."""

    @abstractmethod
    def snapshot(self, name: str, version: int | None = None) -> TableSnapshot | None:
        """The table at a version (default: the newest), or None where there is no such table."""

    @abstractmethod
    def bounds(self, name: str, version: int) -> Mapping[str, ColumnBounds]:
        """Nulls, least and greatest value of each column by the statistics of the files; a column untold is absent."""

    @abstractmethod
    def commit(self, change: TableChange, *, application: str, number: int, at: datetime) -> int:
        """Put a change in unless the table has transaction `number` of `application` or a later one; the version."""

    @abstractmethod
    def transaction(self, name: str, application: str) -> int | None:
        """Number of the application's last transaction in the table, or None."""

    @abstractmethod
    def history(self, name: str) -> list[TableVersion]:
        """Versions, newest first."""

    @abstractmethod
    def names(self) -> list[str]:
        """Tables that exist, in order."""

    @abstractmethod
    def compact(self, name: str) -> int:
        """Join small files without changing a row; the version afterwards."""


# ── Ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────────
class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries are meant; all conditions hold together, None means any."""

    ids: tuple[str, ...] | None = None
    flow: str | None = None
    states: tuple[DeliveryState, ...] | None = None
    held_for: tuple[str, ...] | None = None  # exactly these reason codes, in the order in which they stand
    name: str | None = None
    names: tuple[str, ...] | None = None
    sender: str | None = None
    sha256: str | None = None
    run: str | None = None
    id_prefix: str | None = None
    flows: tuple[str | None, ...] | None = None  # any of these; None among them: of no flow
    name_part: str | None = None  # stands somewhere in the name, in capitals or not
    sha256_prefix: str | None = None
    rows_held: bool = False  # some of its rows are held, or all
    before: int | None = None  # landed before the one of that landing number
    newest_first: bool = False
    limit: int | None = None


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events of the log are meant; all conditions hold together, None means any."""

    flows: tuple[str | None, ...] | None = None  # any of these; None among them: of no flow
    type: str | None = None
    delivery: str | None = None
    before: int | None = None  # index


class Ledger(ABC):
    """States, leases, publications, parameters, contracts and the log, in one database.

    Every method is one transaction. Every change of a state writes its event in the same transaction, and every event
    becomes a leaf of the Merkle tree there. Writes under a fence are refused with LeaseLostError once the lease has
    another number. Times are passed in, but for leases, which use the database's own clock.
    """

    # deliveries
    @abstractmethod
    def register(self, arrivals: Sequence[Arrival], *, run: str, at: datetime) -> list[Delivery]:
        """Enter arrivals in their order, in states landed, unmatched or refused; one delivery an arrival.

        The same content for the same flow again gives a `refused` delivery whose note points to the first one; it is
        entered once per (name, content), and a further one of that name changes nothing and returns that line. A twin
        of a *failed* one is told to use `retry`. What was refused when it was read is let in again: the contract or a
        limit may have changed since. An id is `d-` + 16 hex of SHA-256 over flow, kind, source identity; a refused
        twin's identity, and that of content let in again, has its name and the landing number added.
        """

    @abstractmethod
    def deliveries(self, which: DeliveryFilter) -> list[Delivery]:
        """Deliveries in landing order."""

    @abstractmethod
    def tally(self) -> Mapping[tuple[str | None, DeliveryState], int]:
        """How many deliveries there are by flow and state."""

    @abstractmethod
    def volumes(self, since: date) -> list[DayVolume]:
        """What was counted by flow and day of landing, from that day on; failed and superseded deliveries left out."""

    @abstractmethod
    def holdings(self) -> list[Holding]:
        """Flows with rows that are held, by name; failed and superseded deliveries left out."""

    @abstractmethod
    def caught(self, flow: str, since: date) -> list[ReasonCount]:
        """On how many rows of a flow's deliveries that landed from that day on each reason stands, most rows first.

        Failed and superseded deliveries and amendments are left out, as in `volumes`.
        """

    @abstractmethod
    def elapsed(self, since: date) -> list[Elapsed]:
        """How long deliveries that landed from that day on took to be published, in landing order.

        Those that a person released are left out: they waited for the person.
        """

    @abstractmethod
    def advance(self, moves: Sequence[Move], *, at: datetime, fence: Fence | None = None) -> None:
        """Write new states and their events, all or none. An illegal transition is refused by the database.

        Without a lease ConflictError where a publication changed a delivery since it was read, or is about to.
        """

    # leases
    @abstractmethod
    def claim(self, owner: str, *, max_deliveries: int, max_bytes: int, ttl_s: float) -> Claim | None:
        """Lease the oldest landed deliveries of one flow that nobody holds: up to the limits, at least one."""

    @abstractmethod
    def acquire(self, key: str, owner: str, *, ttl_s: float) -> Fence | None:
        """Take a lease, or None while another owner holds it; taking one's own again raises its number."""

    @abstractmethod
    def renew(self, fence: Fence, *, ttl_s: float) -> None:
        """Hold on longer; LeaseLostError where it was taken over."""

    @abstractmethod
    def release(self, fence: Fence) -> None:
        """Give a lease back; nothing happens where it is lost already."""

    @abstractmethod
    def release_owner(self, owner: str) -> int:
        """Give back all leases of an owner that is known to be dead; how many."""

    # publications
    @abstractmethod
    def open_publication(self, publication: Publication, *, fence: Fence, at: datetime) -> None:
        """Make the intent durable and move its deliveries to `publishing`; the flow has no other open one."""

    @abstractmethod
    def complete_publication(
        self,
        publication: Publication,
        *,
        versions: Mapping[str, int],
        at: datetime,
        fence: Fence,
    ) -> None:
        """Write its moves, counts, table versions and events in one transaction."""

    @abstractmethod
    def publications(self, flow: str | None = None, *, open_only: bool = False, newest: int = 0) -> list[Publication]:
        """Publications by number; with `newest` only the last so many of each flow, without changes and moves."""

    @abstractmethod
    def epoch(self, flow: str) -> int:
        """The epoch to publish under; 1 until another was begun."""

    @abstractmethod
    def begin_epoch(self, flow: str, *, reason: str, at: datetime) -> int:
        """After a RESTORE: publish under a new application name; the epoch's number."""

    # contracts, parameters, runs
    @abstractmethod
    def contract(self, *, digest: str) -> str | None:
        """Canonical JSON of a contract known to the ledger."""

    @abstractmethod
    def register_contract(self, contract: Contract, text: str, *, flow: str, at: datetime) -> None:
        """Enter a contract version; the same version with other content is a ContractError."""

    @abstractmethod
    def parameters(self, flow: str, name: str | None = None) -> list[ParameterVersion]:
        """All versions by name and number."""

    @abstractmethod
    def set_parameter(self, version: ParameterVersion) -> ParameterVersion:
        """Enter the next version of a parameter (its number is given here); an equal value changes nothing."""

    @abstractmethod
    def put_run(self, run: Run) -> None:
        """Enter or renew a run's line."""

    @abstractmethod
    def runs(self, *, id: str | None = None, newest: int = 0) -> list[Run]:  # noqa: A002  the field's name
        """Runs, newest first."""

    # the log
    @abstractmethod
    def append(self, events: Sequence[Event], *, at: datetime) -> range:
        """Append events that change no delivery; their indices."""

    @abstractmethod
    def events(self, which: EventFilter, *, most: int) -> list[tuple[int, bytes]]:
        """Up to so many events, the newest first: index and leaf."""

    @abstractmethod
    def event_types(self) -> list[str]:
        """The types that stand in the log, by name."""

    @abstractmethod
    def log_size(self) -> int:
        """Number of leaves."""

    @abstractmethod
    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Leaves in order: the canonical JSON of each event."""

    @abstractmethod
    def nodes(self, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
        """Hashes of complete subtrees by (level, position)."""

    @abstractmethod
    def event_index(self, delivery: str, type_: str) -> int | None:
        """Index of the newest event of a type for a delivery."""

    @abstractmethod
    def put_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed checkpoint; nothing happens where one of that size is kept."""

    @abstractmethod
    def checkpoints(self, *, newest: int = 0, at_least: int | None = None) -> list[tuple[int, str]]:
        """(size, signed note) by size; `newest` for the last so many, `at_least` for the first of that size or more."""

    @abstractmethod
    def archive(self, receipts: Sequence[tuple[Delivery, str]], *, at: datetime) -> list[IssuedReceipt]:
        """Enter receipt bodies: published deliveries become archived (event `archived`), held ones get `receipt`."""

    @abstractmethod
    def receipts(self, deliveries: Sequence[str]) -> list[IssuedReceipt]:
        """Receipts of deliveries, by delivery and number."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""


# ── Anchor ───────────────────────────────────────────────────────────────────────────────────────────────────────────
class Anchor(ABC):
    """Where checkpoints are kept outside the database: appended, never changed."""

    @abstractmethod
    def append(self, size: int, note: str) -> None:
        """Add a signed checkpoint, durably."""

    @abstractmethod
    def notes(self) -> list[str]:
        """All signed checkpoints, oldest first."""

    @abstractmethod
    def last_size(self) -> int:
        """Size of the log at the newest checkpoint; 0 where there is none."""


# ── Compute ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class Compute(ABC):
    """Runs workers beside the caller. A worker takes its work from the ledger, so it may die at any moment.

    It ends by itself when nothing waits. Whoever starts workers asks `reap` from time to time and after `stop`.
    """

    @abstractmethod
    def start(self, workers: int) -> None:
        """Start so many workers, each under an owner's name of its own; returns at once."""

    @abstractmethod
    def reap(self) -> list[str]:
        """Owners that ended since the last call, each told once, so that their leases can be given back.

        For one that died another is started, three times in all; none once the pool was told to stop.
        """

    @abstractmethod
    def stop(self) -> None:
        """End the workers after the batch at hand and return when they have; a second call does nothing more."""


# ── Secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class Secrets(ABC):
    """Named secrets and the signing key; values never reach a log."""

    @abstractmethod
    def get(self, name: str) -> str:
        """A secret's value; NotFoundError names it and where it was looked for."""

    def own(self, name: str) -> str:
        """The value of a secret that nobody else must know; where it can be written, one that is not there is made."""
        return self.get(name)

    @abstractmethod
    def sign(self, data: bytes) -> tuple[str, bytes]:
        """Key id and Ed25519 signature under the key in force."""

    @abstractmethod
    def public_keys(self) -> list[Mapping[str, Any]]:
        """All public keys with id, name, base64 and validity; old ones too."""

    @abstractmethod
    def rotate(self, at: datetime) -> str:
        """Make a new signing key; id of it. The old public key stays known."""
