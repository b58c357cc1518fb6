"""The defect that is odd only beside what else is sold in a category: one line at a price far from all others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec
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
_CANDIDATES = 8  # rows that are looked at for each one wanted


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line that may get another price. Amounts are cents of the order's currency."""

    row: int
    item: int  # position in the order
    usual: float  # median price of the category
    others: int  # what the order comes to without this line
    quantity: int
    tax: float  # 1.19 where the tax is 19 percent
    rate: float  # EUR for one unit of the currency

    def euros_at(self, price: int) -> float:
        """EUR cents that the order comes to with this price."""
        return (self.others + self.quantity * price * self.tax) * self.rate


def place_odd_prices(board: Board, world: World, *, count: int, rates: Rates) -> None:
    """Give a line of up to `count` free rows an odd price, one row a customer; up to half of the prices are high.

    A high price goes only to customers with so few orders that no amount is unusual for them, and where the order stays
    under the limit. So the price is all that is odd.
    """
    orders_of = np.bincount(board.customer)
    high: dict[int, Planned] = {}
    low: dict[int, Planned] = {}
    for line in _lines(board, world, _candidates(board, count), rates):
        factor = board.series.between(*_FACTORS)
        if line.usual < PRICE_FACTOR:
            continue  # a cent would be too much
        raised = int(line.usual * factor)
        few = int(orders_of[board.customer[line.row]]) < LEAST_HISTORY
        if few and len(high) < count // 2 and line.euros_at(raised) <= HIGHEST_CENTS:
            high[line.row] = Planned(kind=Defect.ODD_PRICE, value=raised, item=line.item)
        else:
            low[line.row] = Planned(kind=Defect.ODD_PRICE, value=max(1, int(line.usual / factor)), item=line.item)
    for row, planned in [*high.items(), *low.items()][:count]:
        board.mark(row, planned)
        board.odd_customers.add(int(board.customer[row]))


def _candidates(board: Board, count: int) -> list[int]:
    """Free rows of different customers, several for each one wanted."""
    found: dict[int, int] = {}
    for _ in range(count * _CANDIDATES):
        row = board.free_row(0, board.edges[-1])
        if row is not None and int(board.customer[row]) not in board.odd_customers:
            found.setdefault(int(board.customer[row]), row)
    return list(found.values())


def _lines(board: Board, world: World, rows: list[int], rates: Rates) -> Iterator[_Line]:
    """One line of each row, whichever."""
    if not rows:
        return
    orders = make_orders(world, np.array(rows, dtype=np.int64))
    usual = _usual_prices(world)
    category = world.catalogue.category.to_pylist()
    rate = rates.of(orders.currency, orders.time)
    for place, (first, after) in enumerate(pairwise(orders.begin.tolist())):
        item = board.series.below(after - first)
        yield _Line(
            row=rows[place],
            item=item,
            usual=usual.get(category[orders.product[first + item]], 0.0) * PRICE_LISTS[orders.currency[place]],
            others=int(orders.total[place] - orders.line_total[first + item]),
            quantity=int(orders.quantity[first + item]),
            tax=1 + float(world.population.tax_basis_points[orders.customer[place]]) / 10_000,
            rate=float(rate[place]),
        )


def _usual_prices(world: World) -> dict[str, float]:
    """Median price in EUR cents of the lines of each category."""
    rows = np.arange(0, len(world.time), -(-len(world.time) // _SAMPLE_ROWS), dtype=np.int64)
    product = make_orders(world, rows).product
    price = world.catalogue.price[product]
    category = np.array(world.catalogue.category.to_pylist())[product]
    return {str(name): float(np.median(price[category == name])) for name in np.unique(category)}
