"""Exchange rates that ship with the flow `sales`: made by rule near plausible levels, not quoted anywhere."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec
import numpy as np

from headgate.core.errors import UsageError
from headgate.generate.draws import Draws, Floats, Ints
from headgate.generate.places import CURRENCIES

HEADER = "currency,day,rate"
FIRST_DAY = date(2024, 1, 1)
LAST_DAY = date(2027, 12, 31)
_EPOCH = date(1970, 1, 1)
_SCALE = 10**8  # DECIMAL(18,8)

_LEVELS = {"USD": 92_000_000, "GBP": 117_500_000, "CHF": 105_000_000, "SEK": 8_850_000}  # EUR for one, times 10^8


def rates_csv() -> str:
    """The table as CSV: currency, day, rate = EUR for one unit; every day from 2024 to 2027.

    Whole numbers only, so that every machine writes the same digits.
    """
    days = (LAST_DAY - FIRST_DAY).days + 1
    lines = [HEADER]
    for currency in CURRENCIES:
        walk = [_SCALE] * days if currency == "EUR" else _walk(currency, days)
        for offset, value in enumerate(walk):
            day = FIRST_DAY + timedelta(days=offset)
            lines.append(f"{currency},{day.isoformat()},{value // _SCALE}.{value % _SCALE:08d}")
    return "\n".join(lines) + "\n"


def write_rates(path: Path) -> None:
    """Write the table to a file; the same bytes every time."""
    path.write_bytes(rates_csv().encode())


def _walk(currency: str, days: int) -> list[int]:
    """Steps of at most 0.5 % a day, with a pull of a hundredth of the way back to the level."""
    level = _LEVELS[currency]
    series = Draws(seed=0).series(f"rates/{currency}")
    value, walk = level, []
    for _ in range(days):
        step = series.between(-250, 250) + series.between(-250, 250)  # two draws: small steps are likelier
        value += level * step // 100_000 + (level - value) // 100
        walk.append(value)
    return walk


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """EUR for one unit of each of the shop's currencies, by day."""

    first_day: int  # days since 1970
    eur: Floats  # by position in CURRENCIES and day since `first_day`; NaN where there is none
    path: Path

    def of(self, currency: Ints, second: Ints) -> Floats:
        """Rates for positions in CURRENCIES and times in seconds since 1970; UsageError where the table has none."""
        day = second // 86_400 - self.first_day
        inside = (day >= 0) & (day < self.eur.shape[1])
        found = np.where(inside, self.eur[currency, np.where(inside, day, 0)], np.nan)
        missing = np.flatnonzero(np.isnan(found))
        if missing.size:
            place = int(missing[0])
            wanted = _EPOCH + timedelta(days=int(second[place] // 86_400))
            raise UsageError(
                f"{self.path} has no rate for {CURRENCIES[int(currency[place])]} on {wanted}. "
                "Next: choose --end and --days within the table, or add the days to it."
            )
        return np.asarray(found)

    def check_span(self, end: int, *, days: int) -> None:
        """UsageError where a day of the span before the second `end` lacks the rate of one of the shop's currencies."""
        second = end - 1 - np.arange(days + 1, dtype=np.int64) * 86_400
        second[-1] = end - days * 86_400
        for currency in range(len(CURRENCIES)):
            self.of(np.full(len(second), currency, dtype=np.int64), second)


def read_rates(path: Path) -> Rates:
    """Read a table of rates; UsageError with file and line for what is no currency, day and positive rate."""
    entries: list[tuple[str, int, float]] = []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = ",".join(next(reader, []))
        if header != HEADER:
            raise UsageError(f"{path}:1: the header is {header!r}, not {HEADER!r}. Next: write the three columns.")
        entries.extend(_entry(path, reader.line_num, fields) for fields in reader)
    if not entries:
        raise UsageError(f"{path} has no rates. Next: add a line a currency and day, such as EUR,2026-11-20,1.00000000")
    first = min(day for _, day, _ in entries)
    table = np.full((len(CURRENCIES), max(day for _, day, _ in entries) - first + 1), np.nan)
    for currency, day, rate in entries:
        if currency in CURRENCIES:
            table[CURRENCIES.index(currency), day - first] = rate
    return Rates(first_day=first, eur=table, path=path)


def _entry(path: Path, line: int, fields: list[str]) -> tuple[str, int, float]:
    try:
        currency, day, rate = fields
        entry = currency, (date.fromisoformat(day) - _EPOCH).days, float(Decimal(rate))
    except (ValueError, InvalidOperation) as error:
        raise _no_entry(path, line, fields) from error
    if not entry[2] > 0:
        raise _no_entry(path, line, fields)
    return entry


def _no_entry(path: Path, line: int, fields: list[str]) -> UsageError:
    return UsageError(
        f"{path}:{line}: {','.join(fields)!r} is no currency, day and positive rate. "
        "Next: write it as USD,2026-11-20,0.92000000"
    )
