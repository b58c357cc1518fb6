"""What a task or a query may say, and what it reads and gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.core.errors import QueryRefusedError
from headgate.core.selects import check_select, counted_condition, lost_columns
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "selects.yaml").read_bytes(), name="cases").value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sql"])
def test_case(case: dict[str, Any]) -> None:
    names: dict[str, Any] = {"relations": {"rows", "prices"}, "parameters": {"limit"}, "tables": {"rates": 2}}
    if "error" in case:
        with pytest.raises(QueryRefusedError) as caught:
            check_select(case["sql"], **names, foreign=True)
        assert any(part in str(caught.value) for part in case["error"].split("|")), caught.value
        return
    found = check_select(case["sql"], **names, foreign=True)
    assert list(found.relations) == case["relations"]
    assert list(found.columns) == case["columns"]
    assert found.stars == case.get("stars", False)
    assert list(found.parameters) == case.get("parameters", [])
    assert list(found.lookups) == case.get("lookups", [])
    assert found.sql == case.get("bound", case["sql"])
    wanted = case.get("warnings", [])
    assert len(found.warnings) == len(wanted)
    assert all(part in warning for part, warning in zip(wanted, found.warnings, strict=True))


def test_tables_of_other_flows_are_named_only_where_that_is_allowed() -> None:
    with pytest.raises(QueryRefusedError, match="no such table here"):
        check_select("SELECT a FROM customers.customers", relations={"rows"})


@pytest.mark.parametrize(
    ("sql", "condition"),
    [
        ("SELECT count(*) FROM rows WHERE a < 0", "a < 0"),
        ("select COUNT(*) as n from rows\nwhere a < 0 or b is null\n", "a < 0 or b is null"),
        ("SELECT count(*) FROM rows", None),
        ("SELECT count(a) FROM rows WHERE a < 0", None),
        ("SELECT count(*) FROM rows WHERE a < 0 GROUP BY b", None),
        ("SELECT count(*) FROM rows AS r WHERE r.a < 0", None),
        ("SELECT count(*) FROM rows, prices WHERE a < 0", None),
        ("SELECT count(*) FROM prices WHERE a < 0", None),
        ("SELECT count(*) FROM rows WHERE a < 0 LIMIT 1", None),
    ],
)
def test_only_a_plain_count_is_taken_apart(sql: str, condition: str | None) -> None:
    assert counted_condition(sql, relation="rows") == condition


@pytest.mark.parametrize(
    ("sql", "lost"),
    [
        ("SELECT *, 1 AS x FROM accepted", set()),
        ("SELECT _delivery, _row, a FROM accepted", set()),
        ("SELECT a.* FROM accepted a JOIN prices p USING (x)", set()),
        ("SELECT p.* FROM accepted a JOIN prices p USING (x)", {"_delivery", "_row"}),
        ("SELECT * EXCLUDE (_row) FROM accepted", {"_row"}),
        ("SELECT * REPLACE (a + 1 AS a) FROM accepted", set()),
        ("SELECT a, _delivery FROM accepted", {"_row"}),
        ("SELECT _delivery, number AS _row FROM accepted", set()),
        ("WITH x AS (SELECT * FROM accepted) SELECT * FROM x", set()),
        ("WITH x AS (SELECT a FROM accepted) SELECT * FROM x", {"_delivery", "_row"}),
        ("SELECT * FROM (SELECT _delivery, _row FROM accepted) t", set()),
        ("SELECT * FROM accepted UNION ALL SELECT * FROM prices", {"_delivery", "_row"}),
        ("SELECT * FROM prices", {"_delivery", "_row"}),
        ("FROM accepted", set()),
        ("SELECT * FROM (VALUES (1)) AS t(_row)", {"_delivery", "_row"}),
        ("SELECT t.* FROM unnest([1]) AS t(_row), accepted", {"_delivery", "_row"}),
        ("SELECT a FROM accepted GROUP BY ALL", {"_delivery", "_row"}),
    ],
)
def test_the_columns_that_every_silver_row_keeps(sql: str, lost: set[str]) -> None:
    assert lost_columns(sql, {"_delivery", "_row"}, keeping={"accepted"}) == lost
