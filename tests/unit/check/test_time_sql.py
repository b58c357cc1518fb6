"""Dates and times against Python's, and patterns in their very shape."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.check.typed_sql import typed
from headgate.core.contract import Column, Kind


def read(kind: Kind, text: str, *, pattern: str | None = None, json: bool = True) -> object:
    column = Column(name="v", source_name="v", path="v", kind=kind, date_format=pattern)
    given_text = f'"{text}"' if json else text
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        sql = f"SELECT CAST({typed(column, '$t', json=json)} AS VARCHAR)".replace("$t", "t")
        return connection.execute(f"{sql} FROM (SELECT $text AS t)", {"text": given_text}).fetchone()[0]  # type: ignore[index]


FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001  hypothesis wants them bare


@settings(max_examples=60, deadline=None)
@given(moment=st.datetimes(min_value=FIRST, max_value=LAST), minutes=st.integers(-840, 840))
def test_moments_with_an_offset(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = read(Kind.TIMESTAMP, zoned.isoformat())
    assert isinstance(found, str)
    assert datetime.fromisoformat(found) == zoned.astimezone(UTC)


@settings(max_examples=40, deadline=None)
@given(day=st.dates(), clock=st.times())
def test_days_and_times(day: date, clock: time) -> None:
    assert read(Kind.DATE, day.isoformat()) == day.isoformat()
    found = read(Kind.TIME, clock.isoformat())
    assert isinstance(found, str)
    assert time.fromisoformat(found) == clock


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("yyyy-MM-dd", "2026-11-20", "2026-11-20"),
        ("yyyyMMdd", "20261120", "2026-11-20"),
        ("yyyyMMdd", "2026112", None),
        ("d MMM yyyy", "5 Nov 2026", "2026-11-05"),
        ("dd/MM/yy", "05/11/26", "2026-11-05"),
        ("dd/MM/yy", "05/11/2026", None),
        ("yyyy", "0000", None),
    ],
)
def test_patterns(pattern: str, text: str, expected: str | None) -> None:
    assert read(Kind.DATE, text, pattern=pattern) == expected
    assert read(Kind.DATE, text, pattern=pattern, json=False) == expected


@pytest.mark.parametrize("json", [True, False])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T08:15:00Z", "2026-11-20 08:15:00+00"),
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00+00"),
        ("9999-12-31T23:59:59Z", "9999-12-31 23:59:59+00"),
        ("0000-01-01T00:00:00Z", None),
        ("2026-02-29T08:15:00Z", None),
        ("2026-11-20T24:00:00Z", None),
        ("2026-11-20T08:15:60Z", None),
        ("2026-1-20T08:15:00Z ", None),
        ("202-11-20T08:15:00Z ", None),
        (" 2026-1-20T08:15:00Z", None),
        (" 026-11-20T08:15:00Z", None),
        ("-026-11-20T08:15:00Z", None),
        ("2026-11-20T08:15: 0Z", None),
        ("2026-11-20T08:15:00z", None),
        ("2026-11-20 08:15:00Z", "2026-11-20 08:15:00+00"),
    ],
)
def test_moments_of_the_usual_length(text: str, expected: str | None, *, json: bool) -> None:
    assert read(Kind.TIMESTAMP, text, json=json) == expected


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 19), sign=st.sampled_from(" 0159-:TZ.+"), json=st.booleans())
def test_one_other_sign_in_the_usual_form_is_read_as_by_its_shape(at: int, sign: str, json: bool) -> None:  # noqa: FBT001
    text = "2026-11-20T08:15:00Z"
    changed = text[:at] + sign + text[at + 1 :]
    whole = re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z|[+-]\d\d)", changed)
    try:
        expected = datetime.fromisoformat(changed) if whole else None
    except ValueError:
        expected = None
    found = read(Kind.TIMESTAMP, changed, json=json)
    assert (found and datetime.fromisoformat(str(found))) == expected
