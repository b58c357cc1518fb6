from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from headgate.core.errors import UsageError
from headgate.generate.rates import read_rates, write_rates


def test_the_file_that_ships_is_what_the_function_writes(rates_file: Path, tmp_path: Path) -> None:
    write_rates(tmp_path / "fx_rates.csv")
    assert rates_file.read_bytes() == (tmp_path / "fx_rates.csv").read_bytes()


def test_every_currency_has_every_day_with_eight_decimals(rates_file: Path) -> None:
    header, *lines = rates_file.read_text().splitlines()
    assert header == "currency,day,rate"
    entries: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        currency, day, rate = line.split(",")
        entries.setdefault(currency, []).append((day, rate))
    days = [(date(2024, 1, 1) + timedelta(days=offset)).isoformat() for offset in range(1461)]
    assert set(entries) == {"EUR", "USD", "GBP", "CHF", "SEK"}
    for currency, found in entries.items():
        assert [day for day, _ in found] == days
        rates = [Decimal(rate) for _, rate in found]
        assert all(len(rate.partition(".")[2]) == 8 for _, rate in found)
        assert max(rates) / min(rates) < Decimal("1.25")
        steps = [abs(later / earlier - 1) for earlier, later in pairwise(rates)]
        assert max(steps) < Decimal("0.01")
        assert (len(set(rates)) > 1000) == (currency != "EUR")


def test_rates_are_found_by_day_in_utc(rates_file: Path) -> None:
    rates = read_rates(rates_file)
    midnight = int((date(2026, 11, 20) - date(1970, 1, 1)).days) * 86_400
    found = rates.of(np.array([1, 1, 1, 0]), np.array([midnight - 1, midnight, midnight + 86_399, midnight]))
    lines = dict(line.rsplit(",", 1) for line in rates_file.read_text().splitlines())
    assert found.tolist() == [float(lines[key]) for key in ("USD,2026-11-19", "USD,2026-11-20", "USD,2026-11-20")] + [
        1.0
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day,currency,rate\n", ":1: the header is 'day,currency,rate'"),
        ("currency,day,rate\nUSD,2026-13-01,0.9\n", ":2: 'USD,2026-13-01,0.9' is no"),
        ("currency,day,rate\nUSD,2026-11-01,0\n", ":2: .* is no currency, day and positive rate"),
        ("currency,day,rate\nUSD,2026-11-01,nine\n", ":2: "),
        ("currency,day,rate\nUSD,2026-11-01\n", ":2: "),
        ("currency,day,rate\n", "has no rates"),
        ("", "the header is ''"),
    ],
)
def test_what_is_no_table_of_rates_is_told_by_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_rates(path)
