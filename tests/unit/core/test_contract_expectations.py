"""Every expectation that is known becomes the rule that is written beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from headgate.core.contract import Contract, Rule
from headgate.core.contract_document import read_contract
from headgate.core.contract_expectations import EXPECTATIONS
from headgate.core.yaml_text import Json, read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "expectations.yaml").read_bytes(), name="cases").value
_EMPTY = ("parameters", "lookups", "guarded", "skipped")


RECORD = """
{apiVersion: v3.1.0, kind: DataContract, id: c, version: 1.0.0, status: active, schema: [{name: rows, properties: [
  {name: name @name@},
  {name: amount, logicalType: number, physicalType: "DECIMAL(12,2)" @amount@},
  {name: low, logicalType: integer @low@},
  {name: high, logicalType: integer},
  {name: day, logicalType: date @day@},
  {name: tags, logicalType: array, items: {logicalType: string} @tags@},
  {name: lines, logicalType: array, items: {logicalType: object, properties: [
    {name: qty, logicalType: integer @lines[].qty@}, {name: sku, logicalType: integer}] @lines[]@}}
] @@}]}
"""


def contract_with(case: dict[str, Any]) -> Contract:
    """The record with the expectation at its place; numbers of the kwargs keep their digits."""
    implementation = f"{{type: {case['type']}, kwargs: {written(case['kwargs'])}}}"
    rule = f", quality: [{{id: r, type: custom, engine: great-expectations, implementation: {implementation}}}]"
    text = RECORD.replace(f"@{case.get('at', '')}@", rule)
    return read_contract(re.sub(r"@[\w.\[\]]*@", "", text).encode(), name="c.yaml")


def written(value: Json) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {written(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(written(inner) for inner in value)}]"
    return json.dumps(value) if isinstance(value, str | bool) else str(value)


def told(rule: Rule) -> str:
    shown = {key: value for key, value in rule.arguments.items() if key not in _EMPTY or value}
    place = f" in {rule.array}" if rule.array else ""
    return f"{rule.kind} {rule.scope} {rule.code} {','.join(rule.reads)}{place}" + (
        f" | {json.dumps(shown)}" if shown else ""
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["type"].removeprefix("expect_"))
def test_case(case: dict[str, Any]) -> None:
    rules = [rule for rule in contract_with(case).rules if rule.id == "r"]
    assert [told(rule) for rule in rules] == ([] if case.get("none") else [case["rule"]])


def test_every_expectation_has_a_case() -> None:
    assert {case["type"] for case in CASES} == set(EXPECTATIONS)
