from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.generate.draws import Draws
from headgate.generate.orders import World
from headgate.generate.seasons import NIGHT_HOURS, make_season
from headgate.generate.world import make_world

END = datetime(2026, 11, 20, 6, tzinfo=UTC)


@settings(max_examples=30)
@given(count=st.integers(1, 3_000), days=st.integers(1, 60), late=st.integers(0, 86_399))
def test_times_rise_within_the_span_and_avoid_the_night(count: int, days: int, late: int) -> None:
    end = END + timedelta(seconds=late)
    customers = max(25, count // (2 * days) + 1)
    made = make_world(seed=1, count=count, customers=customers, end=end, days=days)
    assert len(made.time) == len(made.customer) == count
    assert (np.diff(made.time) >= 0).all()
    assert made.time[0] >= (end - timedelta(days=days)).timestamp()
    assert made.time[-1] < end.timestamp()
    assert not np.isin(made.time // 3_600 % 24, NIGHT_HOURS).any()
    assert made.customer.min() >= 0
    assert made.customer.max() < customers


def test_some_customers_come_back_far_more_often(world: World) -> None:
    orders = np.sort(np.bincount(world.customer, minlength=170))
    assert orders[0] >= 1
    assert orders[-17:].sum() > 2.5 * orders[:17].sum()


def test_three_orders_of_a_customer_never_fall_together() -> None:
    made = make_world(seed=2, count=60_000, customers=5_000, end=END, days=30)
    order = np.lexsort((made.time, made.customer))
    customer, time = made.customer[order], made.time[order]
    third = customer[2:] == customer[:-2]
    assert (time[2:] - time[:-2])[third].min() > 3_600


def test_december_and_the_evening_are_the_busiest() -> None:
    season = make_season(Draws(seed=4), end=datetime(2026, 1, 1, tzinfo=UTC), days=365)
    time = season.times((np.arange(200_000) + 0.5) / 200_000)
    month = time.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
    assert np.bincount(month).argmax() == 11
    assert np.bincount(time // 3_600 % 24).argmax() == 20
    assert np.bincount(month)[11] > 1.8 * np.bincount(month)[1]
