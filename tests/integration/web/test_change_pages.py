"""Pages of changes of rules: the form with its dry run, the case, the inbox; and who gets them."""

from __future__ import annotations

import html
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.web.conftest import Web
from tests.integration.web.test_cases import Reviewer, decision_of, held, hidden, landed
from tests.integration.web.test_changes_api import LIMIT, changes, contract_text, next_contract, propose

from headgate.core.cases import CaseFilter, CaseKind
from headgate.core.roles import Grant, Role
from headgate.deciding.execution import execute_due

__all__ = ["held", "landed"]

FORM = "/flows/sales/change"


def filled(web: Web, **changed: str) -> dict[str, str]:
    """The form as it is shown, with what somebody changed in it."""
    values = {
        f"value.{one.name}": one.value for one in web.site.platform.ledger.parameters("sales") if one.name != "fx_rates"
    }
    return values | {"contract": contract_text(web).replace("\n", "\r\n"), "reason": "season"} | changed


def dry_run(reviewer: Reviewer, form: dict[str, str]) -> str:
    answer = reviewer.post(f"{FORM}/plan", form)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def digest_in(text: str) -> str:
    (digest,) = hidden(text, "digest")
    return digest


def change(reviewer: Reviewer) -> Any:  # noqa: ANN401  a case
    propose(reviewer, LIMIT | {"reason": "season"})
    (case,) = reviewer.web.site.desk.cases.cases(CaseFilter(kind=CaseKind.CHANGE))
    return case


def test_a_change_is_shown_before_it_is_proposed(web: Web) -> None:
    one = Reviewer(web)
    shown = one.client.get(FORM).text
    assert 'name="value.amount_limit" value="2500.00"' in shown
    assert "Propose the change" not in shown
    form = filled(web, **{"value.amount_limit": "3000"})
    planned = dry_run(one, form)
    assert "<del><bdi>2500.00</bdi></del>" in planned
    assert "<ins><bdi>3000.00</bdi></ins>" in planned
    assert "needed, none of them yours" in planned
    assert changes(web) == []
    answer = one.post(FORM, form | {"digest": digest_in(planned)})
    (case,) = changes(web)
    assert answer.headers["location"] == f"/cases/{case}"


def test_without_a_dry_run_it_is_shown_instead(web: Web) -> None:
    answer = Reviewer(web).post(FORM, filled(web, **{"value.amount_limit": "3000"}))
    assert "Propose the change" in answer.text
    assert changes(web) == []


def test_another_than_was_shown_is_not_proposed(web: Web) -> None:
    one = Reviewer(web)
    planned = dry_run(one, filled(web, **{"value.amount_limit": "3000"}))
    answer = one.post(FORM, filled(web, **{"value.amount_limit": "3500"}) | {"digest": digest_in(planned)})
    assert answer.status_code == 409
    assert "Nothing was proposed" in answer.text
    assert changes(web) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "says what shall change"),
        ({"value.amount_limit": "much"}, "'much' is none"),
        ({"value.amount_limit": "<b>3</b>"}, "'<b>3</b>' is none"),
        ({"contract": "version: ["}, "not YAML"),
        ({"value.nothing": "3"}, "no parameter 'nothing'"),
    ],
)
def test_what_cannot_be_proposed_says_why(web: Web, changed: dict[str, str], said: str) -> None:
    answer = Reviewer(web).post(f"{FORM}/plan", filled(web, **changed))
    assert answer.status_code in {400, 404}
    assert said in html.unescape(answer.text)
    assert "<b>3</b>" not in answer.text
    assert "season" in answer.text  # nothing that was entered is lost


def test_a_contract_is_shown_in_words_and_as_text(web: Web) -> None:
    one = Reviewer(web)
    form = filled(web, contract=next_contract(web).replace("\n", "\r\n"))
    planned = dry_run(one, form)
    assert "becomes 99.0.0" in planned
    assert "<ins>+version: 99.0.0</ins>" in planned
    assert "<del>-version:" in planned
    one.post(FORM, form | {"digest": digest_in(planned)})
    (case,) = changes(web)
    shown = one.client.get(f"/cases/{case}").text
    assert "<ins>+version: 99.0.0</ins>" in shown
    assert "What changes" in shown


def test_the_case_says_who_may_agree_and_to_what(web: Web) -> None:
    one, other, third = Reviewer(web), Reviewer(web), Reviewer(web)
    case = change(one)
    own, shown = one.client.get(f"/cases/{case.id}").text, html.unescape(other.client.get(f"/cases/{case.id}").text)
    assert f"{one.account.name} wrote the change: another account must agree" in html.unescape(own)
    assert f"{one.account.name} cannot vote" in shown
    assert f"{third.account.name} may vote" in shown
    assert "<del><bdi>2500.00</bdi></del>" in shown
    assert "amount_limit v1" in shown
    assert 'name="digest"' in shown
    decision = decision_of(web, case)
    vote = {"number": "1", "digest": decision.digest}
    assert one.post(f"/cases/{case.id}/vote", vote).status_code == 403
    other.post(f"/cases/{case.id}/vote", vote)
    other.post(f"/cases/{case.id}/comments", {"text": "from monday"})
    other.post(f"/cases/{case.id}/assign", {"account": third.account.name})
    third.post(f"/cases/{case.id}/vote", vote)
    shown = other.client.get(f"/cases/{case.id}").text
    assert "The change of rules is decided" in shown
    assert "from monday" in shown
    third.post(f"/cases/{case.id}/withdraw", {"number": "1"})
    shown = other.client.get(f"/cases/{case.id}").text
    assert "Change of rules: withdrawn" in shown
    assert "took it back" in shown


def test_what_took_effect_says_so(web: Web) -> None:
    one, other, third = Reviewer(web), Reviewer(web), Reviewer(web)
    case = change(one)
    vote = {"number": "1", "digest": decision_of(web, case).digest}
    for reviewer in (other, third):
        reviewer.post(f"/cases/{case.id}/vote", vote)
    web.clock.now += timedelta(seconds=web.site.platform.flows["sales"].review.undo_s)
    (done,) = execute_due(web.site.desk)
    assert done.state == "executed", done.note
    shown = one.client.get(f"/cases/{case.id}").text
    assert "The change is in force." in shown
    assert "<ins><bdi>3000.00</bdi></ins>" in shown
    assert "Change of rules: executed" in shown
    assert one.account.name in one.client.get("/flows/sales").text  # who set it


def test_the_inbox_lists_it_and_leads_to_its_page(web: Web) -> None:
    one, other = Reviewer(web), Reviewer(web)
    case = change(one)
    shown = other.client.get(f"/inbox?case={case.id}").text
    assert "Changes of rules" in shown
    assert f'href="/cases/{case.id}">the rules of sales</a>' in shown
    assert "/inbox/decide" not in shown
    assert "Change of rules" in other.client.get("/inbox?tab=under-way").text
    assert "0 of 2" in shown
    # by a form that no page of ours sends
    digest = decision_of(web, case).digest
    answer = other.post("/inbox/plan", {"case": case.id})
    assert "no case in which rules are changed row by row" in html.unescape(answer.text)
    other.post("/inbox/agree", {"agree": f"{case.id}:1:{digest}", "case": case.id})
    assert len(decision_of(web, case).agreed) == 1
    answer = other.client.get(f"/inbox?done={case.id}:1")
    assert answer.status_code == 200


def test_who_does_not_decide_sees_it_and_proposes_nothing(web: Web) -> None:
    case = change(Reviewer(web))
    analyst = Reviewer(web, Grant(role=Role.ANALYST))
    elsewhere = Reviewer(web, Grant(role=Role.REVIEWER, flow="retail"))
    assert analyst.client.get(f"/cases/{case.id}").status_code == 200
    assert elsewhere.client.get(f"/cases/{case.id}").status_code == 404
    assert "Propose a change" not in analyst.client.get("/flows/sales").text
    assert "Propose a change" in Reviewer(web).client.get("/flows/sales").text
    for act in ("", "/plan"):
        assert analyst.post(FORM + act, filled(web)).status_code == 403
        assert elsewhere.post(FORM + act, filled(web)).status_code == 404
    assert (analyst.client.get(FORM).status_code, elsewhere.client.get(FORM).status_code) == (403, 404)
    assert Reviewer(web).client.post(FORM, data=filled(web)).status_code == 403  # not from our form


def test_where_somebody_decides_a_parameter_is_not_set_by_one(web: Web) -> None:
    Reviewer(web)
    operator = Reviewer(web, Grant(role=Role.OPERATOR))
    form = {"name": "amount_limit", "value": "3000", "reason": "season"}
    answer = operator.post("/flows/sales/parameters", form)
    assert answer.status_code == 400
    assert "its rules change by their votes" in answer.text
    assert "Change 1 parameter" not in answer.text
    assert web.site.platform.ledger.parameters("sales", "amount_limit")[-1].number == 1


def test_a_flow_whose_folder_has_other_line_ends(web: Web) -> None:
    place = Path(web.site.platform.flows["sales"].folder) / "contract.odcs.yaml"
    place.write_bytes(place.read_bytes().replace(b"\n", b"\r\n"))
    answer = Reviewer(web).post(f"{FORM}/plan", filled(web))
    assert "says what shall change" in answer.text
