"""Contracts that are refused: each problem with its line and the next step."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from headgate.core.contract_document import read_contract
from headgate.core.errors import ContractError
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "contract_problems.yaml").read_bytes(), name="cases").value


def text_of(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    head = f"apiVersion: {case.get('api', 'v3.1.0')}\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
    return f"{head}schema:\n  - name: rows\n{indent(case['record'], '    ')}\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    with pytest.raises(ContractError) as caught:
        read_contract(text_of(case).encode(), name="c.yaml")
    told = [str(problem).removeprefix("c.yaml:") for problem in caught.value.problems]
    assert len(told) == len(case["problems"]), told
    for problem, part in zip(told, case["problems"], strict=True):
        assert part in problem


SHAPES = [
    ("properties: 5", "`properties` is 5, not a list"),
    ("properties: [{name: 5}]", "`name` is 5, not text"),
    ("properties: [{name: a, required: 1}]", "`required` is 1. Write true or false"),
    ("properties: [{name: a, tags: [1]}]", "`tags` holds 1, not text"),
    ("properties: [{name: a, logicalType: float}]", "the type is 'float'"),
    ("properties: [{name: a, logicalType: string, logicalTypeOptions: {maxLength: -1}}]", "`maxLength` is -1"),
    ("properties: [{name: a, quality: [{metric: nullValues}]}]", "no operators"),
    ("properties: [{name: a, quality: [{metric: nullValues, mustBe: none}]}]", "`mustBe` is 'none'"),
    ("properties: [{name: a, quality: [{metric: emptyValues, mustBe: 0}]}]", "the metric is 'emptyValues'"),
    (
        "properties: [{name: a, customProperties: [{property: consequence, value: [warn]}]}]",
        "a list stands where a mapping",
    ),
]


@pytest.mark.parametrize(("record", "part"), SHAPES, ids=[part for _, part in SHAPES])
def test_shapes_are_looked_at_without_the_schema_too(record: str, part: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_contract(text_of({"record": record}).encode(), name="c.yaml", validate=False)
    assert part in str(caught.value)
