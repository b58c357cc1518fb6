"""The defect that is odd only beside what else is sold in a category: one line at a price far from all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headgate.generate.board import Board, Planned
from headgate.generate.catalogue import PRICE_LISTS
from headgate.generate.defects import Defect
from headgate.generate.orders import World, make_orders
from headgate.generate.plan_histories import HIGHEST_CENTS, LEAST_HISTORY
from headgate.generate.rates import Rates

PRICE_FACTOR = 200
"""At least so many times the usual price of the category, or as small a part of it."""

_FACTORS = (240, 320)  # aimed at; rounding to the cent never takes it below the least
_SAMPLE_ROWS = 20_000  # orders that the usual prices are taken from
_CANDIDATES = 4  # rows that are looked at for each one wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The first line of an order, which is to get another price. Amounts are cents of the order's currency."""

    usual: float  # median price of the category
    others: int  # what the order comes to without this line
    quantity: int
    tax: float  # 1.19 where the tax is 19 percent
    rate: float  # EUR for one unit of the currency


def place_odd_prices(board: Board, world: World, *, count: int, rates: Rates) -> None:
    """Give the first line of up to `count` free rows an odd price, one row a customer.

    A high price goes only to customers with so few orders that no amount is unusual for them, and where the order stays
    under the limit; all others get a low price. So the price is all that is odd.
    """
    rows = _candidates(board, count)
    orders_of = np.bincount(board.customer)
    placed = 0
    for row, line in zip(rows, _first_lines(world, rows, rates), strict=True):
        factor = board.series.between(*_FACTORS)
        raised = bool(board.series.below(2)) and int(orders_of[board.customer[row]]) < LEAST_HISTORY
        if placed == count or line.usual < PRICE_FACTOR:
            continue
        high = int(line.usual * factor)
        total = (line.others + line.quantity * high * line.tax) * line.rate
        price = high if raised and total <= HIGHEST_CENTS else max(1, int(line.usual / factor))
        board.mark(row, Planned(kind=Defect.ODD_PRICE, value=price))
        board.odd_customers.add(int(board.customer[row]))
        placed += 1


def _candidates(board: Board, count: int) -> list[int]:
    """Free rows of different customers, several for each one wanted."""
    found: dict[int, int] = {}
    for _ in range(count * _CANDIDATES):
        row = board.free_row(0, board.edges[-1])
        if row is not None and int(board.customer[row]) not in board.odd_customers:
            found.setdefault(int(board.customer[row]), row)
    return list(found.values())


def _first_lines(world: World, rows: list[int], rates: Rates) -> list[_Line]:
    if not rows:
        return []
    orders = make_orders(world, np.array(rows, dtype=np.int64))
    usual = _usual_prices(world)
    categories = world.catalogue.category.to_pylist()
    rate = rates.of(orders.currency, orders.time)
    return [
        _Line(
            usual=usual[categories[orders.product[first]]] * PRICE_LISTS[orders.currency[place]],
            others=int(orders.total[place] - orders.line_total[first]),
            quantity=int(orders.quantity[first]),
            tax=1 + float(world.population.tax_basis_points[orders.customer[place]]) / 10_000,
            rate=float(rate[place]),
        )
        for place, first in enumerate(orders.begin[:-1])
    ]


def _usual_prices(world: World) -> dict[str, float]:
    """Median price in EUR cents of the lines of each category."""
    rows = np.arange(0, len(world.time), -(-len(world.time) // _SAMPLE_ROWS), dtype=np.int64)
    product = make_orders(world, rows).product
    price = world.catalogue.price[product]
    category = np.array(world.catalogue.category.to_pylist())[product]
    return {str(name): float(np.median(price[category == name])) for name in np.unique(category)}
