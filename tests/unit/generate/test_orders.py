from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headgate.generate.orders import World, half_up, make_orders


@given(cents=st.integers(0, 10**9), share=st.integers(0, 10_000))
def test_half_up_is_what_decimal_says(cents: int, share: int) -> None:
    exact = (Decimal(cents) * share / 10_000).quantize(Decimal(1), ROUND_HALF_UP)
    assert half_up(np.array([cents]), np.array([share])).tolist() == [int(exact)]


@given(rows=st.lists(st.integers(0, 1_999), min_size=1, max_size=30))
def test_an_order_does_not_depend_on_those_made_with_it(world: World, rows: list[int]) -> None:
    together = make_orders(world, np.array(rows))
    for place, row in enumerate(rows):
        alone = make_orders(world, np.array([row]))
        items = slice(together.begin[place], together.begin[place + 1])
        assert alone.total[0] == together.total[place]
        assert alone.product.tolist() == together.product[items].tolist()
        assert alone.line_total.tolist() == together.line_total[items].tolist()


def test_sums_are_exact_and_within_the_limit(world: World) -> None:
    orders = make_orders(world, np.arange(2_000))
    for place in range(2_000):
        items = slice(orders.begin[place], orders.begin[place + 1])
        assert orders.subtotal[place] == (orders.quantity[items] * orders.unit_price[items]).sum()
        assert orders.total[place] == orders.subtotal[place] + orders.tax[place] + orders.cost[place]
    assert orders.quantity.min() >= 1
    assert orders.unit_price.min() > 0
    assert (orders.total / np.array([1.0, 1.1, 0.86, 0.95, 11.2])[orders.currency]).max() < 150_000


def test_no_rows_make_no_orders(world: World) -> None:
    assert len(make_orders(world, np.zeros(0, dtype=np.int64)).total) == 0


def test_cards_belong_to_card_payments(world: World) -> None:
    orders = make_orders(world, np.arange(2_000))
    assert ((orders.card >= 0) == (orders.method == 0)).all()
    assert 0.3 < (orders.method == 0).mean() < 0.5
