"""Numbers and times in words: digits in groups, units after a no-break space, U+2212 for minus."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite

NBSP = "\u00a0"
MINUS = "\u2212"
DASH = "\u2013"

Number = int | float | Decimal

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# Tables hold up to 38 digits, more than the default context keeps.
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_SCALES = (
    (Decimal(10**9), Decimal(10**9), "billion"),
    (Decimal(10**6), Decimal(10**6), "million"),
    (Decimal(10**4), Decimal(10**3), "thousand"),  # 3,000 reads better than 3 thousand
)  # from this number on, divisor, word


def exact(number: Number) -> Decimal:
    """The number as a decimal; floats by their shortest text, so that 0.1 stays 0.1."""
    if isinstance(number, float):
        if not isfinite(number):
            raise ValueError(f"{number} is no number that a report can show.")
        return Decimal(repr(number))
    return Decimal(number)


def fixed(number: Number, digits: int = 0) -> str:
    """1234.565, 2 -> 1,234.57; rounded half up, and what rounds to nothing has no sign."""
    rounded = exact(number).quantize(Decimal(1).scaleb(-digits), context=_EXACT)
    text = f"{rounded.copy_abs():,.{digits}f}"
    return f"{MINUS}{text}" if rounded < 0 else text


def amount(number: Number) -> str:
    """3287412.6 -> 3,287,412.60."""
    return fixed(number, 2)


def percent(share: Number, digits: int = 1) -> str:
    """0.9788 -> 97.9 %; a share that is neither 0 nor 1 is never shown as 0 or 100."""
    value = exact(share) * 100
    if value in {0, 100}:
        return f"{fixed(value)}{NBSP}%"
    least = Decimal(1).scaleb(-digits)
    if 0 < value < least / 2:
        return f"<{NBSP}{least}{NBSP}%"
    if 100 - least / 2 <= value < 100:  # noqa: PLR2004
        return f"{fixed(100 - least, digits)}{NBSP}%"
    return f"{fixed(value, digits)}{NBSP}%"


def percent_exact(share: Number) -> str:
    """0.95 -> 95 %, 0.975 -> 97.5 %: a limit as it was set."""
    text = format((exact(share) * 100).normalize(), "f")
    return f"{text}{NBSP}%"


def change(share: Number) -> str:
    """0.029 -> +2.9 %."""
    sign = "+" if exact(share) > 0 else ""
    return sign + percent(share)


def scale_of(numbers: list[Decimal]) -> tuple[Decimal, str]:
    """The one scale in which all the numbers read well: divisor and its word, empty for 1."""
    largest = max((abs(number) for number in numbers), default=Decimal(0))
    return next(((divisor, word) for least, divisor, word in _SCALES if largest >= least), (Decimal(1), ""))


def digits_for(largest: Decimal) -> int:
    """Digits after the point so that the largest number of a row shows about four in all."""
    return next(digits for limit, digits in ((100, 2), (1000, 1), (10**30, 0)) if abs(largest) < limit)


def short(number: Number) -> str:
    """3287412.6 -> 3.29 million; below ten thousand as it is, with two digits."""
    value = exact(number)
    divisor, word = scale_of([value])
    return f"{fixed(value / divisor, 2)}{NBSP}{word}" if word else fixed(value, 2)


def in_words(count: int) -> str:
    """3 -> three; above twelve in digits."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else fixed(count)


def day_month(day: date) -> str:
    """20 November."""
    return f"{day.day}{NBSP}{month_name(day)}"


def day_short(day: date) -> str:
    """20 Nov."""
    return f"{day.day}{NBSP}{month_name(day)[:3]}"


def full_date(day: date) -> str:
    """20 November 2026."""
    return f"{day_month(day)}{NBSP}{day.year}"


def month_name(day: date) -> str:
    """November."""
    return _MONTHS[day.month - 1]


def weekday_name(day: date) -> str:
    """Friday."""
    return _WEEKDAYS[day.weekday()]


def clock(moment: datetime) -> str:
    """08:00."""
    return f"{utc(moment):%H:%M}"


def date_and_time(moment: datetime) -> str:
    """20 November 2026, 08:00."""
    return f"{full_date(utc(moment))}, {clock(moment)}"


def utc(moment: datetime) -> datetime:
    """The moment in UTC; one without zone is UTC already, as tables keep it."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
