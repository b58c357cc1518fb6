"""Other values in a record's text: the rest stays as it was written; hostile paths and names are only names."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.contract import Contract
from headgate.core.contract_document import read_contract
from headgate.core.errors import UsageError
from headgate.core.record_edits import edited

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
      - {name: amount, logicalType: number, physicalType: "DECIMAL(12,2)"}
      - {name: paid, logicalType: boolean}
      - name: customer
        logicalType: object
        properties: [{name: email}, {name: né, physicalName: "né le"}]
      - name: items
        logicalType: array
        items: {logicalType: object, properties: [{name: price, logicalType: number}]}
      - {name: tags, logicalType: array, items: {logicalType: string}}
"""
RECORD = (
    '{"id":"a","amount":1.10,"paid":true,"customer":{"email":"x","né le":"y"},"items":[{"price":1e2}],"tags":["t"]}'
)
PATHS = ("id", "amount", "paid", "customer.email", "items[0].price", "tags[0]", "customer", "items")


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(TEXT.encode(), name="contract.odcs.yaml")


def members(text: str) -> dict[str, bytes]:
    return {name: bytes(raw) for name, raw in msgspec.json.decode(text, type=dict[str, msgspec.Raw]).items()}


def test_a_value_is_put_where_its_path_says(contract: Contract) -> None:
    changes = {"id": 'b"', "amount": "2.50", "customer.né": None, "items[0].price": "7", "tags[0]": "u"}
    after = json.loads(edited(RECORD, changes, contract, typed=True))
    assert after == {
        "id": 'b"',
        "amount": 2.5,
        "paid": True,
        "customer": {"email": "x", "né le": None},
        "items": [{"price": 7}],
        "tags": ["u"],
    }


NUMBER = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"))
VALUE = st.recursive(
    NUMBER | TEXTS.map(json.dumps) | st.sampled_from(["null", "true", " false "]),
    lambda inner: (
        st.lists(inner).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(TEXTS, inner).map(
            lambda pairs: "{" + " ,".join(f"{json.dumps(name)}: {value}" for name, value in pairs.items()) + "}"
        )
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(others=st.dictionaries(TEXTS, VALUE, max_size=5), path=st.sampled_from(PATHS[:2]))
def test_what_is_not_edited_keeps_its_bytes(contract: Contract, others: dict[str, str], path: str) -> None:
    """Numbers of any length, escapes and spaces within: none of it goes through a number or a text of ours."""
    every = {**others, "id": '"a"', "amount": "1.10"}
    text = "{" + ", ".join(f"{json.dumps(name)} : {value}" for name, value in every.items()) + "}"
    before, after = members(text), members(edited(text, {path: "77"}, contract, typed=True))
    assert list(after) == list(before)
    assert {name: raw for name, raw in after.items() if name != path} == {
        name: raw for name, raw in before.items() if name != path
    }
    assert json.loads(after[path]) == ("77" if path == "id" else 77)


@settings(deadline=None)
@given(value=TEXTS)
def test_any_text_is_only_text(contract: Contract, value: str) -> None:
    assert json.loads(edited(RECORD, {"id": value}, contract, typed=True))["id"] == value


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "id.",
        ".id",
        "id..x",
        "items",
        "items[]",
        "items[].price",
        "items[0]price",
        "items[0].price.",
        "items[-1].price",
        "items[\u0660].price",
        "items[99999999999999999999].price",
        "items[0]]",
        "tags[]",
        "[0]",
        "__proto__",
        "id\x00",
        "ID",
        "' OR 1=1 --",
        "x" * 100_000,
    ],
)
def test_a_path_that_is_none(contract: Contract, path: str) -> None:
    if path == "items":  # a whole list is a value too, as JSON
        assert json.loads(edited(RECORD, {path: "[]"}, contract, typed=True))["items"] == []
        return
    with pytest.raises(UsageError) as told:
        edited(RECORD, {path: "1"}, contract, typed=True)
    assert len(str(told.value)) < 300


@settings(deadline=None)
@given(path=st.text(max_size=30), value=st.none() | st.text(max_size=10), typed=st.booleans())
def test_whatever_is_asked_is_done_or_refused(contract: Contract, path: str, value: str | None, typed: bool) -> None:  # noqa: FBT001
    try:
        after = edited(RECORD, {path: value}, contract, typed=typed)
    except UsageError:
        return
    assert isinstance(json.loads(after), dict)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("amount", "1,5"),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "٣"),
        ("amount", "01"),
        ("amount", "+1"),
        ("amount", "1}"),
        ("amount", '1,"id":2'),
        ("amount", ""),
        ("paid", "yes"),
        ("paid", "True"),
        ("customer", "{"),
        ("customer", "1 2"),
        ("items", "[1"),
        ("items[7].price", "1"),
        ("id", "\ud800"),
    ],
)
def test_a_value_that_cannot_be(contract: Contract, path: str, value: str) -> None:
    with pytest.raises(UsageError):
        edited(RECORD, {path: value}, contract, typed=True)


@pytest.mark.parametrize("record", ["[1]", "1", '"x"', "null", '{"customer":1}', '{"customer":null}'])
def test_a_record_without_the_place(contract: Contract, record: str) -> None:
    with pytest.raises(UsageError, match="Next: propose the whole record"):
        edited(record, {"customer.email": "x"}, contract, typed=True)


def test_what_is_absent_is_added(contract: Contract) -> None:
    assert edited("{}", {"customer.email": "x"}, contract, typed=True) == '{"customer":{"email":"x"}}'


def test_a_name_that_stands_twice(contract: Contract) -> None:
    twice = '{"id":"a","amount":1,"amount":2,"customer":{"email":"x","email":"y"}}'
    with pytest.raises(UsageError, match="has 'amount' twice"):
        edited(twice, {"id": "b"}, contract, typed=True)
    once = edited(twice, {"amount": "3"}, contract, typed=True)
    assert once == '{"id":"a","amount":3,"customer":{"email":"x","email":"y"}}'
    assert '"email":"z"}' in edited(once, {"customer.email": "z"}, contract, typed=True)


def test_values_of_a_text_format_are_text(contract: Contract) -> None:
    record = '{"id":"a","amount":"x"}'
    assert edited(record, {"amount": " 1,5"}, contract, typed=False) == '{"id":"a","amount":" 1,5"}'
    with pytest.raises(UsageError, match="the file has no column 'paid'"):
        edited(record, {"paid": "true"}, contract, typed=False)


def test_nothing_edited_is_nothing_changed(contract: Contract) -> None:
    text: Any = ' { "id" : "a" } '
    assert edited(text, {}, contract, typed=True) == text
