"""Drafts of contracts: they hold for their sample, and what they rest on is said."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.infer import infer
from headgate.core.contract import Column, Contract, Kind, Leniency, RuleKind
from headgate.core.contract_document import read_contract
from headgate.core.contract_lint import Level, lint


def draft_of_texts(**columns: list[str]) -> Contract:
    return read_contract(infer(pa.table({name: pa.array(texts) for name, texts in columns.items()})).encode(), name="d")


def draft_of_records(records: list[dict[str, Any]]) -> Contract:
    table = pa.table({"raw": pa.array([json.dumps(record) for record in records], pa.string())})
    return read_contract(infer(table).encode(), name="d")


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-20", "0"], Kind.INTEGER),
        (["1.50", "2"], Kind.DECIMAL),
        (["1e3", "2.5"], Kind.NUMBER),
        (["007", "12"], Kind.STRING),
        (["true", "false"], Kind.BOOLEAN),
        (["2026-01-02", "2026-12-31"], Kind.DATE),
        (["2026-01-02 03:04:05", "2026-01-02 03:04:06"], Kind.TIMESTAMP),
        (["2026-01-02T03:04:05Z"], Kind.TIMESTAMP),
        (["$5,000", "$999"], Kind.INTEGER),
        (["01234", "98765"], Kind.STRING),
        (["abc", "1"], Kind.STRING),
        (["", ""], Kind.STRING),
        (["12345678901234567890"], Kind.DECIMAL),
    ],
)
def test_the_type_of_a_text_column(texts: list[str], kind: Kind) -> None:
    assert draft_of_texts(a=texts).columns[0].kind is kind


def test_decimals_have_room_for_larger_numbers() -> None:
    column = draft_of_texts(a=["1234.5", "0.123"]).columns[0]
    assert (column.precision, column.scale) == (11, 3)


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (["1/12/2010", "31/1/2010"], "d/M/yyyy"),
        (["12/31/2010", "1/1/2010"], "M/d/yyyy"),
        (["31.12.2010"], "d.M.yyyy"),
        (["20101231"], None),
    ],
)
def test_dates_by_their_form(texts: list[str], pattern: str | None) -> None:
    assert draft_of_texts(a=texts).columns[0].date_format == pattern


def test_a_time_with_offset_must_go_on_having_one() -> None:
    assert draft_of_texts(a=["2026-01-02T03:04:05+01:00"]).columns[0].offset_required
    assert not draft_of_texts(a=["2026-01-02T03:04:05"]).columns[0].offset_required


def test_numbers_that_are_dressed_up_name_their_leniencies() -> None:
    draft = draft_of_texts(price=["$5,000", "$11,111,111"], km=["150,000km", "5,000km"])
    assert draft.columns[0].lenient == (Leniency(name="currency_sign"), Leniency(name="thousands_comma"))
    assert draft.columns[1].lenient == (Leniency(name="thousands_comma"), Leniency(name="unit_suffix", argument="km"))


def test_required_where_every_row_has_a_value() -> None:
    draft = draft_of_texts(a=["x", "y"], b=["x", ""])
    assert [column.required for column in draft.columns] == [True, False]


def test_few_values_that_come_often_are_an_enumeration() -> None:
    draft = draft_of_texts(a=["EUR", "USD"] * 30, b=[f"v{number}" for number in range(60)], c=["yes", "no"] * 30)
    rules = {rule.reads[0]: rule for rule in draft.rules if rule.kind is RuleKind.ALLOWED}
    assert rules["a"].arguments["values"] == ["EUR", "USD"]
    assert rules["c"].arguments["values"] == ["no", "yes"]
    assert "b" not in rules


def test_ids_of_one_form_get_a_pattern_and_the_first_is_the_key() -> None:
    draft = draft_of_records([{"sale_id": f"T{number:05}-x", "n": 1} for number in range(60)])
    (pattern,) = [rule.arguments["pattern"] for rule in draft.rules if rule.kind is RuleKind.PATTERN]
    assert pattern == r"^T\d{5}-x$"
    assert draft.key == ("sale_id",)


def test_nested_records() -> None:
    draft = draft_of_records(
        [{"c": {"email": "a@example.org", "age": 3}, "items": [{"price": 1.25, "tags": ["x"]}], "ok": True}] * 3
    )
    kinds = {column.path: column.kind for column in draft.walk()}
    assert kinds == {
        "c": Kind.OBJECT,
        "c.email": Kind.STRING,
        "c.age": Kind.INTEGER,
        "items": Kind.ARRAY,
        "items[]": Kind.OBJECT,
        "items[].price": Kind.DECIMAL,
        "items[].tags": Kind.ARRAY,
        "items[].tags[]": Kind.STRING,
        "ok": Kind.BOOLEAN,
    }
    assert draft.column("c.email").required


def test_names_that_tables_cannot_have_are_changed_and_the_senders_is_kept() -> None:
    draft = draft_of_records([{"my name": "x", "my-name": "y", "my/name": "z", "1st": "a", "ä.b": 1, "NO": "n"}])
    assert [column.source_name for column in draft.columns] == ["my name", "my-name", "my/name", "1st", "ä.b", "NO"]
    assert [column.name for column in draft.columns] == ["my_name", "my-name", "my_name_2", "c_1st", "ä_b", "NO"]


def test_values_of_two_kinds_are_said_to_be_looked_at() -> None:
    table = pa.table({"raw": ['{"a": 1}', '{"a": "x"}']})
    assert "look: number and string in the sample" in infer(table)


def test_the_draft_says_that_it_is_one() -> None:
    assert draft_of_texts(a=["x"]).status == "draft"


def fits(column: Column, value: object) -> bool:
    """Whether a JSON value has the column's kind."""
    if value is None:
        return not column.required
    if column.kind is Kind.OBJECT:
        return isinstance(value, dict) and all(fits(child, value.get(child.source_name)) for child in column.children)
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        return isinstance(value, list) and all(fits(column.element, inner) for inner in value)
    if isinstance(value, bool) or column.kind is Kind.BOOLEAN:
        return isinstance(value, bool) and column.kind is Kind.BOOLEAN
    if column.kind in {Kind.DECIMAL, Kind.NUMBER}:
        return isinstance(value, int | float)
    return isinstance(value, int if column.kind is Kind.INTEGER else str)


LEAVES = st.sampled_from(
    [
        st.integers(-(10**12), 10**12),
        st.decimals(min_value=-1000, max_value=1000, places=2).map(float),
        st.booleans(),
        st.text(max_size=5),
        st.dates().map(str),
        st.emails(),
    ],
)


Shape: TypeAlias = "dict[str, Shape] | list[Shape] | st.SearchStrategy[Any]"


def objects(shape: Shape) -> st.SearchStrategy[Any]:
    """Records of one shape: (name -> strategy, object or list)."""
    if isinstance(shape, dict):
        return st.fixed_dictionaries({name: objects(inner) for name, inner in shape.items()})
    return st.lists(objects(shape[0]), max_size=3) if isinstance(shape, list) else shape


SHAPES = st.recursive(
    LEAVES,
    lambda inner: (
        st.dictionaries(st.text(alphabet="ab _.1é", min_size=1, max_size=4), inner, min_size=1, max_size=3)
        | inner.map(lambda one: [one])
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.text(alphabet="abcXY_ 1", min_size=1, max_size=4), SHAPES, min_size=1, max_size=3), st.data())
def test_the_draft_holds_for_its_sample_and_passes_its_own_lint(shape: Shape, data: st.DataObject) -> None:
    records = data.draw(st.lists(objects(shape), min_size=1, max_size=5))
    draft = draft_of_records(records)
    assert [finding for finding in lint(draft) if finding.level is Level.ERROR] == []
    for record in records:
        for column in draft.columns:
            assert fits(column, record.get(column.source_name)), (column, record)


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), min_size=1, max_size=6))
def test_any_text_makes_a_draft_that_can_be_read(rows: list[list[str]]) -> None:
    draft = draft_of_texts(a=[row[0] for row in rows], b=[row[1] for row in rows])
    assert [finding for finding in lint(draft) if finding.level is Level.ERROR] == []
    assert Decimal(draft.version.split(".")[0]) == 0


def test_an_object_that_is_always_empty_and_numbers_too_long_to_be_exact() -> None:
    records = [{"o": {}, "n": float("1e300"), "l": []}, {"o": {}, "n": 0.5, "l": []}]
    found = {column.name: column for column in draft_of_records(records).columns}
    assert found["o"].kind is Kind.STRING
    assert found["l"].kind is Kind.ARRAY
    assert found["n"].kind is Kind.NUMBER
    long = draft_of_texts(a=["1" * 30 + "." + "1" * 20, "2.5"]).columns[0]
    assert long.kind is Kind.NUMBER


def test_a_list_that_holds_null_and_numbers_with_one_unit() -> None:
    (tags,) = draft_of_records([{"tags": ["a", None]}, {"tags": [None]}]).columns
    assert tags.element is not None
    assert tags.element.kind is Kind.STRING
    (mixed,) = draft_of_texts(a=["5km", "7miles"]).columns
    assert mixed.kind is Kind.STRING
