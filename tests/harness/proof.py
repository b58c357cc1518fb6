"""What must hold of a project whenever nothing is under way: balance, receipts, log, states, and the tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.harness.project import all_deliveries

from headgate.archive.signer import public_keys
from headgate.archive.step import receipt_name
from headgate.core.digest import table_digest
from headgate.core.log_audit import verify_log
from headgate.core.merkle import root
from headgate.core.naming import outcomes_table, quarantine_table, table_name
from headgate.core.overlay import JUDGED, is_amendment, origin_of
from headgate.core.platform import Platform
from headgate.core.quarantine_schema import OUTCOMES_SCHEMA
from headgate.core.receipts import verify_receipt
from headgate.core.records import Counts, Delivery
from headgate.core.sql import quoted
from headgate.core.states import ENDS, DeliveryState

COUNTED = frozenset({DeliveryState.HELD, DeliveryState.ARCHIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What two runs of the same input must agree on."""

    digests: dict[str, str]  # table -> content digest
    ends: tuple[tuple[str, str, str, Counts | None, tuple[str, ...]], ...]  # name, content, state, counts, held for


def outcome(platform: Platform) -> Outcome:
    """Digests of all tables and how each delivery ended; refused twins left out, for a rerun adds some."""
    ends = [
        (one.name, one.sha256, one.state.value, one.counts, one.held_for)
        for one in all_deliveries(platform)
        if one.state is not DeliveryState.REFUSED
    ]
    return Outcome(digests=digests(platform), ends=tuple(ends))


def digests(platform: Platform, *layers: str) -> dict[str, str]:
    """Content digest of each table, of all layers where none is named."""
    found = {}
    engine = platform.engine()
    try:
        for name in platform.tables.names():
            snapshot = platform.tables.snapshot(name)
            if snapshot is not None and (not layers or name.split("/")[1] in layers):
                found[name] = table_digest(engine, snapshot.files)
    finally:
        engine.close()
    return found


def faults(platform: Platform, flow: str = "sales") -> list[str]:
    """A sentence for everything that does not hold."""
    deliveries = [one for one in all_deliveries(platform) if one.flow == flow]
    return [
        *_states(platform, deliveries),
        *_balance(platform, deliveries, flow),
        *_log(platform),
        *_receipts(platform, deliveries),
    ]


def _states(platform: Platform, deliveries: list[Delivery]) -> Iterator[str]:
    for one in deliveries:
        if one.state not in ENDS:
            yield f"{one.name} ({one.id}) is left {one.state}"
        if one.state is DeliveryState.FAILED:
            yield f"{one.name} ({one.id}) failed: {one.note}"
    for publication in platform.ledger.publications(open_only=True):
        yield f"publication {publication.number} of {publication.flow} is left open"


def _balance(platform: Platform, deliveries: list[Delivery], flow: str) -> Iterator[str]:
    """Counts of the ledger against the rows of the tables, delivery by delivery, each row once."""
    silver = _rows_by_delivery(platform, _record_table(platform, flow))
    quarantine = _rows_by_delivery(platform, quarantine_table(flow))
    left = _rows_by_delivery(platform, outcomes_table(flow))
    amended = _rows_by_delivery(platform, _record_table(platform, flow), by="_amendment")
    judged_in = {one.id: one.facts.get(JUDGED, {}).get("publication", 0) for one in deliveries}
    for one in deliveries:
        kept, published = quarantine.pop(one.id, (0, 0)), silver.pop(one.id, (0, 0))
        gone = left.pop(one.id, (0, 0))
        if is_amendment(one):
            published = amended.pop(one.id, (0, 0))
            if one.publication is not None and judged_in.get(origin_of(one), 0) > one.publication:
                yield from _history(one, published, kept)
                continue
        if one.state not in COUNTED:
            if published[0] or kept[0] or gone[0]:
                yield f"{one.name} ({one.id}) is {one.state}, but has rows: {published[0]}, {kept[0]} and {gone[0]}"
            continue
        counts = one.counts
        if counts is None or not counts.balances:
            yield f"{one.name} ({one.id}) does not balance: {counts}"
        elif published != (counts.accepted, counts.accepted):
            yield f"{one.name} ({one.id}) has {published} rows and row numbers in silver, {counts.accepted} accepted"
        elif kept[1] != kept[0] or gone[1] != gone[0]:
            yield f"{one.name} ({one.id}) has a row twice in quarantine or its outcomes: {kept}, {gone}"
        else:
            yield from _by_verdict(platform, one, counts, flow)
    yield from _repeated_keys(platform, flow)
    for id_ in {*silver, *quarantine, *left, *amended}:
        yield f"the tables hold rows of {id_}, which the ledger does not know"


def _history(one: Delivery, published: tuple[int, int], kept: tuple[int, int]) -> Iterator[str]:
    """An amendment whose origin was checked again since: what it came to then; the origin says what stands now."""
    if one.counts is None or not one.counts.balances:
        yield f"{one.name} ({one.id}) does not balance: {one.counts}"
    elif published[0] > one.counts.received or kept[0]:
        yield f"{one.name} ({one.id}) has {published[0]} rows in silver and {kept[0]} in quarantine, but {one.counts}"


def _by_verdict(platform: Platform, one: Delivery, counts: Counts, flow: str) -> Iterator[str]:
    """What the quarantine and its outcomes say by themselves: rows that left a case are where their outcome says."""
    engine = platform.engine()
    try:
        for name, table in (("q", quarantine_table(flow)), ("o", outcomes_table(flow))):
            snapshot = platform.tables.snapshot(table)
            engine.register(name, snapshot.files if snapshot else OUTCOMES_SCHEMA.empty_table())
        if platform.tables.snapshot(quarantine_table(flow)) is None:
            return
        told = dict(
            engine.rows(
                "SELECT CASE WHEN o.outcome IS NULL THEN q.verdict ELSE o.outcome END, count(*) FROM q LEFT JOIN o "
                "USING (_delivery, _row) WHERE q._delivery = $id GROUP BY 1",
                {"id": one.id},
            )
        )
    finally:
        engine.close()
    found = (told.get("held", 0), told.get("rejected", 0) + told.get("discarded", 0), told.get("duplicate", 0))
    if found != (counts.held, counts.rejected, counts.duplicate):
        yield f"{one.name} ({one.id}) has {told} by its tables, but {counts}"


def _repeated_keys(platform: Platform, flow: str) -> Iterator[str]:
    """A key of the record table twice, where the contract has one."""
    target = platform.flows[flow].target(platform.flows[flow].record_table)
    snapshot = platform.tables.snapshot(_record_table(platform, flow))
    if snapshot is None or target is None or not platform.flows[flow].contract.key:
        return
    key = ", ".join(quoted(name) for name in target.key)
    engine = platform.engine()
    try:
        engine.register("_table", snapshot.files)
        for twice in engine.rows(f"SELECT {key}, count(*) FROM _table GROUP BY {key} HAVING count(*) > 1 LIMIT 5"):
            yield f"the record table holds the key {twice[:-1]} {twice[-1]} times"
    finally:
        engine.close()


def _record_table(platform: Platform, flow: str) -> str:
    return table_name(flow, "silver", platform.flows[flow].record_table)


def _rows_by_delivery(platform: Platform, table: str, *, by: str = "_delivery") -> dict[str, tuple[int, int]]:
    snapshot = platform.tables.snapshot(table)
    if snapshot is None or by not in snapshot.files.schema.names:
        return {}
    engine = platform.engine()
    try:
        engine.register("_table", snapshot.files)
        rows = engine.rows(
            f"SELECT {by}, count(*), count(DISTINCT _row) FROM _table WHERE {by} IS NOT NULL GROUP BY ALL"
        )
        return {str(id_): (count, distinct) for id_, count, distinct in rows}
    finally:
        engine.close()


def _log(platform: Platform) -> Iterator[str]:
    size = platform.ledger.log_size()
    report = verify_log(
        platform.ledger.leaves(),
        platform.anchor.notes(),
        public_keys(platform.secrets),
        stored_size=size,
        stored_root=root(size, platform.ledger.nodes) if size else None,
    )
    for finding in report.findings:
        yield f"log: {finding.message}"
    if report.unanchored:
        yield f"log: {report.unanchored} events are not anchored"


def _receipts(platform: Platform, deliveries: list[Delivery]) -> Iterator[str]:
    keys = public_keys(platform.secrets)
    for one in deliveries:
        if one.state not in COUNTED:
            continue
        issued = platform.ledger.receipts([one.id])
        if not issued:
            yield f"{one.name} ({one.id}) is {one.state} and has no receipt"
            continue
        bodies = []
        for name in map(receipt_name, issued):
            if platform.receipts.size(name) is None:
                yield f"the receipt {name} of {one.name} was not written"
                continue
            with platform.receipts.open(name) as stream:
                bodies.append(verify_receipt(stream.read(), keys).body)
        if bodies and one.counts is not None and bodies[-1]["counts"] != _told(one.counts):
            yield f"the newest receipt of {one.name} says {bodies[-1]['counts']}, the ledger {one.counts}"


def _told(counts: Counts) -> dict[str, int]:
    return {
        "received": counts.received,
        "published": counts.accepted,
        "held": counts.held,
        "rejected": counts.rejected,
        "duplicate": counts.duplicate,
        "warned": counts.warned,
    }
