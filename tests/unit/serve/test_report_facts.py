from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BalanceError, UsageError
from headgate.core.reasons import Verdict
from headgate.core.states import DeliveryState
from headgate.serve import report_standard as standard
from headgate.serve.report_facts import Balance, ContractFacts, DeliveryFacts, Noun, ReasonFacts, RunFacts
from headgate.serve.report_sentence import Words, plain

_COUNT = st.integers(min_value=0, max_value=10**9)


def _facts(**changes: Any) -> RunFacts:  # noqa: ANN401 — any field of RunFacts
    given: dict[str, Any] = {
        "run_id": "r-1",
        "flow": "sales",
        "flow_title": "Sales",
        "started": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "ended": datetime(2026, 11, 20, 8, 1, tzinfo=UTC),
        "noun": Noun(one="sale", many="sales"),
        "balance": Balance(received=1000, published=1000, held=0, rejected=0, duplicate=0),
        "threshold": Decimal("0.95"),
        "deliveries": (DeliveryFacts(id="d-1", file="a.json", state=DeliveryState.ARCHIVED),),
        "reasons": (),
        "warnings": (),
        "contract": ContractFacts(name="sales", version="1.0.0", digest="0" * 64, rules=1),
        "parameters": (),
        "tables": (),
        "headgate_version": "0.1.0",
    }
    return RunFacts(**{**given, **changes})


def _reason(rows: int, usual: str | None, **changes: Any) -> ReasonFacts:  # noqa: ANN401 — any field of ReasonFacts
    given: dict[str, Any] = {
        "verdict": Verdict.HELD,
        "code": "total_mismatch",
        "column": "total",
        "rows": rows,
        "share": Decimal(rows) / 1000,
        "usual_share": None if usual is None else Decimal(usual),
        "description": "Total is wrong.",
    }
    return ReasonFacts(**{**given, **changes})


def _said(words: Words | None) -> str | None:
    return None if words is None else plain(words).replace("\u00a0", " ")


@given(_COUNT, _COUNT, _COUNT, _COUNT, st.integers(min_value=1, max_value=10))
def test_a_balance_adds_up_or_is_refused(published: int, held: int, rejected: int, duplicate: int, off: int) -> None:
    received = published + held + rejected + duplicate
    parts = {"published": published, "held": held, "rejected": rejected, "duplicate": duplicate}
    acceptance = Balance(received=received, **parts).acceptance
    assert acceptance is None if received == duplicate else acceptance is not None and 0 <= acceptance <= 1
    with pytest.raises(BalanceError, match="no report is made"):
        Balance(received=received + off, **parts)


def test_a_naive_time_is_refused_and_another_zone_becomes_utc() -> None:
    with pytest.raises(UsageError, match="started 2026-11-20T08:00:00 has no time zone"):
        _facts(started=datetime(2026, 11, 20, 8))  # noqa: DTZ001 — the fault under test
    east = datetime(2026, 11, 20, 17, tzinfo=timezone(timedelta(hours=9)))
    assert _facts(started=east).started.isoformat() == "2026-11-20T08:00:00+00:00"


@pytest.mark.parametrize(
    ("counts", "headline"),
    [
        ((0, 0, 0, 0), "Sales: nothing was received"),
        ((1000, 0, 0, 0), "Sales: 1,000 sales published, nothing waits for a person"),
        ((1, 0, 0, 0), "Sales: 1 sale published, nothing waits for a person"),
        ((1000, 1, 0, 0), "Sales: 1,000 sales published, 1 row waits for a person"),
        ((0, 20, 0, 0), "Sales: nothing is published, 20 rows wait for a person"),
        ((0, 0, 0, 5), "Sales: nothing is published"),
    ],
)
def test_the_headline_is_the_finding(counts: tuple[int, int, int, int], headline: str) -> None:
    published, held, rejected, duplicate = counts
    balance = Balance(received=sum(counts), published=published, held=held, rejected=rejected, duplicate=duplicate)
    assert _said(standard.headline(_facts(balance=balance))) == headline


@pytest.mark.parametrize(
    ("rows", "usual", "unusual"),
    [
        (30, "0.010", True),  # 6.3 standard deviations over the 10 expected
        (18, "0.010", False),  # 2.5: chance gives that
        (30, "0.025", False),  # not one and a half times the usual
        (9, "0.001", False),  # too few rows to say anything
        (30, None, False),  # nothing to compare with
    ],
)
def test_a_reason_is_unusual_where_chance_does_not_explain_it(rows: int, usual: str | None, *, unusual: bool) -> None:
    facts = _facts(reasons=(_reason(rows, usual),))
    assert (standard.unusual_reason(facts) is not None) is unusual
    assert (standard.attention_sentence(facts) is not None) is unusual


def test_the_reason_farthest_above_its_usual_share_is_named() -> None:
    facts = _facts(reasons=(_reason(30, "0.01"), _reason(90, "0.01", code="worse", description="It is worse.")))
    assert _said(standard.attention_sentence(facts)) == (
        "One thing needs attention: It is worse in 90 rows, 9.00 % of all; usual are 1.00 %."
    )


def test_files_that_failed_or_are_held_as_a_whole_are_told() -> None:
    failed = DeliveryFacts(id="d-2", file="b.json", state=DeliveryState.FAILED)
    held = DeliveryFacts(id="d-3", file="c.json", state=DeliveryState.HELD, held_reason="below_threshold")
    facts = _facts(deliveries=(failed, held, held))
    assert _said(standard.failed_sentence(facts)) == "One file failed and counts nowhere."
    assert _said(standard.held_sentence(facts)) == "Two files are held as a whole and not in any figure."
    assert standard.held_sentence(_facts()) is None
