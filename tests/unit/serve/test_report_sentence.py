from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.serve.report_formats import FORMATS, Value
from headgate.serve.report_sentence import SentenceError, Span, fill, plain, read_template


def test_values_stand_in_their_formats_and_what_matters_stands_out() -> None:
    words = fill(
        read_template("**{revenue:money}** from {n:count} {n:plural order|orders}"),
        {"revenue": Decimal("3287412.60"), "n": 1},
        "EUR",
    )
    assert words is not None
    assert words[0] == Span(text="3,287,412.60\u00a0EUR", strong=True)
    assert plain(words) == "3,287,412.60\u00a0EUR from 1 order"


def test_a_sentence_with_a_null_is_not_said() -> None:
    assert fill(read_template("It was {share:percent}."), {"share": None}, "") is None


@given(st.text())
def test_a_value_is_never_read_as_a_template(text: str) -> None:
    words = fill(read_template("Found {what}."), {"what": text, "secret": "never"}, "")
    assert words is not None
    assert plain(words) == f"Found {text}."
    assert not any(span.strong for span in words)


@given(st.text())
def test_doubled_braces_give_back_any_text_without_emphasis(text: str) -> None:
    source = text.replace("{", "{{").replace("}", "}}")
    if "**" not in text:
        assert plain(fill(read_template(source), {}, "") or ()) == text


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{n:cuont}", "'cuont' at character 1 is no format. Did you mean 'count'?"),
        ("a {n", r"'\{' at character 3 is no value"),
        ("{n.__class__}", "is no value"),
        ("{n[0]}", "is no value"),
        ("{n!r}", "is no value"),
        ("**open", "never closes it"),
    ],
)
def test_a_wrong_template_is_told_with_its_place(source: str, message: str) -> None:
    with pytest.raises(SentenceError, match=message):
        read_template(source)


def test_a_value_that_nobody_gives_is_told_with_the_near_name() -> None:
    with pytest.raises(SentenceError, match="Did you mean 'revenue'"):
        fill(read_template("{revenu:count}"), {"revenue": 1}, "")


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"text"}))
def test_each_format_refuses_a_value_of_another_type(name: str) -> None:
    with pytest.raises(SentenceError, match=f"{{v:{name}}} needs a"):
        fill(read_template(f"{{v:{name}}}"), {"v": "text"}, "EUR")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (False, "no"),
        (Decimal("1234.50"), "1,234.50"),
        (1234, "1,234"),
        (date(2026, 11, 20), "20\u00a0November\u00a02026"),
        (datetime(2026, 11, 20, 8, tzinfo=UTC), "20\u00a0November\u00a02026, 08:00"),
    ],
)
def test_a_value_without_a_format_is_told_as_what_it_is(value: Value, text: str) -> None:
    words = fill(read_template("{value}"), {"value": value}, "")
    assert plain(words or ()) == text
