"""One value into many elements: all of a list or those that a reason names; everything else keeps its bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.contract import Contract
from headgate.core.contract_document import read_contract
from headgate.core.errors import UsageError
from headgate.core.record_elements import put_in_elements

TEXT = """\
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
  - name: rows
    properties:
      - {name: id, required: true, primaryKey: true}
      - name: items
        logicalType: array
        items:
          logicalType: object
          properties:
            - {name: price, logicalType: number}
            - {name: unit, physicalName: "the unit"}
            - name: taxes
              logicalType: array
              items: {logicalType: object, properties: [{name: rate, logicalType: number}]}
      - {name: tags, logicalType: array, items: {logicalType: string}}
"""


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(TEXT.encode(), name="contract.odcs.yaml")


def items(*units: str | None) -> str:
    return json.dumps({"id": "a", "items": [{"price": 1, "the unit": unit} for unit in units], "tags": ["s", "t"]})


def units(record: str) -> list[str | None]:
    return [item.get("the unit") for item in json.loads(record)["items"]]


def test_all_elements_get_the_value(contract: Contract) -> None:
    after, count = put_in_elements(items("kg", None, "g"), "items[].unit", "t", contract, typed=True)
    assert (units(after), count) == (["t", "t", "t"], 3)
    after, count = put_in_elements(items("kg"), "tags[]", None, contract, typed=True)
    assert (json.loads(after)["tags"], count) == ([None, None], 2)


@pytest.mark.parametrize(
    ("reasons", "meant"),
    [
        ([("items[1].unit", "g")], [1]),
        ([("items[0].price", "1"), ("items[2].unit", None)], [0, 2]),  # what else is wrong in the element
        ([("items[7].unit", "g")], []),
        ([("items[].unit", "g")], [1, 3]),  # a rule over rows names no position, but the value
        ([("items[].unit", None)], []),
        ([("items[].price", "1")], []),
        ([("tags[0]", "s"), ("id", "a"), ("items[1].taxes[0].rate", "x")], []),  # of other lists
        ([], []),
    ],
)
def test_elements_at_fault_are_those_that_a_reason_names(
    contract: Contract, reasons: list[tuple[str, str | None]], meant: list[int]
) -> None:
    before = ["kg", "g", "l", "g"]
    after, count = put_in_elements(items(*before), "items[!].unit", "t", contract, typed=True, reasons=reasons)
    assert units(after) == ["t" if place in meant else unit for place, unit in enumerate(before)]
    assert count == len(meant)


def test_lists_in_lists(contract: Contract) -> None:
    record = json.dumps({"items": [{"taxes": [{"rate": 1}, {"rate": 2}]}, {"taxes": []}, {"taxes": [{"rate": 3}]}]})

    def rates(path: str, *reasons: str) -> list[list[int]]:
        named = [(reason, None) for reason in reasons]
        after, _ = put_in_elements(record, path, "9", contract, typed=True, reasons=named)
        return [[tax["rate"] for tax in item["taxes"]] for item in json.loads(after)["items"]]

    assert rates("items[].taxes[].rate") == [[9, 9], [], [9]]
    assert rates("items[0].taxes[].rate") == [[9, 9], [], [3]]
    assert rates("items[!].taxes[!].rate", "items[0].taxes[1].rate") == [[1, 9], [], [3]]
    assert rates("items[!].taxes[!].rate", "items[0].price") == [[1, 2], [], [3]]


@pytest.mark.parametrize(
    "record",
    ['{"items": null}', "{}", '{"items": "none"}', '{"items": [null, 3, "x", []]}', '{"items": [{"a": 1, "a": 2}]}'],
)
def test_what_has_another_form_is_left_as_it_is(contract: Contract, record: str) -> None:
    assert put_in_elements(record, "items[].unit", "t", contract, typed=True) == (record, 0)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("items[].prize", "1", "the contract has no column"),
        ("id[]", "1", "the contract has no column"),
        ("items[!!].unit", "1", "the contract has no column"),
        ("items[]].unit", "1", "the contract has no column"),
        ("items[].price", "seven", "takes a number"),
        ("items[].unit", "\ud800", "whole characters"),
    ],
)
def test_what_cannot_stand_there_says_why(contract: Contract, path: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        put_in_elements(items("kg"), path, value, contract, typed=True)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["items", "the unit", "x"]), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(elements=st.lists(JSON, max_size=6), other=JSON, named=st.sets(st.integers(0, 6)))
def test_only_what_is_meant_changes(contract: Contract, elements: list[Any], other: Any, named: set[int]) -> None:  # noqa: ANN401
    record = json.dumps({"other": other, "items": elements})
    reasons = [(f"items[{place}].price", None) for place in named]
    after, count = put_in_elements(record, "items[!].unit", "t", contract, typed=True, reasons=reasons)
    meant = [place for place in named if place < len(elements) and isinstance(elements[place], dict)]
    expected = [
        {**one, "the unit": "t"} if place in meant and isinstance(one, dict) else one
        for place, one in enumerate(elements)
    ]
    assert json.loads(after) == {"other": other, "items": expected}
    assert count == len(meant)
