"""Numbers against Python's exact arithmetic: nothing is rounded, nothing that fits is refused."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.check.typed_sql import INTEGER_TYPES, sql_type, typed
from headgate.core.contract import Column, Kind, Leniency

DIGITS = st.text("0123456789", min_size=1, max_size=24)
JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?")


def column(kind: Kind, *lenient: str, precision: int = 0, scale: int = 0, integer: str = "i64") -> Column:
    return Column(
        name="v",
        source_name="v",
        path="v",
        kind=kind,
        precision=precision,
        scale=scale,
        integer_format=integer,
        lenient=tuple(Leniency(name=name) for name in lenient),
    )


def read(one: Column, texts: list[str]) -> list[object]:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {typed(one, 't', json=True)} FROM (SELECT unnest($texts) AS t)", {"texts": texts}
        ).fetchall()
    return [value for (value,) in found]


@st.composite
def numbers(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "-"])) + str(int(draw(DIGITS)))
    if draw(st.booleans()):
        text += "." + draw(DIGITS) + "0" * draw(st.integers(0, 12))
    if draw(st.booleans()):
        text += draw(st.sampled_from(["e", "E", "e+", "e-"])) + str(draw(st.integers(0, 30)))
    assert JSON_NUMBER.fullmatch(text)
    return text


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(numbers(), min_size=1, max_size=60), scale=st.integers(0, 6))
def test_a_decimal_is_the_number_or_none(texts: list[str], scale: int) -> None:
    for text, value in zip(texts, read(column(Kind.DECIMAL, precision=14, scale=scale), texts), strict=True):
        exact = Decimal(text)
        fits = abs(exact) < Decimal(10) ** (14 - scale) and exact == _cut(exact, scale)
        assert value == (exact if fits else None), text


def _cut(number: Decimal, scale: int) -> Decimal | None:
    try:
        return number.quantize(Decimal(1).scaleb(-scale))
    except InvalidOperation:
        return None


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(numbers(), min_size=1, max_size=60),
    kind=st.sampled_from(sorted(INTEGER_TYPES)),
    lenient=st.sets(st.sampled_from(["integral_decimal", "exponent"])),
)
def test_an_integer_is_the_number_or_none(texts: list[str], kind: str, lenient: set[str]) -> None:
    bits = int(kind[1:])
    low, high = (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for text, value in zip(texts, read(column(Kind.INTEGER, *lenient, integer=kind), texts), strict=True):
        exact, raised = Decimal(text), "e" in text.lower()
        written = ("." not in text and not raised) or ("exponent" if raised else "integral_decimal") in lenient
        fits = written and exact == exact.to_integral_value() and low <= exact <= high
        assert value == (exact if fits else None), text


@given(value=st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=60, deadline=None)
def test_a_number_is_the_nearest_double(value: float) -> None:
    assert read(column(Kind.NUMBER), [repr(value)]) == [value]


@pytest.mark.parametrize(("kind", "stored"), [("i8", "BIGINT"), ("u32", "BIGINT"), ("u64", "DECIMAL(20,0)")])
def test_integers_are_stored_signed(kind: str, stored: str) -> None:
    assert sql_type(column(Kind.INTEGER, integer=kind)) == stored
