"""Every key, code and name that a contract or a flow may use stands in the docs."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from headgate.core.contract import Kind, RuleKind
from headgate.core.contract_document import STATUSES
from headgate.core.contract_drafts import CODES
from headgate.core.contract_expectations import EXPECTATIONS
from headgate.core.contract_properties import LENIENCIES, WORDS
from headgate.core.contract_quality import OPERATORS
from headgate.core.reasons import Consequence

DOCS = Path(__file__).parents[3] / "docs"
CONTRACT = (DOCS / "contract.md").read_text(encoding="utf-8")
FLOW = (DOCS / "flow.md").read_text(encoding="utf-8")
OPTIONS = [
    *("pattern", "format", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "timezone", "defaultTimezone"),
]


def flow_keys() -> list[str]:
    text = resources.files("headgate.core").joinpath("schemas/flow.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    found: list[str] = []
    for name, section in schema["properties"].items():
        found.append(name)
        found.extend(f"{name}.{key}" for key in section.get("properties", {}))
    for definition in ("parameter", "targets"):
        node = schema["$defs"][definition]
        node = node.get("additionalProperties") if definition == "targets" else node
        found.extend(node["properties"])
    return found


@pytest.mark.parametrize(
    "word",
    [
        *(kind.value for kind in Kind if kind is not Kind.DECIMAL),
        *(kind.value for kind in RuleKind),
        *(code.value for code in CODES.values()),
        *(word.value for word in Consequence),
        *OPERATORS,
        *OPTIONS,
        *WORDS,
        *LENIENCIES,
        *STATUSES,
    ],
)
def test_words_of_a_contract(word: str) -> None:
    assert f"`{word}`" in CONTRACT or f"`{word}:" in CONTRACT


@pytest.mark.parametrize("name", sorted(EXPECTATIONS))
def test_expectations(name: str) -> None:
    assert f"`{name}`" in CONTRACT


@pytest.mark.parametrize("key", flow_keys())
def test_keys_of_a_flow(key: str) -> None:
    assert f"`{key}`" in FLOW or (f"`{key}." in FLOW)
