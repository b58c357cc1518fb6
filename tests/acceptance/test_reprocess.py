from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_reprocess_with_a_value_replaces_the_rows_of_that_delivery_alone(
    headgate: Call, project: Path, first: dict[str, Any]
) -> None:
    before = _rows_by_delivery(headgate)
    over = [reason["rows"] for reason in first["reasons"] if reason["code"] == "over_limit"]
    document = headgate("reprocess", first["id"], "--set", "amount_limit=9999999.00", "--json").document
    (after,) = document["deliveries"]
    assert after["counts"]["published"] == first["counts"]["published"] + sum(over)
    assert not any(reason["code"] == "over_limit" for reason in after["reasons"])
    assert document["before"]["sales/silver/transactions"] == 0
    assert document["readable_until"] > "2027"
    changed = _rows_by_delivery(headgate)
    assert changed[first["id"]] == after["counts"]["published"]
    assert {id_: rows for id_, rows in changed.items() if id_ != first["id"]} == {
        id_: rows for id_, rows in before.items() if id_ != first["id"]
    }
    versions = headgate("history", "transactions", "--json").document["versions"]
    assert versions[0]["version"] == document["before"]["sales/silver/transactions"] + 1
    receipts = headgate("show", first["id"], "--json").document["receipts"]
    body = json.loads((project / "receipts" / receipts[-1]).read_text())["body"]
    assert body["parameters"]["amount_limit"] == 0  # no version: it stood for this delivery alone


def _rows_by_delivery(headgate: Call) -> dict[str, int]:
    sql = "SELECT _delivery, count(*) AS n FROM transactions GROUP BY _delivery ORDER BY _delivery"
    return dict(headgate("query", sql, "--json").document["rows"])


def test_reprocess_the_same_way_gives_the_same_rows(headgate: Call, first: dict[str, Any]) -> None:
    headgate("parameters", "set", "sales", "amount_limit", "0.01", "--reason", "to see that it does not count")
    document = headgate("reprocess", first["id"], "--same", "--json").document
    assert document["deliveries"][0]["counts"] == first["counts"]
    changed = headgate("reprocess", first["id"], "--json").document
    assert changed["deliveries"][0]["state"] == "held"
    assert changed["deliveries"][0]["counts"]["published"] == 0


def test_a_value_that_does_not_fit_changes_nothing(headgate: Call, first: dict[str, Any]) -> None:
    headgate("reprocess", first["id"], "--set", "amount_limit=much", expect=2)
    headgate("reprocess", first["id"], "--set", "no_such=1", expect=2)
    headgate("reprocess", first["id"], "--set", "no_value", expect=2)
    assert headgate("show", first["id"], "--json").document["state"] == "archived"
