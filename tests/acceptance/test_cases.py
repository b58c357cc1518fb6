from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def tokens(headgate: Call, project: Path) -> dict[str, str]:
    """Two reviewers of a flow whose decisions can be undone for a second, and somebody who only sends."""
    flow = project / "flows" / "sales" / "flow.yaml"
    flow.write_text(flow.read_text().replace("  within: 4h", "  undo: 1s\n  within: 4h"))
    made = {}
    for name, role, may in (
        ("first", "reviewer", "decide"),
        ("second", "reviewer", "decide"),
        ("sender", "uploader", "upload"),
    ):
        headgate("accounts", "add", name, "--role", f"{role}:sales")
        made[name] = headgate("accounts", "token", name, "--for", "tests", "--may", may, "--json").document["token"]
    return made


def _case(headgate: Call, code: str) -> dict[str, Any]:
    listed = headgate("cases", "list", "--json").document["cases"]
    found = next(case for case in listed if case["code"] == code)
    assert isinstance(found, dict)
    return found


def _told(headgate: Call, case: str) -> dict[str, Any]:
    told = headgate("cases", "show", case, "--json", "--records").document
    assert isinstance(told, dict)
    return told


def _counts(headgate: Call, delivery: str) -> dict[str, int]:
    counts = headgate("show", delivery, "--json").document["counts"]
    assert isinstance(counts, dict)
    return counts


def test_what_waits_is_listed_by_reason(headgate: Call) -> None:
    listed = headgate("cases", "list", "--json").document
    assert sum(group["rows"] for group in listed["reasons"]) == sum(case["rows_left"] for case in listed["cases"]) > 0
    assert "total_mismatch" in headgate("cases", "list").out
    status = headgate("status", "--json").document["open_cases"]
    assert status == {"cases": len(listed["cases"]), "rows": sum(case["rows_left"] for case in listed["cases"])}
    assert "Next: headgate cases list" in headgate("status").out
    first = listed["cases"][0]
    assert f"Next: headgate cases show {first['id'][:2]}" in headgate("show", first["delivery"]).out
    assert headgate("cases", "list", "--flow", "none").out == "Nothing waits for a person.\n"


def test_a_released_row_is_published_once_with_receipts(headgate: Call, tokens: dict[str, str]) -> None:
    case = _case(headgate, "total_mismatch")
    before = _counts(headgate, case["delivery"])
    plan = headgate("cases", "decide", case["id"], "--act", "release", "--dry-run", "--json").document["decisions"][0]
    assert (plan["rows"], plan["stay_held"], plan["votes_needed"]) == (case["rows_left"], 0, 1)
    call = ("cases", "decide", case["id"], "--act", "release", "--reason", "the shop confirmed the totals", "--wait")
    headgate(*call, token=tokens["first"])
    after = _counts(headgate, case["delivery"])
    assert after["held"] == before["held"] - case["rows_left"]
    assert after["published"] == before["published"] + case["rows_left"]
    told = _told(headgate, case["id"])
    assert (told["state"], told["rows_left"], told["decisions"][0]["state"]) == ("closed", 0, "executed")
    amendment = told["decisions"][0]["amendment"]
    for delivery in (amendment, case["delivery"]):
        receipts = headgate("show", delivery, "--json").document["receipts"]
        assert receipts
        headgate("receipt", "verify", f"receipts/{delivery}{'-2' if len(receipts) == 2 else ''}.json")
    origin = headgate("show", case["delivery"], "--json").document
    assert [each["delivery"] for each in origin["amendments"]] == [amendment]
    assert case["id"] not in [each["case"] for each in origin["open_cases"]]
    amends = headgate("show", amendment, "--json").document["amends"]
    assert (amends["origin"], amends["case"], amends["act"]) == (case["delivery"], case["id"], "release")
    assert f"It amends {case['delivery']}" in headgate("show", amendment).out
    assert amendment in headgate("show", case["delivery"]).out
    asked = f"SELECT count(*), count(DISTINCT _row) FROM transactions WHERE _amendment = '{amendment}'"
    assert headgate("query", asked, "--json").document["rows"] == [[case["rows_left"], case["rows_left"]]]
    assert "is closed" in headgate(*call, token=tokens["first"], expect=2).err
    headgate("audit", "verify")


def test_a_correction_needs_somebody_else(headgate: Call, tokens: dict[str, str]) -> None:
    case = _case(headgate, "total_mismatch")
    row = _told(headgate, case["id"])["rows"][0]
    record = json.loads(row["record"])
    right = f"{sum(item['line_total'] for item in record['items']) + record['tax'] + record['shipping']['cost']:.2f}"
    decide = ("cases", "decide", case["id"], "--act", "correct", "--rows", row["row"], "--reason", "typing error")
    assert (
        "none of the 1 rows would pass" in headgate(*decide, "--set", "total=0.01", token=tokens["first"], expect=2).err
    )
    headgate(*decide, "--set", f"total={right}", token=tokens["first"])
    digest = _told(headgate, case["id"])["decisions"][0]["digest"]
    agree = ("cases", "agree", case["id"], "--digest", digest, "--wait")
    assert "edited the rows" in headgate(*agree, token=tokens["first"], expect=2).err
    assert "may not decide" in headgate(*agree, token=tokens["sender"], expect=2).err
    headgate(*agree, token=tokens["second"])
    shown = headgate(
        "query",
        f"SELECT total FROM transactions WHERE _row = {row['row']} AND _delivery = '{case['delivery']}'",
        "--json",
    )
    assert shown.document["rows"] == [[right]]


def test_nobody_votes_without_a_token_that_may(headgate: Call, tokens: dict[str, str]) -> None:
    case = _case(headgate, "total_mismatch")
    decide = ("cases", "decide", case["id"], "--act", "release", "--reason", "seen")
    assert "needs a personal API token" in headgate(*decide, expect=2).err
    assert "may not decide" in headgate(*decide, token=tokens["sender"], expect=2).err
    assert "not known here" in headgate(*decide, token=tokens["first"][:-1] + "x", expect=2).err
    assert "needs a reason" in headgate(*decide[:-1], " ", token=tokens["first"], expect=2).err


def test_undo_and_comments(headgate: Call, tokens: dict[str, str]) -> None:
    case = _case(headgate, "total_mismatch")["id"]
    headgate("cases", "decide", case, "--act", "reject", "--reason", "test orders", token=tokens["first"])
    headgate("cases", "undo", case, token=tokens["second"])
    headgate("cases", "comment", case, "which shop is this?", "--ask", token=tokens["second"])
    headgate("cases", "assign", case, "first", token=tokens["second"])
    told = _told(headgate, case)
    assert (told["decisions"][0]["state"], told["asked"]) == ("withdrawn", True)
    assert "The sender was asked" in headgate("cases", "show", case).out
    assert "nothing is proposed" in headgate("cases", "undo", case, token=tokens["second"], expect=2).err


def test_one_call_decides_on_every_case_of_a_reason(headgate: Call, tokens: dict[str, str]) -> None:
    code = "total_mismatch"
    case = _case(headgate, code)
    call = ("cases", "decide", case["id"], "--same-reason", "--act", "reject", "--reason", "test orders", "--wait")
    ended = headgate(*call, "--json", token=tokens["first"]).document["decisions"]
    assert all(one["state"] == "decided" for one in ended[:-1])
    assert code not in {one["code"] for one in headgate("cases", "list", "--json").document["cases"]}
