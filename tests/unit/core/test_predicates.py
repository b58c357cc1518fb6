"""What a rule may say in SQL, and what it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.contract import Column
from headgate.core.contract_document import read_contract
from headgate.core.errors import QueryRefusedError
from headgate.core.predicates import check_predicate
from headgate.core.sql_text import parse_one
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "predicates.yaml").read_bytes(), name="cases").value
RECORD = b"""
{apiVersion: v3.1.0, kind: DataContract, id: c, version: 1.0.0, status: active, schema: [{name: rows, properties: [
  {name: a, logicalType: integer}, {name: b, logicalType: integer},
  {name: total, logicalType: number, physicalType: "DECIMAL(12,2)"},
  {name: tax, logicalType: number, physicalType: "DECIMAL(12,2)"},
  {name: ts, logicalType: timestamp}, {name: name},
  {name: c, logicalType: object, properties: [{name: d}, {name: e, logicalType: object, properties: [
    {name: f, logicalType: integer}]}]},
  {name: items, logicalType: array, items: {logicalType: object, properties: [
    {name: price, logicalType: number, physicalType: "DECIMAL(12,2)"}, {name: qty, logicalType: integer},
    {name: tags, logicalType: array, items: {logicalType: string}}]}},
  {name: nums, logicalType: array, items: {logicalType: integer}}
]}]}
"""
COLUMNS: tuple[Column, ...] = read_contract(RECORD, name="c.yaml").columns


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sql"] or "nothing")
def test_case(case: dict[str, Any]) -> None:
    given_names: dict[str, Any] = {"parameters": {"limit", "step"}, "tables": {"rates": 2}}
    if "error" in case:
        with pytest.raises(QueryRefusedError) as caught:
            check_predicate(case["sql"], COLUMNS, **given_names)
        assert any(part in str(caught.value) for part in case["error"].split("|")), caught.value
        return
    found = check_predicate(case["sql"], COLUMNS, **given_names)
    assert list(found.reads) == case["reads"]
    assert list(found.parameters) == case.get("parameters", [])
    told = [f"{lookup.table}: {' | '.join(lookup.arguments)}" for lookup in found.lookups]
    assert told == case.get("lookups", [])
    assert all(lookup.call in found.sql for lookup in found.lookups)
    assert found.sql == case.get("bound", case["sql"])
    assert sorted(f"{function} {path}" for function, path in found.skipped) == sorted(case.get("skipped", []))
    assert sorted(found.guarded) == case.get("guarded", [])


def test_without_a_flow_parameters_and_lookups_are_left_open() -> None:
    found = check_predicate("total * any_table(name, ts) <= $anything", COLUMNS)
    assert found.parameters == ("anything",)
    assert [(lookup.table, lookup.arguments) for lookup in found.lookups] == [("any_table", ("name", "ts"))]


def test_without_a_flow_functions_that_reach_out_are_refused_all_the_same() -> None:
    for name in ("getenv", "read_csv", "duckdb_tables", "nextval", "sum", "row_number", "today"):
        with pytest.raises(QueryRefusedError):
            check_predicate(f"{name}('x') = name", COLUMNS)


def test_deep_brackets_and_long_texts_are_refused() -> None:
    for sql in ("(" * 5000 + "a" + ")" * 5000, "a + " * 50_000 + "a"):
        with pytest.raises(QueryRefusedError):
            check_predicate(sql, COLUMNS)


@given(st.text(alphabet="abcdt.()[]<>=+-*'\"$ ,;lambdaforins{}:?#", max_size=40))
def test_any_text_is_checked_or_refused_in_words(sql: str) -> None:
    try:
        found = check_predicate(sql, COLUMNS)
    except QueryRefusedError as error:
        message = str(error)
    else:
        message = f"read {found.reads}"
        parse_one(found.sql)
    assert message
