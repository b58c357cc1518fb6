"""Cases on the web: corrections, votes bound to what was shown, undo, and who may do none of it."""

from __future__ import annotations

import html
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.harness.project import make_project, make_sales, open_project, run_files
from tests.integration.web.conftest import Web

from headgate import pipeline
from headgate.core.accounts import Account
from headgate.core.cases import Act, Case, CaseFilter, DecisionState
from headgate.core.ports import DeliveryFilter
from headgate.core.roles import Grant, Role
from headgate.deciding.desk import document_of
from headgate.deciding.execution import execute_due
from headgate.generate.defects import Defect
from headgate.people import add_account, change_grants
from headgate.serve.case_rows import page

PART = {"X-Headgate-Part": "1"}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which rows of one file wait for three reasons, some of them more than once."""
    folder = make_project(tmp_path_factory.mktemp("held") / "project", "retail", "sales")
    platform = open_project(folder)
    kinds = frozenset({Defect.TOTAL_MISMATCH, Defect.UNKNOWN_CURRENCY, Defect.KEY_CONFLICT})
    run_files(platform, make_sales(folder / "incoming", count=400, seed=5, defects=0.04, kinds=kinds).files)
    platform.close()
    return folder


@pytest.fixture
def landed(held: Path, tmp_path: Path) -> Path:
    """A copy of it, to decide in."""
    return Path(shutil.copytree(held, tmp_path / "project"))


class Reviewer:
    """Somebody who decides, with a browser."""

    def __init__(self, web: Web, *grants: Grant, account: Account | None = None) -> None:
        self.web = web
        self.account = account or web.account(*(grants or (Grant(role=Role.REVIEWER),)))
        self.client: TestClient = web.signed_in(self.account)

    def post(self, path: str, data: dict[str, Any], *, live: bool = False) -> Any:  # noqa: ANN401  an answer
        return self.client.post(path, data={"csrf": self.web.csrf(self.account)} | data, headers=PART if live else None)


def case_of(web: Web, code: str) -> Case:
    return next(case for case in web.site.desk.cases.cases(CaseFilter()) if case.code == code)


def decision_of(web: Web, case: Case) -> Any:  # noqa: ANN401  a decision
    return web.site.desk.cases.decisions([case.id])[-1]


def hidden(text: str, name: str) -> list[str]:
    """Values of a form's hidden fields of that name."""
    return [html.unescape(value) for value in re.findall(rf'name="{re.escape(name)}" value="([^"]*)"', text)]


def released(reviewer: Reviewer, case: Case, reason: str = "looked at") -> Any:  # noqa: ANN401
    """Plan and decide a release of all rows as the pages do; the answer to the second."""
    planned = reviewer.post("/inbox/plan", {"case": case.id}, live=True).text
    digest = hidden(planned, "digest.release")
    form = {"case": case.id, "act": "release", "digest.release": digest, "reason": reason, "back": "case"}
    return reviewer.post("/inbox/decide", form)


def corrected(reviewer: Reviewer, case: Case, row: int, path: str, value: str, **more: str) -> Any:  # noqa: ANN401
    """Check and propose a correction of one field as the page does."""
    form = {"row": str(row), f"value.{path}": value, "reason": "as the sender says"}
    checked = reviewer.post(f"/cases/{case.id}/plan", form, live=True).text
    shown = {name: (hidden(checked, name) or [""])[0] for name in ("digest", "instead")}
    return reviewer.post(f"/cases/{case.id}/propose", form | shown | more)


def test_a_row_is_corrected_by_one_and_approved_by_another(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    case = case_of(web, "unknown_currency")
    row = page(web.site.platform, case)[0]
    assert corrected(one, case, row.row, "payment.currency", "EUR").status_code == 303
    decision = decision_of(web, case)
    (record,) = document_of(web.site.desk, decision).records.values()
    found = row.reasons[0]["value"]
    assert record == row.record.replace(f'"currency":"{found}"', '"currency":"EUR"')  # type: ignore[union-attr]
    form = {"number": decision.number, "digest": decision.digest}
    own = one.post(f"/cases/{case.id}/vote", form)
    assert own.status_code == 403
    assert "edited the rows" in own.text
    assert decision_of(web, case).agreed == ()
    shown = other.client.get(f"/cases/{case.id}").text
    assert f"<del>{found}</del> <ins>EUR</ins>" in shown
    assert other.post(f"/cases/{case.id}/vote", form).status_code == 303
    assert decision_of(web, case).state is DecisionState.DECIDED
    web.clock.now += timedelta(seconds=31)
    (executed,) = execute_due(web.site.desk)
    pipeline.work(web.site.platform)
    after = other.client.get(f"/cases/{case.id}").text
    assert (executed.amendment or "none") in after
    assert "/receipts/2" in after


def test_a_decision_is_taken_back_until_it_is_due(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "total_mismatch")
    assert released(one, case).headers["location"] == f"/cases/{case.id}"
    assert "can be taken back until then" in one.client.get(f"/cases/{case.id}").text
    assert one.post(f"/cases/{case.id}/withdraw", {"number": 1}).status_code == 303
    assert decision_of(web, case).state is DecisionState.WITHDRAWN
    web.clock.now += timedelta(seconds=60)
    assert execute_due(web.site.desk) == []
    again = one.post(f"/cases/{case.id}/withdraw", {"number": 1})
    assert again.status_code == 409
    assert "withdrawn already" in again.text


def test_nothing_is_proposed_that_was_not_shown(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "total_mismatch")
    form = {"case": case.id, "act": "release", "digest.release": f"{case.id}:{'0' * 64}", "reason": "x"}
    answer = one.post("/inbox/decide", form)
    assert answer.status_code == 409
    assert "You were shown 0000" in answer.text
    assert "Nothing was decided." in answer.text
    assert web.site.desk.cases.decisions([case.id]) == []
    without = one.post("/inbox/decide", form | {"digest.release": ""})
    assert without.status_code == 409


def test_without_a_script_the_first_button_shows_what_the_second_does(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "total_mismatch")
    planned = one.post("/inbox/plan", {"case": case.id, "group": "", "only": case.id, "reason": "because"})
    assert planned.status_code == 200
    assert "will be released." in planned.text
    assert hidden(planned.text, "digest.release")
    unasked = one.post("/inbox/decide", {"case": case.id, "act": "reject", "reason": "because"})
    assert "will be rejected for good." in unasked.text
    assert web.site.desk.cases.decisions([case.id]) == []


def test_who_was_second_is_told_who_was_first(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    case = case_of(web, "total_mismatch")
    planned = other.post("/inbox/plan", {"case": case.id}, live=True).text
    assert released(one, case).status_code == 303
    form = {"case": case.id, "act": "release", "digest.release": hidden(planned, "digest.release"), "reason": "x"}
    answer = other.post("/inbox/decide", form)
    assert answer.status_code == 409
    assert "has a decision under way already" in answer.text
    assert len(web.site.desk.cases.decisions([case.id])) == 1


def test_a_vote_for_what_was_changed_meanwhile_does_not_count(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    case = case_of(web, "unknown_currency")
    row = page(web.site.platform, case)[0].row
    corrected(one, case, row, "payment.currency", "EUR")
    before = decision_of(web, case)
    assert corrected(one, case, row, "payment.currency", "USD").status_code == 303
    answer = other.post(f"/cases/{case.id}/vote", {"number": before.number, "digest": before.digest})
    assert answer.status_code == 409
    assert "The content changed while you read" in answer.text
    assert "Your vote was not counted" in html.unescape(answer.text)
    assert decision_of(web, case).agreed == ()


def test_a_correction_does_not_replace_a_proposal_that_was_not_shown(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    case = case_of(web, "unknown_currency")
    row = page(web.site.platform, case)[0].row
    form = {"row": str(row), "value.payment.currency": "EUR", "reason": "as the sender says"}
    checked = other.post(f"/cases/{case.id}/plan", form, live=True).text
    corrected(one, case, row, "payment.currency", "USD")
    shown = {name: (hidden(checked, name) or [""])[0] for name in ("digest", "instead")}
    answer = other.post(f"/cases/{case.id}/propose", form | shown)
    assert answer.status_code == 409
    assert '"currency":"USD"' in str(document_of(web.site.desk, decision_of(web, case)).records)


def test_corrections_of_several_rows_are_one_proposal(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "total_mismatch")
    rows = page(web.site.platform, case)
    assert len(rows) > 1
    for row in rows[:2]:
        record = json.loads(row.record or "")
        total = sum(item["line_total"] for item in record["items"]) + record["tax"] + record["shipping"]["cost"]
        assert corrected(one, case, row.row, "total", f"{total:.2f}").status_code == 303
    decision = decision_of(web, case)
    assert (decision.number, decision.rows, decision.act) == (1, 2, Act.CORRECT)
    assert set(document_of(web.site.desk, decision).records) == {str(row.row) for row in rows[:2]}


def test_a_correction_that_does_not_pass_says_which_rule(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "unknown_currency")
    row = page(web.site.platform, case)[0].row
    checked = one.post(f"/cases/{case.id}/plan", {"row": str(row), "value.payment.currency": "XXX"}, live=True)
    assert "unknown_currency on 1" in checked.text
    assert not hidden(checked.text, "digest")
    nothing = one.post(f"/cases/{case.id}/plan", {"row": str(row)}, live=True)
    assert "Nothing is changed yet" in nothing.text
    kind = one.post(f"/cases/{case.id}/plan", {"row": str(row), "value.total": "twelve"}, live=True)
    assert "takes a number" in kind.text


def test_who_sent_the_file_does_not_decide_on_it(web: Web) -> None:
    case = case_of(web, "total_mismatch")
    (origin,) = web.site.platform.ledger.deliveries(DeliveryFilter(ids=(case.delivery or "",)))
    account = add_account(web.site.people, origin.sender, [Grant(role=Role.REVIEWER)], by="test")
    sender, other = Reviewer(web, account=account), Reviewer(web)
    answer = released(sender, case)
    assert answer.status_code == 403
    assert "who delivered does not decide on it" in answer.text
    assert released(other, case).status_code == 303
    decision = decision_of(web, case)
    own = sender.post(f"/cases/{case.id}/vote", {"number": 1, "digest": decision.digest})
    assert own.status_code == 409  # one vote is enough here: it is decided
    assert "Somebody else" not in sender.client.get(f"/cases/{case.id}").text


def test_a_role_that_was_taken_away_counts_no_more(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    case = case_of(web, "unknown_currency")
    corrected(one, case, page(web.site.platform, case)[0].row, "payment.currency", "EUR")
    decision = decision_of(web, case)
    change_grants(web.site.people, other.account, [Grant(role=Role.ANALYST)], by="test")
    assert other.post(f"/cases/{case.id}/vote", {"number": 1, "digest": decision.digest}).status_code == 403
    assert decision_of(web, case).agreed == ()


def test_a_case_of_another_flow_is_not_there(web: Web) -> None:
    case = case_of(web, "total_mismatch")
    other = Reviewer(web, Grant(role=Role.REVIEWER, flow="retail"))
    size = web.site.platform.ledger.log_size()
    for path in (f"/cases/{case.id}", f"/api/cases/{case.id}", f"/cases/{case.id}/rows/1/record"):
        assert other.client.get(path).status_code == 404, path
    assert other.post("/inbox/plan", {"case": case.id}).status_code == 404
    assert other.post(f"/cases/{case.id}/comments", {"text": "x"}).status_code == 404
    assert case.id not in other.client.get("/inbox").text
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    assert [leaf["type"] for leaf in leaves if leaf["type"] != "signed_in"].count("access_refused") == 5
    unknown = other.client.get("/cases/c-0000000000000000")
    known = other.client.get(f"/cases/{case.id}")
    assert unknown.text.replace("c-0000000000000000", case.id)[:3_000] == known.text[:3_000]


def test_who_sees_a_flow_without_deciding_in_it_decides_nothing(web: Web) -> None:
    case = case_of(web, "total_mismatch")
    one = Reviewer(web, Grant(role=Role.ANALYST), Grant(role=Role.REVIEWER, flow="retail"))
    shown = one.client.get(f"/cases/{case.id}")
    assert shown.status_code == 200
    assert "do not decide in flow sales" in shown.text
    assert one.post("/inbox/plan", {"case": case.id}).status_code == 403
    assert one.post(f"/cases/{case.id}/propose", {"row": 1}).status_code == 403


def test_personal_values_are_masked_until_somebody_looks_who_may(web: Web) -> None:
    case = case_of(web, "total_mismatch")
    row = page(web.site.platform, case)[0]
    customer = json.loads(row.record or "")["customer"]
    one = Reviewer(web)
    size = web.site.platform.ledger.log_size()
    masked = one.client.get(f"/cases/{case.id}?row={row.row}").text
    assert customer["email"] not in masked
    assert customer["name"] not in masked
    shown = one.client.get(f"/cases/{case.id}?row={row.row}&show=personal").text
    assert customer["email"] in shown
    raw = one.client.get(f"/cases/{case.id}/rows/{row.row}/record")
    assert (raw.text, raw.headers["content-disposition"][:10]) == (row.record, "attachment")
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    seen = [leaf["fields"] for leaf in leaves if leaf["type"] == "personal_seen"]
    assert [one_["case"] for one_ in seen] == [case.id] * 2
    assert "customer.email" in seen[0]["columns"]
    assert customer["email"] not in json.dumps(leaves)
    analyst = Reviewer(web, Grant(role=Role.ANALYST))
    assert customer["email"] not in analyst.client.get(f"/cases/{case.id}?row={row.row}").text
    assert analyst.client.get(f"/cases/{case.id}?row={row.row}&show=personal").status_code == 403
    assert analyst.client.get(f"/api/cases/{case.id}/rows?personal=1").status_code == 403


def test_what_stays_masked_is_not_taken_for_an_edit(web: Web) -> None:
    case = case_of(web, "unknown_currency")
    row = page(web.site.platform, case)[0]
    one = Reviewer(web)
    text = one.client.get(f"/cases/{case.id}?row={row.row}").text
    fields = dict(re.findall(r'name="(value\.[^"]+)" value="([^"]*)"', text))
    assert "value.customer.email" not in fields
    form = {name: html.unescape(value) for name, value in fields.items()}
    nothing = one.post(f"/cases/{case.id}/plan", form | {"row": str(row.row)}, live=True).text
    found = row.reasons[0]["value"]
    form["value.payment.currency"] = found
    nothing = one.post(f"/cases/{case.id}/plan", form | {"row": str(row.row)}, live=True).text
    assert "Nothing is changed yet" in nothing


def test_comments_name_whom_they_are_for_and_ask_the_sender(web: Web) -> None:
    case = case_of(web, "total_mismatch")
    one, other = Reviewer(web), Reviewer(web)
    text = f"@{other.account.name} look, @nobody-there too <script>"
    assert one.post(f"/cases/{case.id}/comments", {"text": text, "question": "1"}).status_code == 303
    shown = other.client.get(f"/cases/{case.id}").text
    assert f'<b class="mention">@{other.account.name}</b>' in shown
    assert '<b class="mention">@nobody-there' not in shown
    assert "&lt;script&gt;" in shown
    assert "the sender was asked" in shown
    assert one.post(f"/cases/{case.id}/comments", {"text": "  "}).status_code == 400


def test_somebody_who_decides_is_made_responsible(web: Web) -> None:
    case = case_of(web, "total_mismatch")
    one, analyst = Reviewer(web), web.account(Grant(role=Role.ANALYST))
    assert one.post(f"/cases/{case.id}/assign", {"account": one.account.name}).status_code == 303
    assert case.id in one.client.get("/inbox?tab=mine").text
    refused = one.post(f"/cases/{case.id}/assign", {"account": analyst.name})
    assert refused.status_code == 400
    assert "does not decide in flow sales" in refused.text
    assert one.post(f"/cases/{case.id}/assign", {"account": ""}).status_code == 303
    assert case.id not in one.client.get("/inbox?tab=mine").text


def test_several_cases_are_told_one_by_one(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    first, second = case_of(web, "total_mismatch"), case_of(web, "unknown_currency")
    planned = one.post("/inbox/plan", {"case": [first.id, second.id]}, live=True).text
    released(other, first)
    digests = hidden(planned, "digest.release")
    assert len(digests) == 2
    form = {"case": [first.id, second.id], "act": "release", "digest.release": digests, "reason": "both"}
    answer = one.post("/inbox/decide", form)
    assert answer.status_code == 200
    assert "1\N{NO-BREAK SPACE}case could not be decided" in html.unescape(answer.text)
    assert "has a decision under way already" in answer.text
    assert decision_of(web, second).state is DecisionState.DECIDED
    undone = one.post("/inbox/undo", {"undo": f"{second.id}:1"})
    assert undone.status_code == 303
    assert decision_of(web, second).state is DecisionState.WITHDRAWN


def test_rows_are_left_out_or_picked(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "total_mismatch")
    rows = [row.row for row in page(web.site.platform, case)]
    listed = [f"{case.id}:{row}" for row in rows]
    base = {"case": case.id, "listed": listed}
    picked = one.post("/inbox/plan", base | {"which": "checked", "row": listed[:1]}, live=True).text
    assert "1 row will be released." in picked
    but = one.post("/inbox/plan", base | {"which": "but", "row": listed[1:]}, live=True).text
    assert f"{len(rows) - 1} row" in but
    none = one.post("/inbox/plan", base | {"which": "checked"}, live=True).text
    assert "no row of case" in none
    odd = one.post("/inbox/plan", base | {"row": "no row"}, live=True)
    assert odd.status_code == 400


def test_a_value_is_set_in_all_rows(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "unknown_currency")
    form = {"case": case.id, "path": "payment.currency", "value": "EUR"}
    planned = one.post("/inbox/plan", form, live=True).text
    assert f"{case.left} row{'s' if case.left > 1 else ''} will be released as corrected." in planned
    digest = hidden(planned, "digest.correct")
    decided = one.post("/inbox/decide", form | {"act": "correct", "digest.correct": digest, "reason": "booked in EUR"})
    assert decided.status_code == 303
    records = document_of(web.site.desk, decision_of(web, case)).records
    assert {json.loads(record)["payment"]["currency"] for record in records.values()} == {"EUR"}


def test_two_keys_are_never_released(web: Web) -> None:
    one = Reviewer(web)
    case = case_of(web, "key_conflict")
    planned = one.post("/inbox/plan", {"case": case.id}, live=True).text
    assert "never released" in planned
    assert not hidden(planned, "digest.release")
    assert hidden(planned, "digest.reject")
    assert "Published under the same key" in one.client.get(f"/cases/{case.id}").text


def test_the_first_page_and_every_page_say_what_waits(web: Web) -> None:
    one = Reviewer(web)
    cases = len(web.site.desk.cases.cases(CaseFilter()))
    text = one.client.get("/").text
    assert f"waiting for you: </span>{cases}</span>" in text
    assert "Waits for you" in text
    analyst = Reviewer(web, Grant(role=Role.ANALYST)).client.get("/").text
    assert "waiting for you" not in analyst
    assert "Waits for you" not in analyst
