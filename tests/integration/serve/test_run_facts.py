from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.reasons import Verdict
from headgate.core.records import Run
from headgate.core.states import DeliveryState
from headgate.serve.report_facts import (
    Balance,
    ContractFacts,
    DeliveryFacts,
    Noun,
    ParameterFacts,
    ReasonFacts,
    RunFacts,
    TableFacts,
)
from headgate.serve.run_facts import FLOWS, decode_facts, encode_facts, usual_shares

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
PARTS = st.integers(0, 10**9)


def _facts(balance: Balance, reasons: tuple[ReasonFacts, ...] = (), **changes: Any) -> RunFacts:  # noqa: ANN401
    given_facts: dict[str, Any] = {
        "run_id": "r-1",
        "flow": "sales",
        "flow_title": "Sales",
        "started": NOW,
        "ended": NOW + timedelta(seconds=3),
        "noun": Noun(one="transaction", many="transactions"),
        "balance": balance,
        "threshold": Decimal("0.95"),
        "deliveries": (
            DeliveryFacts(id="d-1", file="a.json", state=DeliveryState.HELD, counts=balance, held_reason="too few"),
            DeliveryFacts(id="d-2", file="b.json", state=DeliveryState.FAILED),
        ),
        "reasons": reasons,
        "warnings": (),
        "contract": ContractFacts(name="sales", version="4.0.0", digest="c" * 64, rules=12),
        "parameters": (ParameterFacts(name="amount_limit", version=2, value="2500.00"),),
        "tables": (TableFacts(name="gold.daily", version=3),),
        "headgate_version": "0.1.0",
    }
    return RunFacts(**(given_facts | changes))


def _held(rows: int, received: int) -> ReasonFacts:
    share = (Decimal(rows) / received).quantize(Decimal("0.000001"))
    return ReasonFacts(verdict=Verdict.HELD, code="total_mismatch", column="total", rows=rows, share=share)


@given(published=PARTS, held=PARTS, rejected=PARTS, duplicate=PARTS, micros=st.integers(0, 10**12))
def test_facts_come_back_as_they_were_kept(
    published: int, held: int, rejected: int, duplicate: int, micros: int
) -> None:
    received = published + held + rejected + duplicate
    balance = Balance(received=received, published=published, held=held, rejected=rejected, duplicate=duplicate)
    facts = _facts(balance, (_held(held, max(received, 1)),), ended=NOW + timedelta(microseconds=micros))
    assert decode_facts({"facts": encode_facts(facts)}) == facts


def _run(age: timedelta, received: int, rows: int) -> Run:
    balance = Balance(received=received, published=received - rows, held=rows, rejected=0, duplicate=0)
    facts = _facts(balance, (_held(rows, received),) if rows else ())
    started = NOW - age
    return Run(id=f"r-{age}", started_at=started, summary={FLOWS: {"sales": {"facts": encode_facts(facts)}}})


def test_usual_is_the_share_over_all_rows_of_the_thirty_days_before() -> None:
    runs = [
        _run(timedelta(0), 10, 10),  # the run itself
        _run(timedelta(days=1), 1_000, 10),
        _run(timedelta(days=30), 3_000, 0),
        _run(timedelta(days=30, microseconds=1), 10, 10),  # too old
        Run(id="nothing", started_at=NOW - timedelta(days=2)),
    ]
    assert usual_shares(runs, "sales", before=NOW) == {("held", "total_mismatch", "total"): Decimal("0.002500")}


@pytest.mark.parametrize("flow", ["sales", "retail"])
def test_nothing_is_usual_where_no_run_was(flow: str) -> None:
    runs = [_run(timedelta(days=1), 100, 1)] if flow == "retail" else []
    assert usual_shares(runs, flow, before=NOW) is None
