"""Rules on one value, each kind on both sides of its limit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.check.rule_sql import holds
from headgate.core.contract import Column, Kind, Rule, RuleKind, Scope
from headgate.core.reasons import Consequence
from headgate.core.sql import literal

INTEGER, TEXT, EXACT, LIST = Kind.INTEGER, Kind.STRING, Kind.DECIMAL, Kind.ARRAY


def passes(kind: RuleKind, arguments: dict[str, Any], column_kind: Kind, value: str) -> object:
    rule = Rule(
        id="r", kind=kind, scope=Scope.ROW, code="c", consequence=Consequence.HOLD, reads=("v",), arguments=arguments
    )
    column = Column(name="v", source_name="v", path="v", kind=column_kind)
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {holds(rule, column, 'v')} FROM (SELECT {value} AS v)").fetchone()[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "arguments", "column", "value", "expected"),
    [
        (RuleKind.PRESENT, {}, TEXT, "NULL", False),
        (RuleKind.PRESENT, {}, TEXT, "''", True),
        (RuleKind.PRESENT, {"missing_values": ["n/a", None]}, TEXT, "'n/a'", False),
        (RuleKind.PATTERN, {"pattern": "a+"}, TEXT, "'aab'", False),
        (RuleKind.PATTERN, {"pattern": "it's"}, TEXT, "'it''s'", True),
        (RuleKind.FORMAT, {"format": "email"}, TEXT, "'a.b+c@example.org'", True),
        (RuleKind.FORMAT, {"format": "email"}, TEXT, "'a at example.org'", False),
        (RuleKind.FORMAT, {"format": "ipv4"}, TEXT, "'256.1.1.1'", False),
        (RuleKind.FORMAT, {"format": "ipv4"}, TEXT, "'255.1.1.1'", True),
        (RuleKind.FORMAT, {"format": "uuid"}, TEXT, "'123e4567-e89b-12d3-a456-426614174000'", True),
        (RuleKind.FORMAT, {"format": "uri"}, TEXT, "'https://example.org/x'", True),
        (RuleKind.FORMAT, {"format": "uri"}, TEXT, "'example.org'", False),
        (RuleKind.FORMAT, {"format": "dd.MM.yyyy"}, TEXT, "'1.2.2026'", False),
        (RuleKind.FORMAT, {"format": "dd.MM.yyyy"}, TEXT, "'01.02.2026'", True),
        (RuleKind.FORMAT, {"strftime": "%Y"}, TEXT, "'x'", False),
        (RuleKind.LIMITS, {"minimum": "1", "maximum": "9"}, INTEGER, "9", True),
        (RuleKind.LIMITS, {"minimum": "1", "maximum": "9"}, INTEGER, "10", False),
        (RuleKind.LIMITS, {"exclusive_maximum": "0.3"}, EXACT, "CAST('0.3' AS DECIMAL(12,2))", False),
        (RuleKind.LIMITS, {"multiple_of": "0.05"}, EXACT, "CAST('0.15' AS DECIMAL(12,2))", True),
        (RuleKind.LIMITS, {"multiple_of": "0.05"}, EXACT, "CAST('0.16' AS DECIMAL(12,2))", False),
        (RuleKind.LIMITS, {"minimum": "2026-01-01"}, Kind.DATE, "DATE '2025-12-31'", False),
        (RuleKind.LIMITS, {"minimum": "0.5"}, Kind.NUMBER, "CAST(0.5 AS DOUBLE)", True),
        (RuleKind.LIMITS, {"exclusive_minimum": "0.5"}, Kind.NUMBER, "CAST(0.5 AS DOUBLE)", False),
        (RuleKind.LIMITS, {"maximum": "17:30:00"}, Kind.TIME, "TIME '17:30:01'", False),
        (RuleKind.LIMITS, {"maximum": "17:30:00"}, Kind.TIME, "TIME '09:00:00'", True),
        (
            RuleKind.LIMITS,
            {"minimum": "2026-01-01T00:00:00Z"},
            Kind.TIMESTAMP,
            "TIMESTAMPTZ '2026-01-01 00:00+00'",
            True,
        ),
        (
            RuleKind.LIMITS,
            {"minimum": "2026-01-01T00:00:00Z"},
            Kind.TIMESTAMP,
            "TIMESTAMPTZ '2026-01-01 00:00+01'",
            False,
        ),
        (RuleKind.LENGTH, {"max_length": 2}, TEXT, "'äöü'", False),
        (RuleKind.LENGTH, {"min_length": 3, "max_length": 3}, TEXT, "'äöü'", True),
        (RuleKind.LENGTH, {"min_items": 1}, LIST, "CAST([] AS INTEGER[])", False),
        (RuleKind.UNIQUE_ITEMS, {}, LIST, "['a', 'a']", False),
        (RuleKind.UNIQUE_ITEMS, {}, LIST, "['a', 'b']", True),
        (RuleKind.ALLOWED, {"values": ["a", "it's"]}, TEXT, "'it''s'", True),
        (RuleKind.ALLOWED, {"values": ["1.50"]}, EXACT, "CAST('1.5' AS DECIMAL(12,2))", True),
        (RuleKind.ALLOWED, {"values": ["true"]}, Kind.BOOLEAN, "false", False),
        (RuleKind.ALLOWED, {"values": []}, TEXT, "'a'", False),
        (RuleKind.LIMITS, {"minimum": "1"}, INTEGER, "CAST(NULL AS BIGINT)", None),
        (RuleKind.LIMITS, {"minimum": "1e2"}, INTEGER, "CAST(99 AS BIGINT)", False),
        (RuleKind.LIMITS, {"minimum": "1.5"}, INTEGER, "CAST(1 AS BIGINT)", False),
        (RuleKind.LIMITS, {"maximum": "9223372036854775807"}, INTEGER, "CAST(9223372036854775807 AS BIGINT)", True),
        (RuleKind.LIMITS, {"maximum": "9223372036854775808"}, INTEGER, "CAST(9223372036854775807 AS BIGINT)", True),
        (RuleKind.LIMITS, {"minimum": "-9223372036854775809"}, INTEGER, "CAST(-9223372036854775807 AS BIGINT)", True),
        (RuleKind.LIMITS, {"multiple_of": "5"}, INTEGER, "CAST(15 AS BIGINT)", True),
        (RuleKind.LIMITS, {"multiple_of": "5"}, INTEGER, "CAST(16 AS BIGINT)", False),
        (RuleKind.ALLOWED, {"values": ["1", "99999999999999999999"]}, INTEGER, "CAST(1 AS BIGINT)", True),
        (RuleKind.ALLOWED, {"values": ["1", "99999999999999999999"]}, INTEGER, "CAST(2 AS BIGINT)", False),
    ],
)
def test_a_value_and_its_rule(
    kind: RuleKind, arguments: dict[str, Any], column: Kind, value: str, expected: object
) -> None:
    assert passes(kind, arguments, column, value) is expected


FORMS = [
    "%Y-%m-%d",
    "%d.%m.%y",
    "%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y%m%d",
    "%d %b %Y",
    "%I:%M %p",
    "%j/%Y",
    "100%% %H",
    "%S.%f",
]


@settings(max_examples=400, deadline=None)
@given(
    form=st.sampled_from(FORMS),
    moment=st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2060, 1, 1)),  # noqa: DTZ001  hypothesis wants them bare
    at=st.integers(0, 16),
    sign=st.sampled_from(["", " ", "\t", "\n", "0", "7", "-", "x", "%"]),
    keeps=st.integers(0, 1),
)
def test_a_form_takes_no_text_that_the_standard_refuses(
    form: str, moment: datetime, at: int, sign: str, keeps: int
) -> None:
    sound = moment.strftime(form)
    changed = sound[:at] + sign + sound[at + 1 - keeps :]
    assert passes(RuleKind.FORMAT, {"strftime": form}, TEXT, literal(sound)) is True
    if passes(RuleKind.FORMAT, {"strftime": form}, TEXT, literal(changed)):
        datetime.strptime(changed, form)  # noqa: DTZ007  or it raises


@pytest.mark.parametrize("text", ["infinity", "-infinity", "epoch", " 2026", "2026 ", "26", "+2026", ""])
def test_words_and_white_space_that_the_engine_takes_for_times_are_none(text: str) -> None:
    assert passes(RuleKind.FORMAT, {"strftime": "%Y"}, TEXT, literal(text)) is False
