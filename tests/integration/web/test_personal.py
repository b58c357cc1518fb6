"""Personal values on pages: masked for everybody, shown to who may and asks, and every look recorded first."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.harness.project import all_deliveries, make_project, make_sales, open_project, run_files
from tests.integration.web.conftest import Web

from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role

WRONG_EMAIL = "wisla odra at lake"
WRONG_CUSTOMER = "Wisla Odra <wisla@lake.example.org>"
WRONG_CURRENCY = "WEIR"
REVIEWER = Grant(role=Role.REVIEWER, flow="sales")


def damaged(file: Path) -> None:
    """A wrong e-mail, a text instead of an object that holds personal columns, and a wrong value that is nobody's."""
    document = json.loads(file.read_text(encoding="utf-8"))
    rows = document["transactions"]
    rows[0]["customer"]["email"] = WRONG_EMAIL
    rows[1]["customer"] = WRONG_CUSTOMER
    rows[2]["payment"]["currency"] = WRONG_CURRENCY
    file.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("personal") / "project", "sales")
    platform = open_project(folder)
    files = make_sales(folder / "incoming", count=60, seed=5).files
    damaged(files[0])
    run_files(platform, files)
    platform.close()
    return folder


@pytest.fixture
def one(web: Web) -> Delivery:
    (delivery,) = [each for each in all_deliveries(web.site.platform) if each.reasons]
    return delivery


def looks(web: Web, size: int) -> list[dict[str, Any]]:
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    return [leaf for leaf in leaves if leaf["type"] == "personal_seen"]


def test_nobody_sees_a_personal_value_unasked(web: Web, one: Delivery) -> None:
    columns = {reason.column for reason in one.reasons}
    assert {"customer", "customer.email", "payment.currency"} <= columns
    for role in (Role.REVIEWER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR, Role.ADMIN):
        client = web.signed_in(web.account(Grant(role=role)))
        text = client.get(f"/deliveries/{one.id}").text
        assert WRONG_CURRENCY in text
        assert "personal, masked" in text
        assert ("(recorded)" in text) == (role is Role.REVIEWER)
        for told in (text, client.get(f"/api/deliveries/{one.id}").text):
            assert WRONG_EMAIL not in told
            assert "Wisla" not in told


@pytest.mark.parametrize(
    ("column", "shown", "hidden"),
    [("customer.email", WRONG_EMAIL, "Wisla Odra"), ("customer", "Wisla Odra", WRONG_EMAIL)],
)
def test_who_may_sees_the_column_that_was_asked_for(
    web: Web, one: Delivery, column: str, shown: str, hidden: str
) -> None:
    account = web.account(REVIEWER)
    client = web.signed_in(account)
    size = web.site.platform.ledger.log_size()
    text = client.post(f"/deliveries/{one.id}/personal", data={"csrf": web.csrf(account), "column": column}).text
    assert shown in text
    assert hidden not in text
    assert "your look is recorded" in text
    (look,) = looks(web, size)
    assert (look["delivery"], look["flow"]) == (one.id, "sales")
    assert look["fields"] == {"account": account.id, "columns": [column]}
    assert shown not in json.dumps(look)
    assert shown not in client.get(f"/deliveries/{one.id}").text  # the next page is masked again


def test_who_may_not_sees_nothing_and_is_recorded(web: Web, one: Delivery) -> None:
    for grants in ([Grant(role=Role.ADMIN)], [Grant(role=Role.ANALYST)], [Grant(role=Role.REVIEWER, flow="retail")]):
        account = web.account(*grants)
        client = web.signed_in(account)
        size = web.site.platform.ledger.log_size()
        form = {"csrf": web.csrf(account), "column": "customer.email"}
        answer = client.post(f"/deliveries/{one.id}/personal", data=form)
        assert answer.status_code in {403, 404}
        assert WRONG_EMAIL not in answer.text
        assert looks(web, size) == []
        assert web.site.platform.ledger.log_size() == size + 1  # access_refused


def test_one_flows_reviewer_who_sees_another_flow(web: Web, one: Delivery) -> None:
    account = web.account(Grant(role=Role.REVIEWER, flow="retail"), Grant(role=Role.ANALYST, flow="sales"))
    client = web.signed_in(account)
    assert "(recorded)" not in client.get(f"/deliveries/{one.id}").text
    form = {"csrf": web.csrf(account), "column": "customer.email"}
    assert client.post(f"/deliveries/{one.id}/personal", data=form).status_code == 403


def test_a_column_that_has_no_reason_records_nothing(web: Web, one: Delivery) -> None:
    account = web.account(REVIEWER)
    client = web.signed_in(account)
    size = web.site.platform.ledger.log_size()
    for column in ("customer.name", "<b>", "wisla@lake.example.org"):
        form = {"csrf": web.csrf(account), "column": column}
        assert client.post(f"/deliveries/{one.id}/personal", data=form).status_code == 404
    assert web.site.platform.ledger.log_size() == size


def test_nothing_is_shown_that_could_not_be_recorded(web: Web, landed: Path, one: Delivery) -> None:
    account = web.account(REVIEWER)
    client, csrf = web.signed_in(account), web.csrf(account)
    place = f"{landed}/ledger.db"
    impatient = SqliteAccounts(f"sqlite:///{place}", busy_timeout_s=0.05)
    web.app.state.site = replace(web.site, people=replace(web.site.people, accounts=impatient))
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.post(f"/deliveries/{one.id}/personal", data={"csrf": csrf, "column": "customer.email"})
        other.execute("ROLLBACK")
    impatient.close()
    assert answer.status_code == 503
    assert WRONG_EMAIL not in answer.text
