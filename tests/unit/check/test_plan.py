"""What a plan tells of itself: parameters, tables, and the names that a record's shape is made of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.check.plan import CheckPlan
from headgate.check.plan_sql import write_plan
from headgate.core.contract import Contract
from headgate.core.contract_document import read_contract
from headgate.core.flow import ParameterDeclaration

RATES = ParameterDeclaration(name="rates", type="table", default=None, key=("unit",), value=("rate", "decimal(9,4)"))
MOST = ParameterDeclaration(name="most", type="integer", default="5")


def contract(*columns: dict[str, Any], rules: tuple[str, ...] = ()) -> Contract:
    quality = [
        {"id": f"rule{number}", "type": "custom", "engine": "headgate", "implementation": sql}
        for number, sql in enumerate(rules)
    ]
    record = {"name": "r", "logicalType": "object", "properties": list(columns), "quality": quality}
    document = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "version": "1.0.0", "status": "active"}
    return read_contract(json.dumps({**document, "schema": [record]}).encode(), name="c.json")


INTEGER = {"name": "n", "logicalType": "integer", "required": True}
UNIT = {"name": "unit", "required": True}
NESTED = {
    "name": "o",
    "logicalType": "object",
    "properties": [
        {"name": "l", "logicalType": "array", "items": {"logicalType": "object", "properties": [{"name": "a"}]}}
    ],
}


def test_parameters_and_tables_are_told() -> None:
    plan = write_plan(contract(INTEGER, UNIT, rules=("n < $most", "n * rates(unit) > 0")), (RATES, MOST))
    assert plan.parameters == {"most"}
    assert "param_rates" in plan.quick
    assert "param_rates" in plan.close


def test_a_contract_without_rules_binds_nothing_of_the_flow() -> None:
    plan = write_plan(contract(INTEGER), (MOST,))
    assert plan.parameters == frozenset()


def test_shapes_are_those_of_objects_alone() -> None:
    plan = write_plan(contract(INTEGER, NESTED), ())
    assert plan.shape_paths == ("$", '$."o"')
    assert plan.element_paths == ('$."o"."l"[*]',)


@pytest.mark.parametrize("headers", [frozenset({"n"}), frozenset({"n", "unit", "more"}), frozenset[str]()])
def test_a_text_file_has_no_shape(headers: frozenset[str]) -> None:
    plan: CheckPlan = write_plan(contract(INTEGER, UNIT), (), headers=headers)
    assert (plan.shape_paths, plan.element_paths) == ((), ())
    assert "$_shapes" not in plan.quick
    assert "json" not in plan.quick
