"""The formats that a report's author may name: {revenue:money} {n:count} {share:percent}."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from headgate.serve import report_numbers as numbers

Value = None | bool | int | float | Decimal | str | date | datetime
"""What a cell of a result may be; anything else is refused when it is read."""


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return numbers.date_and_time(value)
    if isinstance(value, date):
        return numbers.full_date(value)
    if isinstance(value, int | float | Decimal):
        plain = numbers.exact(value)
        digits = max(0, -int(plain.as_tuple().exponent))
        return numbers.fixed(plain, digits)
    return str(value)


def _number(shown: Callable[[numbers.Number], str]) -> Callable[[Value], str]:
    def show(value: Value) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise TypeError("a number")
        return shown(value)

    return show


def _date(shown: Callable[[date], str]) -> Callable[[Value], str]:
    def show(value: Value) -> str:
        if not isinstance(value, date):
            raise TypeError("a date or a time")
        return shown(numbers.utc(value).date() if isinstance(value, datetime) else value)

    return show


def _time(shown: Callable[[datetime], str]) -> Callable[[Value], str]:
    def show(value: Value) -> str:
        if not isinstance(value, datetime):
            raise TypeError("a time")
        return shown(value)

    return show


FORMATS: dict[str, Callable[[Value], str]] = {
    "text": _text,
    "count": _number(numbers.fixed),
    "decimal": _number(lambda value: numbers.fixed(value, 1)),
    "amount": _number(numbers.amount),
    "money": _number(numbers.amount),
    "short": _number(numbers.short),
    "short_money": _number(numbers.short),
    "percent": _number(numbers.percent),
    "percent2": _number(lambda value: numbers.percent(value, 2)),
    "percent_exact": _number(numbers.percent_exact),
    "change": _number(numbers.change),
    "size": _number(lambda value: numbers.percent(abs(numbers.exact(value)))),
    "words": _number(lambda value: numbers.in_words(int(value))),
    "Words": _number(lambda value: numbers.in_words(int(value)).capitalize()),
    "date": _date(numbers.full_date),
    "day": _date(numbers.day_month),
    "month": _date(numbers.month_name),
    "month_year": _date(lambda day: f"{numbers.month_name(day)}{numbers.NBSP}{day.year}"),
    "weekday": _date(numbers.weekday_name),
    "time": _time(numbers.clock),
    "moment": _time(numbers.date_and_time),
}
"""Name -> value in words. `money` and `short_money` also name the currency."""

MONEY = frozenset({"money", "short_money"})
NUMERIC = frozenset(
    {
        "count",
        "decimal",
        "amount",
        "money",
        "short",
        "short_money",
        "percent",
        "percent2",
        "percent_exact",
        "change",
        "size",
    }
)
"""Formats whose cells stand to the right in a table."""


def show(value: Value, name: str, currency: str) -> str:
    """The value in that format; NULL is a dash. Raises TypeError, which names the type asked for."""
    if value is None:
        return numbers.DASH
    text = FORMATS[name](value)
    return f"{text}{numbers.NBSP}{currency}" if name in MONEY else text
