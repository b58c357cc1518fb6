"""Cases under attack: tokens that may less than their account, other people's objects, guesses, and huge figures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.harness.small import COLUMNS
from tests.integration.web.conftest import Web
from tests.integration.web.test_cases import Reviewer, case_of, decision_of, held, landed
from tests.integration.web.test_cases_extremes import Opened, lines, only_case, opened

from headgate.core.accounts import Account
from headgate.core.roles import Grant, Permission, Role
from headgate.people import set_disabled
from headgate.serve.case_rows import page
from headgate.tokens import make_token

__all__ = ["held", "landed", "opened"]

REVIEWER = Grant(role=Role.REVIEWER)
PERSONAL = COLUMNS.replace("{name: amount,", "{name: amount, classification: personal,")


def bearer(web: Web, account: Account, *permissions: Permission, flow: str = "") -> dict[str, str]:
    secret, _ = make_token(web.site.people, account, "test", permissions, by="test", flow=flow)
    return {"Authorization": f"Bearer {secret}"}


def send(web: Web, headers: dict[str, str], path: str, document: object) -> Any:  # noqa: ANN401  an answer
    return web.client().post(f"/api/cases/{path}", json=document, headers=headers)


def events(web: Web, since: int) -> list[tuple[str, dict[str, Any]]]:
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(since)]
    return [(leaf["type"], leaf["fields"]) for leaf in leaves]


def test_a_token_that_decides_does_all_of_it(web: Web) -> None:
    one, other = (bearer(web, web.account(REVIEWER), Permission.DECIDE) for _ in range(2))
    case = case_of(web, "unknown_currency")
    row = page(web.site.platform, case)[0].row
    wanted = {"act": "correct", "edits": [{"row": row, "values": {"payment.currency": "EUR"}}]}
    plan = send(web, one, f"{case.id}/plan", wanted).json()
    assert plan["rows"] == 1
    proposed = send(web, one, f"{case.id}/decide", wanted | {"reason": "as sent", "digest": plan["digest"]})
    assert (proposed.status_code, proposed.json()["state"]) == (200, "proposed")
    vote = {"number": proposed.json()["number"], "digest": plan["digest"]}
    assert send(web, one, f"{case.id}/vote", vote).status_code == 403  # it edited the row
    assert send(web, other, f"{case.id}/vote", vote).json()["state"] == "decided"
    assert send(web, other, f"{case.id}/withdraw", {"number": 1}).json()["state"] == "withdrawn"
    assert send(web, one, f"{case.id}/comments", {"text": "why"}).json()["text"] == "why"
    assert web.client().get(f"/api/cases/{case.id}/rows", headers=one).status_code == 403  # it sees no row


def writes(web: Web) -> list[tuple[str, dict[str, object]]]:
    case = case_of(web, "total_mismatch")
    return [
        (f"{case.id}/plan", {"act": "reject"}),
        (f"{case.id}/decide", {"act": "reject", "reason": "no"}),
        (f"{case.id}/vote", {"number": 1, "digest": "0" * 64}),
        (f"{case.id}/withdraw", {"number": 1}),
        (f"{case.id}/comments", {"text": "said"}),
    ]


def test_a_token_that_does_not_decide_is_refused_and_told_of(web: Web) -> None:
    account = web.account(REVIEWER)  # who may decide; the token does not
    headers, size = bearer(web, account, Permission.SEE, Permission.UNMASK), web.site.platform.ledger.log_size()
    for path, document in writes(web):
        assert send(web, headers, path, document).status_code == 403, path
    told = [fields for type_, fields in events(web, size) if type_ == "access_refused"]
    assert [(one["account"], one["permission"]) for one in told] == [(account.id, "decide")] * 5
    assert web.site.desk.cases.decisions([case_of(web, "total_mismatch").id]) == []


def test_a_token_for_another_flow_finds_no_case(web: Web) -> None:
    account, case = web.account(REVIEWER), case_of(web, "total_mismatch")
    headers = bearer(web, account, Permission.SEE, Permission.DECIDE, Permission.UNMASK, flow="retail")
    size = web.site.platform.ledger.log_size()
    for path, document in writes(web):
        answer = send(web, headers, path, document)
        none = send(web, headers, path.replace(case.id, "c-none"), document)
        assert (answer.status_code, none.status_code) == (404, 404), path
        assert answer.json() == json.loads(none.text.replace("c-none", case.id))
    assert web.client().get(f"/api/cases/{case.id}", headers=headers).status_code == 404
    assert web.client().get(f"/api/cases/{case.id}/rows", headers=headers).status_code == 404
    assert web.client().get("/api/cases", headers=headers).json() == {"cases": []}
    assert [type_ for type_, _ in events(web, size)] == ["access_refused"] * 7
    assert web.site.desk.cases.comments(case.id) == []


def test_a_session_needs_its_secret_and_a_token_does_not(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    path, plan = f"/api/cases/{case.id}/plan", {"act": "reject"}
    other = Reviewer(web)
    for secret in ("", "x" * 64, web.csrf(other.account)):
        assert one.client.post(path, json=plan, headers={"X-Headgate-CSRF": secret}).status_code == 403
    assert one.client.post(path, json=plan, headers={"X-Headgate-CSRF": web.csrf(one.account)}).status_code == 200
    assert web.client().post(path, json=plan, headers=bearer(web, one.account, Permission.DECIDE)).status_code == 200


def test_a_decision_or_row_of_another_case_is_not_there(web: Web) -> None:
    one = Reviewer(web)
    headers = bearer(web, one.account, Permission.SEE, Permission.DECIDE)
    first, second = case_of(web, "total_mismatch"), case_of(web, "unknown_currency")
    decided = send(web, headers, f"{first.id}/decide", {"act": "reject", "reason": "no"}).json()
    vote = {"number": decided["number"], "digest": decided["digest"]}
    assert send(web, headers, f"{second.id}/vote", vote).status_code == 404
    assert send(web, headers, f"{second.id}/withdraw", {"number": decided["number"]}).status_code == 404
    assert one.post(f"/cases/{second.id}/withdraw", {"number": decided["number"]}).status_code == 404
    row = page(web.site.platform, first)[0].row
    assert send(web, headers, f"{second.id}/plan", {"act": "reject", "rows": [row]}).status_code == 400
    assert one.client.get(f"/cases/{second.id}/rows/{row}/record").status_code == 404
    assert one.client.get(f"/cases/{second.id}?row={row}").status_code == 404
    assert decision_of(web, first).state == "decided"


def test_a_form_sets_nothing_that_it_does_not_name(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    shown = send(web, bearer(web, one.account, Permission.DECIDE), f"{case.id}/plan", {"act": "reject"}).json()
    form = {"case": case.id, "act": "reject", "digest.reject": f"{case.id}:{shown['digest']}", "reason": "no"}
    more = {"proposed_by": "somebody", "needed": "0", "state": "executed", "editors": "x", "rows": "1-999999999"}
    assert one.post("/inbox/decide", form | more).status_code == 303
    made = decision_of(web, case)
    assert (made.proposed_by, made.needed, made.state, made.rows) == (one.account.id, 1, "decided", case.left)


def test_words_of_people_are_text(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    hostile = f'<script>alert(1)</script> @{one.account.name}"><img src=x onerror=alert(1)>'
    headers = bearer(web, one.account, Permission.DECIDE)
    assert send(web, headers, f"{case.id}/comments", {"text": hostile}).status_code == 200
    assert send(web, headers, f"{case.id}/decide", {"act": "reject", "reason": hostile}).status_code == 200
    for path in (f"/cases/{case.id}", "/inbox?tab=under-way", "/inbox"):
        text = one.client.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
    assert "&lt;script&gt;alert(1)" in one.client.get(f"/cases/{case.id}").text


@pytest.mark.parametrize(
    "document",
    [
        {"act": "reject", "rows": [0]},
        {"act": "reject", "rows": [-(2**70)]},
        {"act": "reject", "rows": [2**63]},
        {"act": "reject", "rows": "1-999999999"},
        {"act": "reject", "but": [10**30]},
        {"act": "reject", "code": "\ud800"},
        {"act": "correct", "every": {f"items[{'9' * 5_000}].quantity": "1"}},
        {"act": "correct", "every": {f"items[{'9' * 900}].quantity": "1"}},
        {"act": "correct", "every": {"items[-1].quantity": "1"}},
        {"act": "correct", "edits": [{"row": 2**63, "values": {}}]},
        {"act": "correct", "edits": [{"row": 1, "record": "[" * 100_000}]},
        {"act": "reject", "reason": "x" * 10_001},
        {"act": "reject", "digest": "0" * 65},
    ],
)
def test_figures_and_texts_that_are_too_large_are_refused(web: Web, document: dict[str, object]) -> None:
    headers = bearer(web, web.account(REVIEWER), Permission.DECIDE) | {"Content-Type": "application/json"}
    case = case_of(web, "total_mismatch")
    answer = web.client().post(f"/api/cases/{case.id}/plan", content=json.dumps(document), headers=headers)
    assert (answer.status_code, set(answer.json())) == (400, {"error"}), answer.text


def test_a_position_of_a_thousand_digits_is_told(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    form = {"case": case.id, "path": f"items[{'9' * 5_000}].quantity", "value": "1"}
    assert "number from 0" in one.post("/inbox/plan", form).text


def test_many_rows_are_named_at_once(web: Web) -> None:
    headers, case = bearer(web, web.account(REVIEWER), Permission.DECIDE), case_of(web, "total_mismatch")
    first, *others = (row.row for row in page(web.site.platform, case))
    named = {"act": "reject", "rows": list(range(1, 100_000))}
    answer = send(web, headers, f"{case.id}/plan", named)
    assert (answer.status_code, "does not wait in this case" in answer.text) == (400, True)
    left_out = {"act": "reject", "but": [first, *range(10**6, 10**6 + 50_000)]}
    assert send(web, headers, f"{case.id}/plan", left_out).json()["rows"] == len(others)


def test_a_number_that_no_row_has_is_told_on_pages(web: Web) -> None:
    one, case = Reviewer(web), case_of(web, "total_mismatch")
    for number in ("0", "-1", str(2**63), "9" * 40):
        assert one.client.get(f"/cases/{case.id}/rows/{number}/record").status_code == 422
    assert one.client.get(f"/cases/{case.id}/rows/{2**63 - 1}/record").status_code == 404


def test_a_form_names_no_more_cases_than_a_page_shows(web: Web) -> None:
    one = Reviewer(web)
    cases = [f"c-{number:016x}" for number in range(51)]
    size = web.site.platform.ledger.log_size()
    for path, form in (
        ("/inbox/decide", {"case": cases, "act": "reject"}),
        ("/inbox/agree", {"agree": [f"{case}:1:{'0' * 64}" for case in cases]}),
        ("/inbox/undo", {"undo": [f"{case}:1" for case in cases]}),
    ):
        answer = one.post(path, form)
        assert (answer.status_code, "at most 50 cases" in answer.text) == (400, True), path
    assert events(web, size) == []


def test_nobody_learns_a_personal_value_by_guessing(opened: Opened) -> None:
    web = opened(lines({"id": "a", "amount": 777}, {"id": "b", "amount": 888}), columns=PERSONAL)
    case = only_case(web)
    rows, hidden = f"/api/cases/{case.id}/rows", page(web.site.platform, case)[0].reasons[0]["value"]
    analyst, reviewer = Reviewer(web, Grant(role=Role.ANALYST)), Reviewer(web)
    for guess in (hidden, "999"):
        assert analyst.client.get(rows, params={"value": guess}).status_code == 403
        shown = analyst.client.get("/inbox", params={"found": guess}).text
        assert shown.count('name="row"') == analyst.client.get("/inbox").text.count('name="row"')
    size = web.site.platform.ledger.log_size()
    assert len(reviewer.client.get(rows, params={"value": hidden}).json()["rows"]) == 1
    wanted = {"act": "release", "value": hidden}
    assert send(web, bearer(web, reviewer.account, Permission.DECIDE), f"{case.id}/plan", wanted).status_code == 403
    own = bearer(web, reviewer.account, Permission.DECIDE, Permission.UNMASK)
    assert send(web, own, f"{case.id}/plan", wanted).json()["rows"] == 1
    form = {"case": case.id, "filtered": "1", "found": hidden}
    assert reviewer.post("/inbox/plan", form).status_code == 200
    looks = [fields for type_, fields in events(web, size) if type_ == "personal_seen"]
    assert [(one["case"], one["columns"]) for one in looks] == [(case.id, ["amount"])] * 3
    assert str(hidden) not in json.dumps(looks)


def test_nobody_who_is_disabled_is_made_responsible(web: Web) -> None:
    one, gone = Reviewer(web), web.account(REVIEWER)
    set_disabled(web.site.people, gone, disabled=True, by="test")
    answer = one.post(f"/cases/{case_of(web, 'total_mismatch').id}/assign", {"account": gone.name})
    assert (answer.status_code, "is disabled" in answer.text) == (400, True)
