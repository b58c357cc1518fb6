"""Cases as JSON: the same acts as on the pages, in one error shape."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.web.conftest import Web
from tests.integration.web.test_cases import Reviewer, case_of, held, landed

from headgate.core.cases import CaseFilter, DecisionState
from headgate.core.roles import Grant, Role

__all__ = ["held", "landed"]


def call(reviewer: Reviewer, path: str, document: object, **headers: str) -> Any:  # noqa: ANN401  an answer
    own = {"X-Headgate-CSRF": reviewer.web.csrf(reviewer.account)} | headers
    return reviewer.client.post(f"/api/cases/{path}", json=document, headers=own)


def test_cases_are_listed_and_shown(web: Web) -> None:
    one = Reviewer(web)
    cases = one.client.get("/api/cases").json()["cases"]
    assert {case["id"] for case in cases} == {case.id for case in web.site.desk.cases.cases(CaseFilter())}
    assert one.client.get("/api/cases?flow=retail").json() == {"cases": []}
    shown = one.client.get(f"/api/cases/{cases[0]['id']}").json()
    assert (shown["left"], shown["decisions"], shown["comments"]) == (cases[0]["left"], [], [])


def test_rows_come_page_by_page_and_masked(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    after, found = 0, []
    while True:
        answer = one.client.get(f"/api/cases/{case.id}/rows?most=2&after={after}").json()
        found += [row["row"] for row in answer["rows"]]
        assert all("record" not in row for row in answer["rows"])
        if answer["next"] is None:
            break
        after = answer["next"]
    assert len(set(found)) == len(found) == case.left
    size = web.site.platform.ledger.log_size()
    whole = one.client.get(f"/api/cases/{case.id}/rows?most=1&personal=1").json()
    assert "customer" in json.loads(whole["rows"][0]["record"])
    assert [json.loads(leaf)["type"] for leaf in web.site.platform.ledger.leaves(size)] == ["personal_seen"]
    assert one.client.get(f"/api/cases/{case.id}/rows?most=501").status_code == 422


def test_a_plan_is_decided_voted_on_and_withdrawn(web: Web) -> None:
    one, other, case = Reviewer(web), Reviewer(web), case_of(web, "unknown_currency")
    row = one.client.get(f"/api/cases/{case.id}/rows").json()["rows"][0]["row"]
    wanted = {"act": "correct", "edits": [{"row": row, "values": {"payment.currency": "EUR"}}]}
    plan = call(one, f"{case.id}/plan", wanted).json()
    assert (plan["rows"], plan["stopped"]) == (1, [])
    assert plan["sentence"] == "1 row will be released as corrected."
    proposed = call(one, f"{case.id}/decide", wanted | {"reason": "as sent", "digest": plan["digest"]}).json()
    assert (proposed["state"], proposed["digest"]) == ("proposed", plan["digest"])
    vote = {"number": 1, "digest": plan["digest"]}
    own = call(one, f"{case.id}/vote", vote)
    assert (own.status_code, set(own.json())) == (403, {"error"})
    assert call(other, f"{case.id}/vote", vote | {"digest": "0" * 64}).status_code == 409
    assert call(other, f"{case.id}/vote", vote).json()["state"] == "decided"
    assert call(other, f"{case.id}/withdraw", {"number": 1}).json()["state"] == "withdrawn"
    assert call(one, f"{case.id}/comments", {"text": "why", "question": True}).json()["question"] is True
    assert web.site.desk.cases.decisions([case.id])[0].state is DecisionState.WITHDRAWN


def test_somebody_who_decides_is_made_responsible(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "unknown_currency")
    looks = web.account(Grant(role=Role.ANALYST))
    assert call(one, f"{case.id}/assign", {"account": one.account.name}).json()["assigned"] == one.account.id
    assert [found["id"] for found in one.client.get(f"/api/cases?assigned={one.account.id}").json()["cases"]] == [
        case.id
    ]
    refused = call(one, f"{case.id}/assign", {"account": looks.name})
    assert (refused.status_code, "does not decide" in refused.text) == (400, True)
    assert call(one, f"{case.id}/assign", {"account": "nobody-here"}).status_code == 404
    assert call(one, f"{case.id}/assign", {}).status_code == 400
    assert case_of(web, "unknown_currency").assigned == one.account.id
    assert call(one, f"{case.id}/assign", {"account": None}).json()["assigned"] is None


def test_a_contract_is_only_for_a_drift(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "unknown_currency")
    answer = call(one, f"{case.id}/plan", {"act": "release", "contract": "kind: DataContract"})
    assert (answer.status_code, "to accept a drift" in answer.text) == (400, True)


def test_what_cannot_be_is_told_in_one_shape(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    tries = [
        (f"{case.id}/plan", {"act": "burn"}, 400),
        (f"{case.id}/plan", {"act": "release", "else": 1}, 400),
        (f"{case.id}/plan", [], 400),
        (f"{case.id}/plan", {"act": "correct"}, 400),
        (f"{case.id}/plan", {"act": "release", "rows": [10**9]}, 400),
        (f"{case.id}/decide", {"act": "release", "reason": " "}, 400),
        (f"{case.id}/decide", {"act": "release", "reason": "x", "digest": "0" * 64}, 409),
        (f"{case.id}/vote", {"number": 7, "digest": ""}, 404),
        ("c-none/plan", {"act": "release"}, 404),
    ]
    for path, document, status in tries:
        answer = call(one, path, document)
        assert (answer.status_code, set(answer.json())) == (status, {"error"}), (path, document, answer.text)
    own = {"X-Headgate-CSRF": web.csrf(one.account)}
    for content in (b"{", b"\xff", b""):
        headers = own | {"Content-Type": "application/json"}
        assert one.client.post(f"/api/cases/{case.id}/plan", content=content, headers=headers).status_code == 400
    assert one.client.post(f"/api/cases/{case.id}/plan", data={"act": "release"}, headers=own).status_code == 400
    assert web.site.desk.cases.decisions([case.id]) == []


def test_no_change_without_the_sessions_secret(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    for headers in ({}, {"X-Headgate-CSRF": "x" * 64}):
        answer = one.client.post(f"/api/cases/{case.id}/plan", json={"act": "release"}, headers=headers)
        assert answer.status_code == 403
    analyst = Reviewer(web, Grant(role=Role.ANALYST))
    assert call(analyst, f"{case.id}/plan", {"act": "release"}).status_code == 403
