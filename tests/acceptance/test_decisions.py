from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def _held_whole(headgate: Call, project: Path) -> dict[str, Any]:
    """A delivery with a third of its totals wrong, so that it is held as a whole."""
    made = ("--count", 90, "--defects", 0.3, "--kind", "total_mismatch", "--seed", 5, "--first-number", 60_000)
    headgate("generate", "sales", *made, "--output", "held")
    (file,) = project.glob("held/sales*.json")
    (one,) = headgate("run", file, "--json").document["deliveries"]
    assert isinstance(one, dict)
    return one


def test_a_held_delivery_goes_on_when_it_is_released(headgate: Call, project: Path) -> None:
    one = _held_whole(headgate, project)
    assert (one["state"], one["held_for"], one["counts"]["published"]) == ("held", ["below_threshold"], 0)
    released = headgate("release", one["id"][:8], "--reason", "the shop confirmed it", "--json").document
    (after,) = released["deliveries"]
    assert after["state"] == "archived"
    assert after["counts"]["published"] == 63
    assert after["counts"]["held"] == 27
    story = headgate("show", one["id"], "--json").document
    assert story["released"] == "the shop confirmed it"
    assert [event["type"] for event in story["events"]].count("release") == 1
    assert len(story["receipts"]) == 2
    assert headgate("query", "SELECT count(*) AS n FROM transactions", "--json").document["rows"] == [
        [63 + _published(project)],
    ]
    headgate("audit", "verify")


def _published(project: Path) -> int:
    counts = json.loads((project / "run.json").read_text())["counts"]
    published = counts["published"]
    assert isinstance(published, int)
    return published


def test_only_a_held_delivery_is_released(headgate: Call, first: dict[str, Any]) -> None:
    told = headgate("release", first["id"], "--reason", "why not", expect=2)
    assert "archived" in told.err


def test_a_release_without_a_word_is_refused(headgate: Call, project: Path) -> None:
    one = _held_whole(headgate, project)
    assert "needs a reason" in headgate("release", one["id"], "--reason", " ", expect=2).err


def test_reprocess_with_a_value_replaces_the_rows_of_that_delivery_alone(
    headgate: Call, project: Path, first: dict[str, Any]
) -> None:
    before = _rows_by_delivery(headgate)
    over = [reason["rows"] for reason in first["reasons"] if reason["code"] == "over_limit"]
    document = headgate("reprocess", first["id"], "--set", "amount_limit=9999999.00", "--json").document
    (after,) = document["deliveries"]
    assert after["counts"]["published"] == first["counts"]["published"] + sum(over)
    assert not any(reason["code"] == "over_limit" for reason in after["reasons"])
    assert document["before"]["sales/silver/transactions"] == 1
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


def test_a_failed_delivery_is_retried_when_its_cause_is_put_right(headgate: Call, project: Path) -> None:
    task = project / "flows" / "sales" / "tasks" / "daily.sql"
    sound = task.read_text()
    headgate("generate", "sales", "--count", 40, "--seed", 3, "--first-number", 50_000, "--output", "more")
    (file,) = project.glob("more/sales*.json")
    task.write_text(sound.replace("count(*) AS orders", "CAST(min('broken') AS BIGINT) AS orders"))
    failed = headgate("run", file, "--json", expect=1).document
    assert len(failed["failed"]) == 1
    assert "broken" in failed["deliveries"][0]["note"]
    assert failed["counts"]["received"] == 0
    assert "headgate retry" in headgate("run", file, "--json").document["already_taken"][0]["note"]
    task.write_text(sound)
    document = headgate("retry", "--all", "--json").document
    assert document["retried"] == failed["failed"]
    assert document["counts"]["published"] == 40


def test_retry_names_one_or_all(in_ran: Call, first: dict[str, Any]) -> None:
    in_ran("retry", expect=2)
    in_ran("retry", first["id"], "--all", expect=2)


def test_parameters_are_listed_set_and_told(headgate: Call) -> None:
    listed = headgate("parameters", "list", "sales", "--json").document["parameters"]
    assert {"amount_limit", "fx_rates", "total_tolerance", "anomaly_score"} == {one["name"] for one in listed}
    told = headgate("parameters", "set", "sales", "amount_limit", "3000", "--reason", "season", "--json").document
    assert (told["number"], told["value"], told["reason"]) == (2, "3000.00", "season")
    again = headgate("parameters", "set", "sales", "amount_limit", "3000.00", "--reason", "again", "--json").document
    assert again["number"] == 2
    versions = headgate("parameters", "history", "sales", "amount_limit", "--json").document["versions"]
    assert [version["value"] for version in versions] == ["2500.00", "3000.00"]
    headgate("parameters", "set", "sales", "amount_limit", "much", "--reason", "x", expect=2)
    assert "amount_limit" in headgate("parameters", "history", "sales", "amount_limt", expect=2).err
