from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.serve import report_numbers as numbers

_SP = numbers.NBSP


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (52310, 0, "52,310"),
        (Decimal("1234.565"), 2, "1,234.57"),
        (-1234, 0, "\u22121,234"),
        (Decimal("-0.004"), 2, "0.00"),
        (0.1, 3, "0.100"),
        (Decimal("9" * 36 + ".99"), 2, f"{int('9' * 36):,}.99"),
    ],
)
def test_a_number_is_grouped_and_rounded_half_up(number: numbers.Number, digits: int, text: str) -> None:
    assert numbers.fixed(number, digits) == text


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (Decimal("0.9788"), 1, f"97.9{_SP}%"),
        (Decimal("0.00001"), 1, f"<{_SP}0.1{_SP}%"),
        (Decimal("0.99999"), 1, f"99.9{_SP}%"),
        (Decimal(1), 1, f"100{_SP}%"),
        (Decimal(0), 2, f"0{_SP}%"),
    ],
)
def test_a_share_never_looks_like_all_or_nothing_unless_it_is(share: Decimal, digits: int, text: str) -> None:
    assert numbers.percent(share, digits) == text


def test_a_limit_is_shown_as_it_was_set() -> None:
    assert [numbers.percent_exact(Decimal(limit)) for limit in ("0.95", "0.975", "1")] == [
        f"95{_SP}%",
        f"97.5{_SP}%",
        f"100{_SP}%",
    ]


def test_a_change_has_its_sign() -> None:
    assert numbers.change(0.029) == f"+2.9{_SP}%"
    assert numbers.change(-0.029) == f"\u22122.9{_SP}%"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (9999, "9,999.00"),
        (26350, f"26.35{_SP}thousand"),
        (263526, f"263.53{_SP}thousand"),
        (Decimal("3287412.60"), f"3.29{_SP}million"),
        (-7_123_456_789, f"\u22127.12{_SP}billion"),
    ],
)
def test_a_short_number_names_its_scale(number: numbers.Number, text: str) -> None:
    assert numbers.short(number) == text


@given(st.decimals(min_value=-(10**30), max_value=10**30, places=2))
def test_what_is_written_in_full_reads_back_as_the_same_amount(value: Decimal) -> None:
    text = numbers.amount(value).replace(",", "").replace(numbers.MINUS, "-")
    assert Decimal(text) == value


def test_inf_is_no_number() -> None:
    with pytest.raises(ValueError, match="inf is no number"):
        numbers.fixed(float("inf"))


def test_times_are_said_in_utc() -> None:
    east = datetime(2026, 11, 20, 1, 30, tzinfo=timezone(timedelta(hours=9)))
    assert numbers.date_and_time(east).replace(_SP, " ") == "19 November 2026, 16:30"
    assert numbers.clock(datetime(2026, 11, 20, 8)) == "08:00"  # noqa: DTZ001 — as a table keeps it
    assert numbers.utc(east).tzinfo is UTC
    assert numbers.weekday_name(date(2026, 11, 20)) == "Friday"


def test_small_counts_are_words() -> None:
    assert [numbers.in_words(count) for count in (0, 3, 12, 13, 1300)] == ["no", "three", "twelve", "13", "1,300"]
