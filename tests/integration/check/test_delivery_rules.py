"""Rules on the delivery as a whole: what each kind counts, at its limit and beyond it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.harness.project import all_deliveries, run_files
from tests.harness.small import contract, open_small, write_flow, write_rows

from headgate.core.records import Delivery

COLUMNS = """
      - {name: id, required: true}
      - {name: n, logicalType: integer}
      - {name: word}
      - name: lines
        logicalType: array
        items: {logicalType: object, properties: [{name: q, logicalType: integer}, {name: w}]}
      - {name: tags, logicalType: array, items: {logicalType: string}}
"""
ROWS: list[dict[str, Any]] = [
    {"id": "a", "n": 1, "word": "red", "lines": [{"q": 1, "w": "x"}, {"q": 2, "w": None}], "tags": ["t", "u"]},
    {"id": "b", "n": 2, "word": None, "lines": [{"q": -3, "w": "x"}], "tags": []},
    {"id": "c", "n": None, "word": "red", "lines": [], "tags": ["t", None]},
    {"id": "d", "n": -4, "word": "blue", "lines": None, "tags": None},
]
GX = "type: custom, engine: greatExpectations, implementation"


class Held:
    """Delivers ROWS under one rule; says what held them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, rule: str, *, at: str = "", rows: list[dict[str, Any]] = ROWS) -> Delivery:
        columns, rules = COLUMNS, f"      - {{id: the_rule, {rule}}}"
        if at:
            columns = columns.replace(f"name: {at}", f"quality: [{{id: the_rule, {rule}}}], name: {at}")
            rules = ""
        flow = 'source: {files: "*.json"}\ncheck: {accept_at_least: 0}\n'
        write_flow(self._folder / "p", flow, contract_text=contract(columns=columns, rules=rules))
        platform = open_small(self._folder / "p")
        try:
            run_files(platform, [write_rows(self._folder, "a.json", rows)])
            (delivery,) = all_deliveries(platform)
        finally:
            platform.ledger.close()
        return delivery


@pytest.fixture
def deliver(tmp_path: Path) -> Held:
    return Held(tmp_path)


def held_by(delivery: Delivery) -> str | None:
    """What was found, for a delivery that the rule holds."""
    assert delivery.state in {"held", "archived"}, delivery.note
    found: dict[str, str] = delivery.facts.get("held", {})
    return next(iter(found.values()), None)


CASES = [
    # counts of rows
    ("", "metric: rowCount, mustBe: 4", "metric: rowCount, mustNotBe: 4"),
    ("", "metric: rowCount, mustBeLessOrEqualTo: 4", "metric: rowCount, mustBeLessThan: 4"),
    ("", "metric: rowCount, mustBeGreaterOrEqualTo: 4", "metric: rowCount, mustBeGreaterThan: 4"),
    (
        "",
        GX + ": {type: expect_table_row_count_to_be_between, kwargs: {min_value: 4, max_value: 4}}",
        GX + ": {type: expect_table_row_count_to_be_between, kwargs: {min_value: 5, max_value: 9}}",
    ),
    # broken rows, in number and in per cent, and the share of good ones
    ("n", "metric: nullValues, mustBeLessThan: 2", "metric: nullValues, mustBeLessThan: 1"),
    (
        "n",
        "metric: nullValues, mustBeLessOrEqualTo: 25, unit: percent",
        "metric: nullValues, mustBeLessThan: 25, unit: percent",
    ),
    (
        "word",
        "metric: invalidValues, arguments: {validValues: [red]}, mustBeLessThan: 34, unit: percent",
        "metric: invalidValues, arguments: {validValues: [red]}, mustBeLessThan: 33, unit: percent",
    ),
    (
        "word",
        GX + ": {type: expect_column_values_to_be_in_set, kwargs: {value_set: [red], mostly: 0.66}}",
        GX + ": {type: expect_column_values_to_be_in_set, kwargs: {value_set: [red], mostly: 0.67}}",
    ),
    (
        "word",
        GX + ": {type: expect_column_values_to_not_be_null, kwargs: {mostly: 0.75}}",
        GX + ": {type: expect_column_values_to_not_be_null, kwargs: {mostly: 0.76}}",
    ),
    # of a predicate over the row
    (
        "n",
        GX + ": {type: expect_column_values_to_not_be_in_set, kwargs: {value_set: [1], mostly: 0.66}}",
        GX + ": {type: expect_column_values_to_not_be_in_set, kwargs: {value_set: [1], mostly: 0.7}}",
    ),
    (
        "",
        GX + ": {type: expect_multicolumn_sum_to_equal, kwargs: {column_list: [n], sum_total: 1, mostly: 0.3}}",
        GX + ": {type: expect_multicolumn_sum_to_equal, kwargs: {column_list: [n], sum_total: 1, mostly: 0.6}}",
    ),
    # of elements
    ("q", "metric: nullValues, mustBeLessThan: 1", None),
    ("w}", "metric: nullValues, mustBeLessThan: 2", "metric: nullValues, mustBeLessThan: 1"),
    (
        "q",
        GX + ": {type: expect_column_values_to_be_between, kwargs: {min_value: 0, mostly: 0.66}}",
        GX + ": {type: expect_column_values_to_be_between, kwargs: {min_value: 0, mostly: 0.67}}",
    ),
    (
        "q",
        GX + ": {type: expect_column_values_to_not_be_in_set, kwargs: {value_set: [-3], mostly: 0.66}}",
        GX + ": {type: expect_column_values_to_not_be_in_set, kwargs: {value_set: [-3], mostly: 0.67}}",
    ),
    # of rows that are alike
    ("word", "metric: duplicateValues, mustBeLessThan: 2", "metric: duplicateValues, mustBeLessThan: 1"),
    (
        "word",
        GX + ": {type: expect_column_values_to_be_unique, kwargs: {mostly: 0.3}}",
        GX + ": {type: expect_column_values_to_be_unique, kwargs: {mostly: 0.7}}",
    ),
    # one figure
    (
        "",
        "type: sql, query: 'SELECT max(n) FROM {object}', mustBe: 2",
        "type: sql, query: 'SELECT max(n) FROM {object}', mustBe: 3",
    ),
    (
        "",
        "type: sql, query: 'SELECT count(*) FROM (SELECT DISTINCT n FROM {object} WHERE n IS NOT NULL)', mustBe: 3",
        "type: sql, query: 'SELECT count(*) FROM (SELECT DISTINCT n FROM {object} WHERE n IS NOT NULL)', mustBe: 4",
    ),
]


@pytest.mark.parametrize(("at", "kept"), [(at, kept) for at, kept, _ in CASES])
def test_a_rule_on_the_delivery(deliver: Held, at: str, kept: str) -> None:
    assert held_by(deliver(kept, at=at)) is None


@pytest.mark.parametrize(("at", "broken"), [(at, broken) for at, _, broken in CASES if broken])
def test_a_broken_rule_on_the_delivery_holds_it(deliver: Held, at: str, broken: str) -> None:
    found = held_by(deliver(broken, at=at))
    assert found is not None
    assert "the_rule" in found
