"""No statement of the daily work reads or sorts a whole table: its cost must not grow with the ledger."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.harness.sql_heard import statements_told

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.merkle import inclusion_proof
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Arrival, Event, Move, Publication, PublicationState
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState

AT = datetime(2026, 3, 1, tzinfo=UTC)
GROWING = re.compile(r"SCAN (deliveries|events|tree_nodes|receipts|publications)(?! USING)")


def work(ledger: SqliteLedger) -> None:
    """One delivery through all its states, and what is asked meanwhile."""
    arrivals = [Arrival(flow="f", name="n", origin="o", sender="s", sha256="0" * 64, size_bytes=1, form={})]
    ledger.register(arrivals, run="r", at=AT)
    claim = ledger.claim("w", max_deliveries=1, max_bytes=1, ttl_s=60)
    assert claim is not None
    (landed,) = claim.deliveries
    ledger.advance([Move(after=replace(landed, state=DeliveryState.CHECKED))], at=AT, fence=claim.fence)
    ledger.release(claim.fence)
    fence = ledger.acquire("flow:f", "w", ttl_s=60)
    assert fence is not None
    move = Move(after=replace(landed, state=DeliveryState.PUBLISHED))
    publication = Publication(
        flow="f",
        number=1,
        epoch=1,
        state=PublicationState.OPEN,
        run="r",
        deliveries=(landed.id,),
        changes=(),
        moves=(move,),
    )
    ledger.open_publication(publication, fence=fence, at=AT)
    ledger.publications("f", open_only=True)
    ledger.complete_publication(publication, versions={}, at=AT, fence=fence)
    ledger.archive([(landed, "{}")], at=AT)
    ledger.append([Event(type="x", delivery=landed.id)], at=AT)
    inclusion_proof(3, ledger.log_size(), ledger.nodes)
    ledger.event_index(landed.id, "archived")
    ledger.receipts([landed.id])
    list(ledger.leaves(2, 4))
    for which in (
        DeliveryFilter(ids=(landed.id,)),
        DeliveryFilter(states=(DeliveryState.HELD,)),
        DeliveryFilter(flow="f", states=(DeliveryState.LANDED, DeliveryState.CHECKED)),
        DeliveryFilter(name="n", sender="s"),
        DeliveryFilter(run="r"),
        DeliveryFilter(sha256="0" * 64),
        DeliveryFilter(id_prefix="d-00"),
    ):
        ledger.deliveries(which)


def test_no_statement_reads_a_growing_table_whole(tmp_path: Path) -> None:
    place, said = tmp_path / "ledger.db", list[str]()
    SqliteLedger(f"sqlite:///{place}").close()
    with statements_told(said.append):
        ledger = SqliteLedger(f"sqlite:///{place}")
        work(ledger)
        ledger.close()
    asked = [statement for statement in said if statement.startswith(("SELECT", "UPDATE", "DELETE"))]
    assert len(asked) > 40
    with closing(sqlite3.connect(place)) as raw:
        for statement in asked:
            steps = [step[3] for step in raw.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert not [step for step in steps if GROWING.match(step)], statement
            # A claim takes the first of all that wait.
            assert "LIMIT" not in statement or "USE TEMP B-TREE FOR ORDER BY" not in steps, statement
