from __future__ import annotations

from pathlib import Path

import pytest

from headgate.core.column_lineage import trace
from headgate.core.errors import QueryRefusedError
from headgate.core.flow_lineage import flow_lineage
from headgate.core.memo import Memo
from headgate.project import load_flow

FLOWS = Path(__file__).parents[3] / "flows"
KNOWN = {
    "accepted": ["id", "at", "customer", "customer.email", "items", "items[]", "items[].price", "items[].n"],
    "t": ["id", "a", "b"],
    "u": ["id", "c"],
}
CASES = {
    "plain": ("SELECT id, a + b AS s FROM t", {"id": "t.id", "s": "t.a t.b"}),
    "nothing is read": ("SELECT 1 AS one, count(*) AS n FROM t", {"one": "", "n": ""}),
    "objects": ("SELECT customer.email AS e FROM accepted", {"e": "accepted.customer.email"}),
    "star": ("SELECT * FROM t", {"id": "t.id", "a": "t.a", "b": "t.b"}),
    "star without": ("SELECT * EXCLUDE (a, b) FROM t", {"id": "t.id"}),
    "star of one": ("SELECT x.*, c FROM t JOIN u AS x USING (id)", {"id": "u.id", "c": "u.c"}),
    "join": ("SELECT t.id, u.c AS d, a FROM t JOIN u ON t.id = u.id", {"id": "t.id", "d": "u.c", "a": "t.a"}),
    "common table": ("WITH w AS (SELECT a AS z FROM t) SELECT z * 2 AS y FROM w", {"y": "t.a"}),
    "union by place": ("SELECT a AS z FROM t UNION ALL SELECT c FROM u", {"z": "t.a u.c"}),
    "a query inside": ("SELECT (SELECT max(c) FROM u) AS m FROM t", {"m": "u.c"}),
    "alias of the same SELECT": ("SELECT a AS z, z + 1 AS y FROM t", {"z": "t.a", "y": "t.a"}),
    "elements": ("SELECT i.price AS p FROM (SELECT unnest(items) AS i FROM accepted)", {"p": "accepted.items[].price"}),
    "comprehension": (
        "SELECT list_sum([i.n FOR i IN items]) AS n FROM accepted",
        {"n": "accepted.items accepted.items[].n"},
    ),
    "windows": ("SELECT sum(a) OVER (PARTITION BY b ORDER BY id) AS s FROM t", {"s": "t.a t.b t.id"}),
    "table parameter": ("SELECT rates(a) AS r FROM t", {"r": "rates. t.a"}),
    "of another flow": ("SELECT x FROM sales.daily", {"x": "sales.daily.x"}),
}


@pytest.mark.parametrize("title", CASES)
def test_columns_are_followed(title: str) -> None:
    sql, expected = CASES[title]
    found = trace(sql, KNOWN, ["rates"]).columns
    assert {name: " ".join(f"{one.relation}.{one.column}" for one in of) for name, of in found.items()} == expected


def test_relations_are_those_of_filters_too() -> None:
    sql = "WITH w AS (SELECT id FROM u) SELECT a FROM t WHERE id IN (SELECT id FROM w)"
    assert sorted(trace(sql, KNOWN).relations) == ["t", "u"]


def test_what_is_no_sql_is_refused() -> None:
    with pytest.raises(QueryRefusedError):
        trace("SELECT FROM WHERE", KNOWN)


@pytest.mark.parametrize("name", ["sales", "retail", "usedcars"])
def test_every_column_of_the_flows_that_ship_comes_from_one_that_is_there(name: str) -> None:
    flow = load_flow(FLOWS / name)
    found = flow_lineage(flow, Memo())
    known = {"accepted": {column.path for column in flow.contract.walk()}, "fx_rates": {""}}
    for table, lineage in found.items():
        origins = [one for of in lineage.columns.values() for one in of]
        assert origins, table
        for one in origins:
            assert one.column in known[one.relation] or one.column.startswith("_"), (table, one)
        known[table] = set(lineage.columns)


def test_lineage_is_remembered_as_it_is() -> None:
    flow = load_flow(FLOWS / "sales")
    first = Memo(program="x")
    found = flow_lineage(flow, first)
    again = Memo(first.content() or b"", program="x")
    assert flow_lineage(flow, again) == found
    assert again.content() is None
