from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from headgate.core.records import Delivery, DeliveryKind
from headgate.core.states import DeliveryState
from headgate.serve.delivery_words import shares_in_words, tell_state


def held(**facts: Any) -> Delivery:  # noqa: ANN401  any fact
    texts: dict[str, Any] = dict.fromkeys(("id", "flow", "name", "origin", "sender", "sha256", "run"), "x")
    at = datetime(2026, 11, 20, tzinfo=UTC)
    rest: dict[str, Any] = {"kind": DeliveryKind.FILE, "size_bytes": 1, "form": {}, "landing_number": 1}
    return Delivery(**texts, **rest, state=DeliveryState.HELD, landed_at=at, facts=facts, held_for=("missing_column",))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("accepted 0.0500 of at least 0.95", "5.0\N{NO-BREAK SPACE}% of at least 95\N{NO-BREAK SPACE}%"),
        ("accepted no row of at least 0.90", "accepted no row of at least 0.90"),
        ("price, brand", "price, brand"),
    ],
)
def test_shares_are_percent(found: str, told: str) -> None:
    assert shares_in_words(found) == told


def test_each_reason_that_holds_a_delivery_is_a_sentence() -> None:
    found = {"below_threshold": "accepted 0.0000 of at least 0.90", "missing_column": "price, brand"}
    told = tell_state(held(held=found), accounts_decide=False)
    assert told is not None
    assert told.what.replace("\N{NO-BREAK SPACE}", " ") == (
        "Too few rows are accepted: 0 % of at least 90 %. A column of the contract is in no record: price, brand."
    )


def test_a_reason_without_words_of_what_was_found_stands_alone() -> None:
    told = tell_state(held(), accounts_decide=False)
    assert told is not None
    assert told.what == "A column of the contract is in no record."
