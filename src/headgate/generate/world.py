"""Who orders when: the rows of a run in the order of time, each with its customer."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from headgate.generate.catalogue import make_catalogue
from headgate.generate.draws import Draws, Ints
from headgate.generate.orders import World
from headgate.generate.population import make_population
from headgate.generate.seasons import make_season

ORDERS_A_DAY = 2
"""Orders of one customer a day at most, as long as the average customer stays below a third of that."""


def make_world(*, seed: int, count: int, customers: int, end: datetime, days: int) -> World:
    """All of a run but its orders. Rows are in the order of time; memory: about 40 bytes a row."""
    draws = Draws(seed=seed)
    row = np.arange(count, dtype=np.int64)
    season = make_season(draws, end=end, days=days)
    return World(
        draws=draws,
        population=make_population(draws, customers),
        catalogue=make_catalogue(),
        time=season.times((row + draws.uniform("row/time", row)) / count),
        customer=_customers(draws, count=count, customers=customers, days=days),
        end=season.end,
    )


def _customers(draws: Draws, *, count: int, customers: int, days: int) -> Ints:
    """The customer of each row. A customer's orders lie one in each of equal stretches of the run.

    So three orders of one customer never fall together by chance: between the first and the third lies a stretch.
    """
    orders = _loyalty(draws, count=count, customers=customers, days=days)
    customer = np.repeat(np.arange(customers, dtype=np.int64), orders)
    stretch = np.arange(count, dtype=np.int64) - np.repeat(np.cumsum(orders) - orders, orders)
    luck = draws.uniform("row/customer", np.arange(count, dtype=np.int64))
    place = (stretch + luck) / np.repeat(np.maximum(orders, 1), orders)
    return customer[np.argsort(place, kind="stable")]


def _loyalty(draws: Draws, *, count: int, customers: int, days: int) -> Ints:
    """How many orders each customer makes: falling with the rank like Zipf's law, flattened at the top."""
    rank = np.argsort(np.argsort(draws.bits("customer/rank", np.arange(customers, dtype=np.int64))))
    weight = (rank + 30.0) ** -0.6
    most = max(ORDERS_A_DAY * days, 3 * count // customers + 1)
    shares = np.minimum(weight * (count / weight.sum()), most)
    for _ in range(8):  # what the limit takes from the most loyal goes to the others
        shares = np.minimum(shares * (count / shares.sum()), most)
    edges = np.floor(np.cumsum(shares) * (count / shares.sum()) + 0.5).astype(np.int64)
    edges[-1] = count
    return np.asarray(np.diff(edges, prepend=0))
