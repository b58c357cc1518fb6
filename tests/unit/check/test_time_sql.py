"""Dates and times against Python's, and patterns in their very shape."""

from __future__ import annotations

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
