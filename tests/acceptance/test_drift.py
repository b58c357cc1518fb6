from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def tokens(headgate: Call, project: Path) -> list[str]:
    """Three reviewers of a flow whose decisions can be undone for a second; a rule change needs two of them."""
    flow = project / "flows" / "sales" / "flow.yaml"
    flow.write_text(flow.read_text().replace("  within: 4h", "  undo: 1s\n  within: 4h"))
    made = []
    for name in ("first", "second", "third"):
        headgate("accounts", "add", name, "--role", "reviewer:sales")
        made.append(
            headgate("accounts", "token", name, "--for", "tests", "--may", "decide", "--json").document["token"]
        )
    return made


@pytest.fixture
def drifted(headgate: Call, project: Path) -> list[dict[str, Any]]:
    """Two deliveries whose sales have a column more, and their customers too."""
    known = json.loads(next(project.glob("incoming/sales*.json")).read_text(), parse_float=str)
    files = []
    for day in (1, 2):
        rows = json.loads(json.dumps(known["transactions"][:40]))
        for place, row in enumerate(rows):
            row["transaction_id"] = f"T2026120{day}-{place:05}"
            row["channel"] = "Ladengeschäft"
            row["customer"]["tier"] = place % 3
        file = project / f"sales_batch_2026120{day}_000000.json"
        text = json.dumps(known | {"transactions": rows, "transaction_count": len(rows)}, ensure_ascii=False)
        file.write_text(_as_numbers(text))
        files.append(file)
    ended = headgate("run", *files, "--json").document["deliveries"]
    assert [(one["state"], one["held_for"]) for one in ended] == [("held", ["unknown_column"])] * 2
    return list(ended)


def _as_numbers(text: str) -> str:
    """Fractions were kept as text, digit by digit."""
    return re.sub(r'"(-?\d+\.\d+)"', r"\1", text)


def _drift(headgate: Call) -> dict[str, Any]:
    listed = headgate("cases", "list", "--json").document["cases"]
    found = next(case for case in listed if case["kind"] == "drift")
    assert isinstance(found, dict)
    return found


def _version(project: Path) -> str:
    lines = (project / "flows" / "sales" / "contract.odcs.yaml").read_text().splitlines()
    return next(line for line in lines if line.startswith("version:"))


def test_an_accepted_change_lets_all_that_wait_for_it_go_on(
    headgate: Call, project: Path, tokens: list[str], drifted: list[dict[str, Any]]
) -> None:
    before, case = (project / "flows/sales/contract.odcs.yaml").read_text(), _drift(headgate)["id"]
    accept = ("cases", "decide", case, "--act", "accept", "--reason", "the shop tells the channel now")
    shown = headgate(*accept, "--dry-run").out
    assert "+      - name: channel" in shown
    assert "+          - name: tier\n+            logicalType: integer" in shown
    assert "Votes needed: 2" in shown
    headgate(*accept, token=tokens[0])
    decision = headgate("cases", "show", case, "--json").document["decisions"][0]
    assert (decision["state"], len(decision["votes"])) == ("proposed", 1)
    headgate("cases", "agree", case, "--digest", decision["digest"], "--wait", token=tokens[1])
    assert _version(project) != next(line for line in before.splitlines() if line.startswith("version:"))
    for one in drifted:
        told = headgate("show", one["id"], "--json").document
        assert told["state"] == "archived"
        assert told["counts"]["received"] == 40
        assert told["counts"]["held"] < 10
    headgate("contract", "lint", "sales")
    headgate("audit", "verify")
    headgate("doctor")
    assert "drift" not in {one["kind"] for one in headgate("cases", "list", "--json").document["cases"]}


def test_one_vote_of_two_changes_nothing(
    headgate: Call, project: Path, tokens: list[str], drifted: list[dict[str, Any]]
) -> None:
    before, case = (project / "flows/sales/contract.odcs.yaml").read_text(), _drift(headgate)["id"]
    headgate("cases", "decide", case, "--act", "accept", "--reason", "seen", "--wait", token=tokens[0])
    assert (project / "flows/sales/contract.odcs.yaml").read_text() == before
    assert headgate("show", drifted[0]["id"], "--json").document["state"] == "held"


def test_a_contract_changed_by_hand_lets_them_go_on_too(
    headgate: Call, project: Path, drifted: list[dict[str, Any]]
) -> None:
    place = project / "flows/sales/contract.odcs.yaml"
    case = _drift(headgate)["id"]
    plan = headgate("cases", "decide", case, "--act", "accept", "--dry-run", "--json").document["decisions"][0]
    place.write_text(plan["contract"])
    ended = headgate("run", "--json").document["deliveries"]
    assert {one["id"] for one in ended} >= {one["id"] for one in drifted}
    assert headgate("show", drifted[1]["id"], "--json").document["state"] == "archived"


def test_what_cannot_be_accepted_is_told(
    headgate: Call, project: Path, tokens: list[str], drifted: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert drifted
    case, given = _drift(headgate)["id"], tmp_path / "new.odcs.yaml"
    accept = ("cases", "decide", case, "--act", "accept", "--reason", "seen", "--contract", given)
    same = (project / "flows/sales/contract.odcs.yaml").read_text()
    given.write_text(same)
    assert "nothing would change" in headgate(*accept, token=tokens[0], expect=2).err
    given.write_text(same.replace("- name: status", "- name: standing"))
    assert "need a rise of major" in headgate(*accept, token=tokens[0], expect=2).err
    given.write_text("version: [")
    assert "contract.odcs.yaml" in headgate(*accept, token=tokens[0], expect=2).err


def test_a_held_delivery_is_rejected_as_a_whole(
    headgate: Call, tokens: list[str], drifted: list[dict[str, Any]]
) -> None:
    case = _drift(headgate)
    headgate("cases", "decide", case["id"], "--act", "reject", "--reason", "not ours", "--wait", token=tokens[0])
    told = headgate("show", case["delivery"], "--json").document
    assert (told["state"], told["counts"]["published"], told["counts"]["rejected"]) == ("archived", 0, 40)
    assert len(drifted) == 2
