from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
PROPOSE = ("cases", "propose", "sales")


@pytest.fixture
def tokens(headgate: Call, project: Path) -> list[str]:
    """Three reviewers of a flow whose decisions can be undone for a second; a change needs two of them."""
    flow = project / "flows" / "sales" / "flow.yaml"
    flow.write_text(flow.read_text().replace("  within: 4h", "  undo: 1s\n  within: 4h"))
    made = []
    for name in ("first", "second", "third"):
        headgate("accounts", "add", name, "--role", "reviewer:sales")
        made.append(
            headgate("accounts", "token", name, "--for", "tests", "--may", "decide", "--json").document["token"]
        )
    return made


def _limit(headgate: Call) -> dict[str, Any]:
    versions = headgate("parameters", "history", "sales", "amount_limit", "--json").document["versions"]
    assert isinstance(versions[-1], dict)
    return versions[-1]


def test_where_accounts_decide_rules_change_by_their_votes(headgate: Call, tokens: list[str]) -> None:
    refused = headgate("parameters", "set", "sales", "amount_limit", "3000", "--reason", "season", expect=2).err
    assert "first, second, third decide in flow sales" in refused
    assert "Next: `headgate cases propose sales --set amount_limit=3000 --reason TEXT`" in refused
    asked = (*PROPOSE, "--set", "amount_limit=3000")
    shown = headgate(*asked, "--dry-run", "--replay", "1").out
    assert "parameter amount_limit: 2500.00 becomes 3000.00 EUR" in shown
    assert "Replayed over 1 delivery: " in shown
    assert "Votes needed: 2, none of them from who proposes." in shown
    assert not [one for one in headgate("cases", "list", "--json").document["cases"] if one["kind"] == "change"]
    assert "HEADGATE_TOKEN" in headgate(*asked, "--reason", "season", expect=2).err
    proposed = headgate(*asked, "--reason", "season", "--json", token=tokens[0]).document
    case, digest = proposed["case"], proposed["digest"]
    told = headgate("cases", "show", case).out
    assert f"Case {case}, open: a change of the rules of flow sales." in told
    assert "parameter amount_limit: 2500.00 becomes 3000.00 EUR" in told
    assert "rule_change" in headgate("cases", "list").out
    agree = ("cases", "agree", case, "--digest", digest[:12])
    assert "first wrote the change" in headgate(*agree, expect=2, token=tokens[0]).err
    headgate("cases", "comment", case, "until when?", token=tokens[1])
    headgate("cases", "assign", case, "third", token=tokens[1])
    headgate(*agree, "--wait", token=tokens[1])
    assert _limit(headgate)["value"] == "2500.00"
    assert "It is in force." in headgate(*agree, "--wait", token=tokens[2]).out
    now = _limit(headgate)
    assert (now["value"], now["set_by"], now["reason"]) == ("3000.00", "first", f"season (case {case})")
    closed = headgate("cases", "show", case, "--json").document
    assert (closed["state"], closed["note"], closed["delivery"]) == ("closed", "the change is in force", None)
    assert closed["changes"] == ["parameter amount_limit: 2500.00 becomes 3000.00 EUR"]


def test_a_contract_and_a_table_change_together(headgate: Call, project: Path, tokens: list[str]) -> None:
    place = project / "flows" / "sales" / "contract.odcs.yaml"
    before = place.read_text()
    version = next(line for line in before.splitlines() if line.startswith("version:"))
    (project / "next.yaml").write_text(before.replace(version, "version: 99.0.0"))
    rates = (project / "flows" / "sales" / "fx_rates.csv").read_text().splitlines()
    (project / "rates.csv").write_text("\n".join(rates[:-1]))
    asked = (*PROPOSE, "--contract", "next.yaml", "--set", "fx_rates=rates.csv", "--reason", "as of 2027")
    shown = headgate(*asked, "--dry-run").out
    assert f"contract {version.split()[1]} becomes 99.0.0" in shown
    assert "+version: 99.0.0" in shown
    assert "parameter fx_rates: a table of 7,305 lines becomes one of 7,304" in shown
    proposed = headgate(*asked, "--json", token=tokens[0]).document
    undone = headgate("cases", "undo", proposed["case"], token=tokens[2]).out
    assert "is withdrawn" in undone
    again = headgate(*asked, "--json", token=tokens[0]).document
    assert (again["case"], again["digest"], again["decision"]) == (proposed["case"], proposed["digest"], 2)
    agree = ("cases", "agree", again["case"], "--digest", again["digest"][:12])
    headgate(*agree, token=tokens[1])
    headgate(*agree, "--wait", token=tokens[2])
    assert "version: 99.0.0" in place.read_text()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((), "says what shall change"),
        (("--set", "amount_limit"), "no NAME=VALUE"),
        (("--set", "amount_limit=1", "--set", "amount_limit=2"), "twice"),
        (("--set", "amount_limit=2500"), "is 2500.00 already"),
        (("--set", "amount_limt=2"), "amount_limit"),
        (("--set", "fx_rates=nowhere.csv"), "is no file"),
        (("--contract", "incoming"), "directory"),
    ],
)
def test_what_cannot_be_proposed_says_why(headgate: Call, asked: tuple[str, ...], said: str) -> None:
    assert said in headgate(*PROPOSE, *asked, "--dry-run", expect=2).err


def test_a_flow_that_is_not_there(headgate: Call) -> None:
    assert "sales" in headgate("cases", "propose", "sale", "--set", "a=1", "--dry-run", expect=2).err
