"""The ledger in a database: each method of the port is one transaction around one function of a part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from headgate.adapters import (
    sqlite_arrivals,
    sqlite_deliveries,
    sqlite_figures,
    sqlite_leases,
    sqlite_log,
    sqlite_publications,
    sqlite_receipts,
    sqlite_registers,
)
from headgate.adapters.sqlite_database import BUSY_TIMEOUT_S, Database
from headgate.core.contract import Contract
from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.ports import DeliveryFilter, EventFilter, Ledger
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
)
from headgate.core.states import DeliveryState

LEAVES_A_READ = 2_000


class SqliteLedger(Ledger):
    """A ledger by its database URL: `sqlite:///<path>`, or `sqlite://` for one that ends with the process.

    Several processes and threads may use one file at once; a write waits for another up to the timeout. TransientError
    where the database did not answer or its disk is full, ConfigurationError where the file is damaged or of a newer
    version.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._database = Database(url, busy_timeout_s=busy_timeout_s)

    # deliveries
    def register(self, arrivals: Sequence[Arrival], *, run: str, at: datetime) -> list[Delivery]:
        """Enter arrivals in their order, in states landed, unmatched or refused; one delivery an arrival."""
        with self._database.writing() as connection:
            return sqlite_arrivals.register(connection, arrivals, run=run, at=at)

    def deliveries(self, which: DeliveryFilter) -> list[Delivery]:
        """Deliveries in landing order."""
        with self._database.reading() as connection:
            return sqlite_deliveries.find(connection, which)

    def tally(self) -> dict[tuple[str | None, DeliveryState], int]:
        """How many deliveries there are by flow and state."""
        with self._database.reading() as connection:
            return sqlite_deliveries.tally(connection)

    def volumes(self, since: date) -> list[DayVolume]:
        """What was counted by flow and day of landing, from that day on."""
        with self._database.reading() as connection:
            return sqlite_figures.volumes(connection, since)

    def holdings(self) -> list[Holding]:
        """Flows with rows that are held, by name."""
        with self._database.reading() as connection:
            return sqlite_figures.holdings(connection)

    def caught(self, flow: str, since: date) -> list[ReasonCount]:
        """On how many rows of a flow's deliveries that landed from that day on each reason stands, most rows first."""
        with self._database.reading() as connection:
            return sqlite_figures.caught(connection, flow, since)

    def elapsed(self, since: date) -> list[Elapsed]:
        """How long deliveries that landed from that day on took to be published, in landing order."""
        with self._database.reading() as connection:
            return sqlite_figures.elapsed(connection, since)

    def advance(self, moves: Sequence[Move], *, at: datetime, fence: Fence | None = None) -> None:
        """Write new states and their events, all or none. An illegal transition is refused by the database.

        Without a lease ConflictError where a publication changed a delivery since it was read, or is about to.
        """
        with self._database.writing() as connection:
            sqlite_leases.check_fence(connection, fence)
            if fence is None:
                sqlite_publications.require_unchanged(connection, moves)
            sqlite_deliveries.apply(connection, moves, at=at)

    # leases, which a power loss ends with those who hold them: they wait for no disk
    def claim(self, owner: str, *, max_deliveries: int, max_bytes: int, ttl_s: float) -> Claim | None:
        """Lease the oldest landed deliveries of one flow that nobody holds: up to the limits, at least one."""
        with self._database.writing(synced=False) as connection:
            return sqlite_leases.claim(
                connection, owner, max_deliveries=max_deliveries, max_bytes=max_bytes, ttl_s=ttl_s
            )

    def acquire(self, key: str, owner: str, *, ttl_s: float) -> Fence | None:
        """Take a lease, or None while another owner holds it; taking one's own again raises its number."""
        with self._database.writing(synced=False) as connection:
            return sqlite_leases.acquire(connection, key, owner, ttl_s=ttl_s)

    def renew(self, fence: Fence, *, ttl_s: float) -> None:
        """Hold on longer; LeaseLostError where it was taken over."""
        with self._database.writing(synced=False) as connection:
            sqlite_leases.renew(connection, fence, ttl_s=ttl_s)

    def release(self, fence: Fence) -> None:
        """Give a lease back; nothing happens where it is lost already."""
        with self._database.writing(synced=False) as connection:
            sqlite_leases.release(connection, fence)

    def release_owner(self, owner: str) -> int:
        """Give back all leases of an owner that is known to be dead; how many."""
        with self._database.writing(synced=False) as connection:
            return sqlite_leases.release_owner(connection, owner)

    # publications
    def open_publication(self, publication: Publication, *, fence: Fence, at: datetime) -> None:
        """Make the intent durable and move its deliveries to `publishing`; the flow has no other open one."""
        with self._database.writing() as connection:
            sqlite_leases.check_fence(connection, fence)
            sqlite_publications.open_one(connection, publication, at=at)

    def complete_publication(
        self, publication: Publication, *, versions: Mapping[str, int], at: datetime, fence: Fence
    ) -> None:
        """Write its moves, counts, table versions and events in one transaction."""
        with self._database.writing() as connection:
            sqlite_leases.check_fence(connection, fence)
            sqlite_publications.complete(connection, publication, versions=versions, at=at)

    def publications(self, flow: str | None = None, *, open_only: bool = False, newest: int = 0) -> list[Publication]:
        """Publications by number; with `newest` only the last so many of each flow, without changes and moves."""
        with self._database.reading() as connection:
            return sqlite_publications.find(connection, flow, open_only=open_only, newest=newest)

    def epoch(self, flow: str) -> int:
        """The epoch to publish under; 1 until another was begun."""
        with self._database.reading() as connection:
            return sqlite_publications.epoch(connection, flow)

    def begin_epoch(self, flow: str, *, reason: str, at: datetime) -> int:
        """After a RESTORE: publish under a new application name; the epoch's number."""
        with self._database.writing() as connection:
            return sqlite_publications.begin_epoch(connection, flow, reason=reason, at=at)

    # contracts, parameters, runs
    def contract(self, *, digest: str) -> str | None:
        """Canonical JSON of a contract known to the ledger."""
        with self._database.reading() as connection:
            return sqlite_registers.contract_text(connection, digest)

    def register_contract(self, contract: Contract, text: str, *, flow: str, at: datetime) -> None:
        """Enter a contract version; the same version with other content is a ContractError."""
        with self._database.writing() as connection:
            sqlite_registers.register_contract(connection, contract, text, flow=flow, at=at)

    def parameters(self, flow: str, name: str | None = None) -> list[ParameterVersion]:
        """All versions by name and number."""
        with self._database.reading() as connection:
            return sqlite_registers.parameter_versions(connection, flow, name)

    def set_parameter(self, version: ParameterVersion) -> ParameterVersion:
        """Enter the next version of a parameter (its number is given here); an equal value changes nothing."""
        with self._database.writing() as connection:
            return sqlite_registers.set_parameter(connection, version)

    def put_run(self, run: Run) -> None:
        """Enter or renew a run's line; that one began waits for no disk, for what it does brings the line along."""
        with self._database.writing(synced=run.ended_at is not None) as connection:
            sqlite_registers.put_run(connection, run)

    def runs(self, *, id: str | None = None, newest: int = 0) -> list[Run]:  # noqa: A002  the port's name
        """Runs, newest first."""
        with self._database.reading() as connection:
            return sqlite_registers.find_runs(connection, id_=id, newest=newest)

    # the log
    def append(self, events: Sequence[Event], *, at: datetime) -> range:
        """Append events that change no delivery; their indices."""
        with self._database.writing() as connection:
            return sqlite_log.append_events(connection, events, at=at)

    def events(self, which: EventFilter, *, most: int) -> list[tuple[int, bytes]]:
        """Up to so many events, the newest first: index and leaf."""
        with self._database.reading() as connection:
            return sqlite_log.find_events(connection, which, most=most)

    def event_types(self) -> list[str]:
        """The types that stand in the log, by name."""
        with self._database.reading() as connection:
            return sqlite_log.event_types(connection)

    def log_size(self) -> int:
        """Number of leaves."""
        with self._database.reading() as connection:
            return sqlite_log.size(connection)

    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Leaves in order: the canonical JSON of each event."""
        # In stretches, so that a slow reader holds no transaction open; what was read once never changes.
        size = self.log_size()
        last = size if end is None else min(end, size)
        for first in range(start, last, LEAVES_A_READ):
            with self._database.reading() as connection:
                stretch = sqlite_log.leaves_between(connection, first, min(first + LEAVES_A_READ, last))
            yield from stretch

    def nodes(self, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
        """Hashes of complete subtrees by (level, position)."""
        with self._database.reading() as connection:
            found = sqlite_log.read_nodes(connection, wanted)
        hashes = [value for value in found if value is not None]
        if len(hashes) < len(wanted):
            level, position = wanted[found.index(None)]
            raise ProofError(
                EvidenceFault.NODE_MISSING,
                f"Node (level {level}, position {position}) of the tree is not stored; verify the log from its events.",
            )
        return hashes

    def event_index(self, delivery: str, type_: str) -> int | None:
        """Index of the newest event of a type for a delivery."""
        with self._database.reading() as connection:
            return sqlite_log.newest_index(connection, delivery, type_)

    def put_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed checkpoint; nothing happens where one of that size is kept."""
        with self._database.writing() as connection:
            sqlite_log.put_checkpoint(connection, size, note)

    def checkpoints(self, *, newest: int = 0, at_least: int | None = None) -> list[tuple[int, str]]:
        """(size, signed note) by size; `newest` for the last so many, `at_least` for the first of that size or more."""
        with self._database.reading() as connection:
            return sqlite_log.read_checkpoints(connection, newest=newest, at_least=at_least)

    def archive(self, receipts: Sequence[tuple[Delivery, str]], *, at: datetime) -> list[IssuedReceipt]:
        """Enter receipt bodies: published deliveries become archived, held ones get the event `receipt`."""
        with self._database.writing() as connection:
            return sqlite_receipts.archive(connection, receipts, at=at)

    def receipts(self, deliveries: Sequence[str]) -> list[IssuedReceipt]:
        """Receipts of deliveries, by delivery and number."""
        with self._database.reading() as connection:
            return sqlite_receipts.find(connection, deliveries)

    def close(self) -> None:
        """Give connections back."""
        self._database.close()
