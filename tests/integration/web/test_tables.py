"""Pages of tables: rows without personal values, for who may read them, at a bounded price."""

from __future__ import annotations

import re

import pytest
from tests.integration.web.conftest import Web

from headgate.core.ports import DeliveryFilter
from headgate.core.roles import Grant, Role
from headgate.serve.relations import engine_over, standing_tables

PAGES = ("", "/columns", "/versions", "/versions?old=0&new=0", "?columns=all")


def test_tables_are_listed_for_who_may_read_them(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="sales")))
    text = client.get("/tables").text
    assert "/tables/sales.silver.transactions" in text
    other = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="retail")))
    assert "No table yet" in other.get("/tables").text
    for page in PAGES:
        answer = other.get(f"/tables/sales.silver.transactions{page}")
        assert answer.status_code == 404
        nowhere = other.get(f"/tables/nowhere.silver.transactions{page}")
        assert answer.text.replace("sales.silver", "nowhere.silver") == nowhere.text


def test_a_table_of_a_flow_that_one_only_sees_stays_shut(web: Web) -> None:
    account = web.account(Grant(role=Role.ANALYST, flow="retail"), Grant(role=Role.AUDITOR))
    client = web.signed_in(account)
    assert client.get("/flows/sales").status_code == 200
    assert client.get("/tables/sales.silver.transactions").status_code == 404
    assert "/tables/sales.silver" not in client.get("/flows/sales").text


def personal_values(web: Web) -> set[str]:
    (one,) = [one for one in standing_tables(web.site.platform) if one.table == "sales/silver/transactions"]
    sql = "SELECT customer_email, customer_name, shipping_address FROM t"
    with engine_over(web.site.platform, {"t": (one.table, one.version)}) as engine:
        return {value for row in engine.rows(sql) for value in row if value and not value[-4:].isdigit()}


def test_no_page_holds_a_personal_value(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST), Grant(role=Role.REVIEWER)))
    values = personal_values(web)
    assert len(values) > 50
    listed = re.findall(r'href="/tables/([\w.]+)"', client.get("/tables").text)
    assert len(listed) > 5
    for table in listed:
        for page in PAGES:
            text = client.get(f"/tables/{table}{page}").text
            assert "<h1>" in text
            assert not [value for value in values if value in text], (table, page)


def test_the_pages_go_on_to_the_end(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST)))
    path, seen = "/tables/sales.silver.transactions", list[str]()
    while path:
        text = client.get(path).text
        seen += re.findall(r"<bdi>(T\d{8}-\d+)</bdi>", text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    counts = [one.counts for one in web.site.platform.ledger.deliveries(DeliveryFilter(flow="sales"))]
    assert len(seen) == len(set(seen)) == sum(one.accepted for one in counts if one)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?after=nonsense", 400),
        ("?after=%5B%22%27%3B--%22%2Cnull%2Cnull%5D", 200),
        ("/versions?old=0&new=99", 400),
        ("/versions?old=-1&new=0", 422),
        ("/versions?old=x&new=0", 422),
        ("/versions?before=0", 200),
        ("?after=" + "x" * 5000, 422),
    ],
)
def test_odd_questions_get_an_answer(web: Web, query: str, status: int) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST)))
    answer = client.get(f"/tables/sales.silver.transactions{query}")
    assert answer.status_code == status
    assert "Traceback" not in answer.text
