"""Pages of flows: what they tell, who may change a parameter, and that hostile words stay words."""

from __future__ import annotations

import json

import pytest
from tests.integration.web.conftest import Web

from headgate.core.ports import EventFilter
from headgate.core.roles import Grant, Role

FORM = {"name": "amount_limit", "value": "400.00", "reason": "A trial"}


def test_a_flow_is_told_for_people(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.AUDITOR)))
    listed = client.get("/flows").text
    assert '<a data-key="e" href="/flows/sales">' in listed
    text = client.get("/flows/sales").text
    for told in (
        "Transactions of the web shop",
        "The currency is one of five that are booked.",
        "completed, pending or refunded",
        "known in customers.customer_id",
        "A sale over the limit is held, and the limit is a parameter",
        "7,305 lines",
        "silver.transactions",
        "4.0.0",
    ):
        assert told in text, told
    assert "Change 1 parameter" not in text  # an auditor operates nothing


def test_what_rules_caught_is_what_the_ledger_counts(web: Web) -> None:
    platform = web.site.platform
    client = web.signed_in(web.account(Grant(role=Role.AUDITOR)))
    caught: dict[str, int] = {}
    for reason in platform.ledger.caught("sales", platform.clock().date()):
        caught[reason.rule] = caught.get(reason.rule, 0) + reason.rows
    known = {rule.id for rule in platform.flows["sales"].contract.rules}
    assert len(caught.keys() & known) > 5
    text = client.get("/flows/sales").text
    for rule, rows in ((rule, rows) for rule, rows in caught.items() if rule in known):
        line = text.split(f"<code>{rule}</code>")[1].split("</tr>")[0]
        assert f'<td class="num">{rows:,}</td>' in line, rule


def test_the_contract_comes_as_it_was_entered(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="sales")))
    answer = client.get("/flows/sales/contract.odcs.yaml")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "kind: DataContract" in answer.text
    assert client.get("/flows/retail/contract.odcs.yaml").status_code == 404


def test_a_parameter_is_changed_with_a_reason(web: Web) -> None:
    operator = web.account(Grant(role=Role.OPERATOR, flow="sales"))
    client = web.signed_in(operator)
    form = FORM | {"csrf": web.csrf(operator)}
    answer = client.post("/flows/sales/parameters", data=form)
    assert answer.status_code == 303
    ledger = web.site.platform.ledger
    newest = ledger.parameters("sales", "amount_limit")[-1]
    assert (newest.value, newest.set_by, newest.reason) == ("400.00", operator.name, "A trial")
    text = client.get(answer.headers["location"]).text
    assert f"Version {newest.number} is in force" in text
    assert f"<ins>v{newest.number}  400.00</ins>" in text
    assert f"<del>v{newest.number - 1}  " in text
    ((_, leaf),) = ledger.events(EventFilter(type="parameter"), most=1)
    assert json.loads(leaf)["fields"]["number"] == newest.number
    assert operator.name.encode() not in leaf


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reason": "  "}, "needs a reason"),
        ({"value": "a lot"}, "amount_limit"),
        ({"value": "9" * 30}, "amount_limit"),
        ({"name": "amount_limits"}, "has no parameter"),
        ({"name": "fx_rates", "value": "/etc/passwd"}, "is a table"),
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(web: Web, change: dict[str, str], told: str) -> None:
    operator = web.account(Grant(role=Role.OPERATOR))
    client = web.signed_in(operator)
    before = web.site.platform.ledger.parameters("sales")
    answer = client.post("/flows/sales/parameters", data=FORM | change | {"csrf": web.csrf(operator)})
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    assert told in answer.text
    assert web.site.platform.ledger.parameters("sales") == before


def test_who_operates_one_flow_changes_no_other(web: Web) -> None:
    account = web.account(Grant(role=Role.OPERATOR, flow="retail"), Grant(role=Role.ANALYST))
    client = web.signed_in(account)
    form = FORM | {"csrf": web.csrf(account)}
    assert client.post("/flows/sales/parameters", data=form).status_code == 403
    assert "Change 1 parameter" not in client.get("/flows/sales").text
    only = web.account(Grant(role=Role.OPERATOR, flow="retail"))
    other = web.signed_in(only)
    assert other.post("/flows/sales/parameters", data=FORM | {"csrf": web.csrf(only)}).status_code == 404
    assert other.get("/flows/sales").text == other.get("/flows/sales").text
    assert "There is no flow" in other.get("/flows/sales").text
    assert "There is no flow" in other.get("/flows/nowhere").text


def test_what_was_typed_stands_there_again_and_is_no_markup(web: Web) -> None:
    operator = web.account(Grant(role=Role.OPERATOR))
    client = web.signed_in(operator)
    hostile = '"><script>alert(1)</script>\u202e'
    form = {"name": "amount_limit", "value": hostile, "reason": hostile, "csrf": web.csrf(operator)}
    text = client.post("/flows/sales/parameters", data=form).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
