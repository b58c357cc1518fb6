"""When people buy: months, weekdays, hours, and days that are a little better or worse than others."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np

from headgate.generate.draws import Draws, Floats, Ints

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600

MONTHS = (0.85, 0.80, 0.90, 0.95, 1.00, 0.95, 0.90, 0.88, 1.00, 1.05, 1.35, 1.75)
WEEKDAYS = (1.00, 0.95, 0.95, 1.00, 1.10, 1.15, 1.20)  # from Monday
HOURS = (
    0.25,
    0,
    0,
    0,
    0,
    0.10,
    0.3,
    0.6,
    0.9,
    1.1,
    1.25,
    1.3,
    1.3,
    1.2,
    1.15,
    1.1,
    1.1,
    1.2,
    1.4,
    1.6,
    1.7,
    1.5,
    1.0,
    0.5,
)
NIGHT_HOURS = tuple(hour for hour, weight in enumerate(HOURS) if weight == 0)
"""Hours, UTC, in which no ordinary order is made; `odd_hour` lives there."""

_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday


class Season(msgspec.Struct, frozen=True, kw_only=True):
    """Expected orders over the span, hour by hour; hours without any are left out."""

    begin: Ints  # second since 1970 at which the hour begins, cut at the span's ends
    length: Ints  # seconds
    cumulated: Floats  # share of all orders before the hour; one longer than the hours
    end: int  # second since 1970; every order is earlier

    def times(self, position: Floats) -> Ints:
        """Seconds since 1970 for positions in [0, 1) of the span's orders; rising positions give rising times."""
        slot = np.clip(np.searchsorted(self.cumulated, position, side="right") - 1, 0, len(self.begin) - 1)
        share = (position - self.cumulated[slot]) / (self.cumulated[slot + 1] - self.cumulated[slot])
        within = np.minimum((share * self.length[slot]).astype(np.int64), self.length[slot] - 1)
        return self.begin[slot] + np.maximum(within, 0)


def make_season(draws: Draws, *, end: datetime, days: int) -> Season:
    """The profile of the `days` before `end`."""
    last = int(end.timestamp())
    first = last - days * DAY_SECONDS
    hours = np.arange(first // HOUR_SECONDS, (last - 1) // HOUR_SECONDS + 1, dtype=np.int64)
    begin = np.maximum(hours * HOUR_SECONDS, first)
    length = np.minimum((hours + 1) * HOUR_SECONDS, last) - begin
    weight = _weights(draws, hours) * length
    open_hours = weight > 0
    shares = np.cumsum(weight[open_hours])
    return Season(
        begin=begin[open_hours],
        length=length[open_hours],
        cumulated=np.concatenate(([0.0], shares / shares[-1])),
        end=last,
    )


def _weights(draws: Draws, hours: Ints) -> Floats:
    day = hours // 24
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    luck = np.exp(0.08 * np.clip(draws.normal("season/day", day), -2.0, 2.0))
    return np.asarray(
        np.array(MONTHS)[month] * np.array(WEEKDAYS)[(day + _EPOCH_WEEKDAY) % 7] * np.array(HOURS)[hours % 24] * luck
    )


def time_text(second: int) -> str:
    """A second since 1970 as RFC 3339 in UTC.

    >>> time_text(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
