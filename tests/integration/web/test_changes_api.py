"""Changes of rules as JSON: who may, what is refused, and that exactly what was looked at is proposed."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.web.conftest import Web
from tests.integration.web.test_cases import Reviewer, held, landed
from tests.integration.web.test_cases_api import call

from headgate import operations
from headgate.core.cases import CaseFilter, CaseKind
from headgate.core.roles import Grant, Role

__all__ = ["held", "landed"]

LIMIT = {"flow": "sales", "parameters": {"amount_limit": "3000"}}


def propose(reviewer: Reviewer, document: object, act: str = "") -> Any:  # noqa: ANN401  an answer
    own = {"X-Headgate-CSRF": reviewer.web.csrf(reviewer.account), "Content-Type": "application/json"}
    return reviewer.client.post(f"/api/cases{act}", content=json.dumps(document), headers=own)


def changes(web: Web) -> list[str]:
    return [case.id for case in web.site.desk.cases.cases(CaseFilter(kind=CaseKind.CHANGE))]


def contract_text(web: Web) -> str:
    flow = web.site.platform.flows["sales"]
    return (Path(flow.folder) / "contract.odcs.yaml").read_text(encoding="utf-8")


def next_contract(web: Web) -> str:
    now = web.site.platform.flows["sales"].contract.version
    return contract_text(web).replace(f"version: {now}", "version: 99.0.0", 1)


def test_a_change_is_planned_proposed_and_agreed_to(web: Web) -> None:
    one, other, third = Reviewer(web), Reviewer(web), Reviewer(web)
    plan = propose(one, LIMIT, "/plan").json()
    assert plan["changes"] == ["parameter amount_limit: 2500.00 becomes 3000.00 EUR"]
    assert (plan["parameters"], plan["contract"], plan["needed"]) == ({"amount_limit": "3000.00"}, [], 2)
    assert changes(web) == []
    asked = LIMIT | {"reason": "season", "digest": plan["digest"]}
    proposed = propose(one, asked).json()
    assert (proposed["case"], proposed["digest"], proposed["state"]) == (plan["case"], plan["digest"], "proposed")
    shown = other.client.get(f"/api/cases/{plan['case']}").json()
    assert (shown["kind"], shown["delivery"], shown["changes"]) == ("change", None, plan["changes"])
    assert other.client.get(f"/api/cases/{plan['case']}/rows").json() == {"rows": [], "next": None}
    assert call(other, f"{plan['case']}/plan", {"act": "release"}).status_code == 400
    vote = {"number": 1, "digest": plan["digest"]}
    own = call(one, f"{plan['case']}/vote", vote)
    assert (own.status_code, "wrote the change" in own.json()["error"]["message"]) == (403, True)
    assert call(other, f"{plan['case']}/vote", vote).json()["state"] == "proposed"
    assert call(third, f"{plan['case']}/vote", vote).json()["state"] == "decided"
    assert call(other, f"{plan['case']}/comments", {"text": "from monday"}).status_code == 200
    assert call(other, f"{plan['case']}/withdraw", {"number": 1}).json()["state"] == "withdrawn"
    assert changes(web) == []


def test_another_than_was_looked_at_is_not_proposed(web: Web) -> None:
    one = Reviewer(web)
    plan = propose(one, LIMIT, "/plan").json()
    operations.change_parameter(web.site.platform, "sales", "total_tolerance", "0.05", set_by="x", reason="y")
    answer = propose(one, LIMIT | {"reason": "season", "digest": plan["digest"]})
    assert answer.status_code == 409
    assert "Nothing was proposed" in answer.json()["error"]["message"]
    assert changes(web) == []


def test_a_replay_is_part_of_what_is_agreed_to(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    asked = {"flow": "sales", "parameters": {"amount_limit": "1.00"}, "replay": 5}
    plan = propose(one, asked, "/plan").json()
    assert plan["replay"]["deliveries"]
    assert "would change their verdict" in plan["replay"]["sentence"]
    assert sum(rows for _, _, rows in plan["replay"]["cells"]) > 0
    without = propose(one, asked | {"replay": 0}, "/plan").json()
    assert (without["replay"], without["digest"] != plan["digest"]) == (None, True)
    stale = propose(one, asked | {"replay": 0, "reason": "less", "digest": plan["digest"]})
    assert stale.status_code == 409
    proposed = propose(one, asked | {"reason": "less", "digest": plan["digest"]}).json()
    assert proposed["digest"] == plan["digest"]
    shown = html.unescape(other.client.get(f"/cases/{plan['case']}").text)
    assert plan["replay"]["sentence"] in shown
    assert plan["replay"]["digest"] in shown


def test_who_comes_second_is_told(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    first = propose(one, LIMIT | {"reason": "season"}).json()
    second = propose(other, LIMIT | {"reason": "me too"})
    assert second.status_code == 409
    assert "under way already: change of rules" in second.json()["error"]["message"]
    changed = {"flow": "sales", "parameters": {"amount_limit": "3500"}, "reason": "more", "instead": first["digest"]}
    assert propose(other, changed).json()["number"] == 1


def test_a_contract_is_shown_as_what_it_changes(web: Web) -> None:
    plan = propose(Reviewer(web), {"flow": "sales", "contract": next_contract(web)}, "/plan").json()
    assert plan["changes"][0].endswith("becomes 99.0.0")
    assert "+version: 99.0.0" in plan["contract"]


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"flow": "sales"}, 400),
        ({"flow": "sales", "parameters": {}}, 400),
        ({"flow": "sales", "parameters": {"amount_limit": "2500.0"}}, 400),
        ({"flow": "sales", "parameters": {"amount_limit": 3}}, 400),
        ({"flow": "sales", "parameters": {"amount_limit": "\ud800"}}, 400),
        ({"flow": "sales", "parameters": {"amount_limit": "9" * 5_000}}, 400),
        ({"flow": "sales", "parameters": {"amount_limt": "3"}}, 404),
        ({"flow": "sales", "parameters": {"fx_rates": "currency,day\n"}}, 400),
        ({"flow": "sales", "parameters": {"fx_rates": "\x00"}}, 400),
        ({"flow": "sales", "contract": ""}, 400),
        ({"flow": "sales", "contract": "\ud800"}, 400),
        ({"flow": "sales", "contract": "[" * 100_000}, 400),
        ({"flow": "sales", "contract": "a: &a [b]\nc: [*a, *a]\n"}, 400),
        ({"flow": "sales", "contrakt": "x"}, 400),
        ({"flow": "nothing", "parameters": {"amount_limit": "3000"}}, 404),
        ({"flow": "../sales", "parameters": {"amount_limit": "3000"}}, 404),
        ({}, 400),
        ([], 400),
    ],
)
def test_what_cannot_be_in_force_is_told(web: Web, document: object, status: int) -> None:
    one = Reviewer(web)
    for act in ("/plan", ""):
        answer = propose(one, document, act)
        assert (answer.status_code, set(answer.json())) == (status, {"error"}), answer.text
    assert changes(web) == []


def test_a_predicate_nested_too_deep_is_told(web: Web) -> None:
    """The contract comes from outside: whoever wrote it, the answer is an error in words."""
    deep = next_contract(web).replace("implementation: ", f"implementation: {'(' * 3_000}", 1)
    assert deep != next_contract(web)
    answer = propose(Reviewer(web), {"flow": "sales", "contract": deep}, "/plan")
    assert answer.status_code == 400


def test_who_does_not_decide_in_the_flow_proposes_nothing(web: Web) -> None:
    analyst = Reviewer(web, Grant(role=Role.ANALYST))
    elsewhere = Reviewer(web, Grant(role=Role.REVIEWER, flow="retail"))
    both = Reviewer(web, Grant(role=Role.REVIEWER, flow="retail"), Grant(role=Role.ANALYST, flow="sales"))
    for act in ("/plan", ""):
        assert propose(analyst, LIMIT | {"reason": "x"}, act).status_code == 403
        assert propose(elsewhere, LIMIT | {"reason": "x"}, act).status_code == 404
        assert propose(both, LIMIT | {"reason": "x"}, act).status_code == 403
    assert changes(web) == []
