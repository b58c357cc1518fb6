"""Rules of contracts, case by case; every key of the standard that makes a rule has one."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from headgate.core.contract import Contract, Rule, RuleKind
from headgate.core.contract_document import read_contract
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "contract_rules.yaml").read_bytes(), name="cases").value


def contract(case: dict[str, Any]) -> Contract:
    head = f"apiVersion: {case.get('api', 'v3.1.0')}\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
    text = f"{head}schema:\n  - name: rows\n{indent(case['record'], '    ')}\n"
    return read_contract(text.encode(), name="c.yaml")


def told(rule: Rule) -> str:
    words = f"{rule.id} {rule.kind} {rule.scope} {rule.code} {rule.consequence} {','.join(rule.reads)}"
    words += f" in {rule.array}" if rule.array else ""
    words += f" at {rule.column}" if rule.column else ""
    return words + (f" | {json.dumps(dict(rule.arguments))}" if rule.arguments else "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    found = contract(case)
    shown = [rule for rule in found.rules if rule.id in case.get("only", [rule.id])]
    if "rules" in case:
        assert [told(rule) for rule in shown] == case["rules"]
    if "consequences" in case:
        named = {rule.id: str(rule.consequence) for rule in found.rules}
        assert {id_: named[id_] for id_ in case["consequences"]} == case["consequences"]
    assert list(found.unchecked) == case.get("unchecked", [])


def test_every_kind_of_rule_has_a_case() -> None:
    kinds = {rule.kind for case in CASES for rule in contract(case).rules}
    assert kinds == set(RuleKind)


def test_rules_have_digests_that_tell_them_apart() -> None:
    for case in CASES:
        rules = contract(case).rules
        assert all(len(rule.digest) == 64 for rule in rules)
        assert len({rule.digest for rule in rules}) == len(rules)


def test_a_digest_is_over_text_code_and_consequence_and_not_over_words() -> None:
    def digest_of(entry: str) -> str:
        quality = f"quality: [{{id: r, type: custom, engine: headgate, {entry}}}]"
        record = f"properties: [{{name: a, logicalType: integer}}]\n{quality}"
        (rule,) = [rule for rule in contract({"record": record}).rules if rule.id == "r"]
        return rule.digest

    plain = digest_of("implementation: a > 1")
    assert digest_of("implementation: a > 1, description: In words.") == plain
    others = {
        digest_of("implementation: a > 2"),
        digest_of("implementation: a > 1, severity: warn"),
        digest_of("implementation: a > 1, customProperties: [{property: reasonCode, value: x}]"),
        digest_of("implementation: a > 1, customProperties: [{property: column, value: a}]"),
    }
    assert len(others | {plain}) == 5


def test_a_pattern_that_the_engine_alone_reads_is_taken() -> None:
    record = r"properties: [{name: a, logicalType: string, logicalTypeOptions: {pattern: '\pL+'}}]"
    (rule,) = [rule for rule in contract({"record": record}).rules if rule.kind is RuleKind.PATTERN]
    assert rule.arguments == {"pattern": r"\pL+"}


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="b"):
        contract({"record": "properties: [{name: a}]"}).column("b")
