from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.date_patterns import read_date_pattern


@pytest.mark.parametrize(
    ("pattern", "strptime", "fits", "fits_not"),
    [
        ("yyyy-MM-dd", "%Y-%m-%d", "2026-01-02", "2026-1-2"),
        ("d/M/yyyy", "%d/%m/%Y", "1/12/2010", "001/12/2010"),
        ("dd.MM.yy", "%d.%m.%y", "01.12.10", "1.12.10"),
        ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S", "2026-01-02 03:04:05", "2026-01-02T03:04:05"),
        ("yyyyMMdd'T'HHmmss.SSS", "%Y%m%dT%H%M%S.%g", "20260102T030405.678", "20260102T030405.67"),
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "%Y-%m-%dT%H:%M:%S%z", "2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+0200"),
        ("EEE, d MMM yyyy", "%a, %d %b %Y", "Fri, 2 Jan 2026", "Friday, 2 Jan 2026"),
        ("h:mm a", "%I:%M %p", "3:04 PM", "3:04"),
        ("yyyy''MM", "%Y'%m", "2026'01", "202601"),
        ("yyyy'%'MM", "%Y%%%m", "2026%01", "2026-01"),
    ],
)
def test_patterns_in_the_words_of_the_engine(pattern: str, strptime: str, fits: str, fits_not: str) -> None:
    found = read_date_pattern(pattern)
    assert found.strptime == strptime
    assert re.fullmatch(found.shape, fits)
    assert not re.fullmatch(found.shape, fits_not)


@pytest.mark.parametrize(
    ("pattern", "has"),
    [("yyyy-MM-dd", "date"), ("HH:mm", "time"), ("yyyy-MM-dd HH:mmX", "date time offset"), ("'at'", "")],
)
def test_what_a_pattern_says(pattern: str, has: str) -> None:
    found = read_date_pattern(pattern)
    words = {"date": found.has_date, "time": found.has_time, "offset": found.has_offset}
    assert " ".join(word for word, there in words.items() if there) == has


@pytest.mark.parametrize("pattern", ["YYYY-ww", "yyyyy", "dddd", "G", "yyyy[MM]", "yyyy'open", "{d}"])
def test_what_is_not_supported_is_named(pattern: str) -> None:
    with pytest.raises(ValueError, match="is not supported"):
        read_date_pattern(pattern)


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(["yyyy-MM-dd", "d.M.yyyy", "dd/MM/yyyy", "yyyyMMdd"]))
def test_a_day_written_in_a_pattern_fits_it(day: date, pattern: str) -> None:
    parts = {
        "yyyy": f"{day.year:04}",
        "MM": f"{day.month:02}",
        "dd": f"{day.day:02}",
        "M": str(day.month),
        "d": str(day.day),
    }
    written = re.sub("yyyy|MM|dd|M|d", lambda match: parts[match.group()], pattern)
    assert re.fullmatch(read_date_pattern(pattern).shape, written)
