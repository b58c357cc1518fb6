"""Leniencies one by one are cases of kinds.yaml; here is what holds of them all."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.check.leniency_sql import unquoted
from headgate.check.typed_sql import is_missing, typed
from headgate.core.canonical import canonical
from headgate.core.contract import Column, Kind, Leniency

NAMES = ("number_in_text", "trim", "empty_is_null", "thousands_comma", "decimal_comma", "currency_sign")


def read(sql: str, texts: list[str]) -> list[object]:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {sql} FROM (SELECT unnest($texts) AS t)", {"texts": texts}).fetchall()
    return [value for (value,) in found]


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=30))
def test_unquoted_is_the_text(text: str) -> None:
    assert read(unquoted("t"), [canonical(text).decode()]) == [text]


@pytest.mark.parametrize("text", ["7", "true", "null", "[]", "{}", "-0.5"])
def test_what_is_no_text_is_none(text: str) -> None:
    assert read(unquoted("t"), [text]) == [None]


@settings(max_examples=40, deadline=None)
@given(names=st.sets(st.sampled_from(NAMES)), number=st.integers(-(10**9), 10**9))
def test_a_leniency_takes_nothing_away(names: set[str], number: int) -> None:
    column = Column(
        name="v",
        source_name="v",
        path="v",
        kind=Kind.DECIMAL,
        precision=14,
        scale=2,
        lenient=tuple(Leniency(name=name) for name in sorted(names)),
    )
    assert read(typed(column, "t", json=True), [str(number)]) == [number]
    assert read(typed(column, "t", json=False), [str(number)]) == [number]


@pytest.mark.parametrize(
    ("names", "json", "text", "missing"),
    [
        ([], False, "", True),
        ([], False, " ", False),
        (["trim"], False, " ", True),
        ([], True, '""', False),
        (["empty_is_null"], True, '""', True),
        (["empty_is_null"], True, '" "', False),
        (["empty_is_null", "trim"], True, '" "', True),
    ],
)
def test_missing(names: list[str], *, json: bool, text: str, missing: bool) -> None:
    lenient = tuple(Leniency(name=name) for name in names)
    column = Column(name="v", source_name="v", path="v", kind=Kind.STRING, lenient=lenient)
    assert read(is_missing(column, "t", json=json), [text]) == [missing]
