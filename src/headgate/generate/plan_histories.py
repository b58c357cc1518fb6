"""Defects that are odd only beside what their customer did before: a high amount, an order by night."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from headgate.generate.board import Board, Planned
from headgate.generate.defects import Defect
from headgate.generate.draws import Ints
from headgate.generate.orders import World, make_orders
from headgate.generate.rates import Rates
from headgate.generate.seasons import DAY_SECONDS, HOUR_SECONDS, NIGHT_HOURS

LEAST_HISTORY = 8  # sound orders of the customer before the odd one
HISTORY_SECONDS = 60 * DAY_SECONDS  # in which they lie
HIGH_FACTOR = 26  # times the customer's median that is aimed at; rounding never takes it below 25
HIGHEST_CENTS = 240_000  # EUR; the contract's limit is 2,500.00
_LARGEST_QUANTITY = 900
_CANDIDATES = 8  # rows that are looked at for each one wanted


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    row: int
    customer: int
    others: Ints  # the customer's other sound rows
    before: Ints  # those of them that make the history


def place_high_amounts(board: Board, world: World, *, count: int, rates: Rates) -> None:
    """Give up to `count` free rows of established customers a factor for their quantities, one row a customer."""
    candidates = _candidates(board, count)
    factors = _factors(world, candidates, rates)
    chosen = [(entry, factor) for entry, factor in zip(candidates, factors, strict=True) if factor]
    for entry, factor in chosen[:count]:
        _take(board, entry, Planned(kind=Defect.HIGH_AMOUNT, value=factor))


def place_odd_hours(board: Board, *, count: int, end: int) -> None:
    """Move up to `count` free rows of established customers into the night of their day, one row a customer."""
    first = int(board.time.min())
    placed = 0
    for entry in _candidates(board, count):
        midnight = int(board.time[entry.row]) // DAY_SECONDS * DAY_SECONDS
        length = len(NIGHT_HOURS) * HOUR_SECONDS
        time = midnight + NIGHT_HOURS[0] * HOUR_SECONDS + board.series.below(length)
        known = int((board.time[entry.before] < time).sum()) >= LEAST_HISTORY
        if placed == count or not known or not first <= time < end:
            continue
        board.time[entry.row] = time
        _take(board, entry, Planned(kind=Defect.ODD_HOUR))
        placed += 1


def _take(board: Board, entry: _Candidate, planned: Planned) -> None:
    board.mark(entry.row, planned)
    board.odd_customers.add(entry.customer)
    board.free[entry.before] = False  # no later defect may take the history away


def _candidates(board: Board, count: int) -> list[_Candidate]:
    """Free rows of different customers with enough sound orders before, several for each one wanted."""
    by_customer = np.argsort(board.customer, kind="stable")
    edges = np.searchsorted(board.customer[by_customer], np.arange(int(board.customer.max()) + 2))
    found: dict[int, _Candidate] = {}
    for _ in range(count * _CANDIDATES):
        row = board.free_row(0, board.edges[-1])
        customer = -1 if row is None else int(board.customer[row])
        if row is None or customer in found or customer in board.odd_customers:
            continue
        own = by_customer[edges[customer] : edges[customer + 1]]
        others = own[board.sound[own] & (own != row)]
        age = board.time[row] - board.time[others]
        before = others[(age > 0) & (age <= HISTORY_SECONDS)]
        if len(before) >= LEAST_HISTORY:
            found[customer] = _Candidate(row=row, customer=customer, others=others, before=before)
    return list(found.values())


def _factors(world: World, candidates: list[_Candidate], rates: Rates) -> list[int]:
    """By how much to multiply the quantities of each candidate's order; 0 where that leads beyond the limits."""
    rows = np.array([entry.row for entry in candidates], dtype=np.int64)
    orders = make_orders(world, rows)
    rate = rates.of(orders.currency, orders.time)
    most = np.maximum.reduceat(orders.quantity, orders.begin[:-1]) if len(rows) else rows
    factors = []
    for place, entry in enumerate(candidates):
        by_item = float((orders.subtotal[place] + orders.tax[place]) * rate[place])
        factor = math.ceil(HIGH_FACTOR * _usual(world, entry, rates) / by_item)
        total = factor * by_item + float(orders.cost[place] * rate[place])
        factors.append(factor if total <= HIGHEST_CENTS and most[place] * factor <= _LARGEST_QUANTITY else 0)
    return factors


def _usual(world: World, entry: _Candidate, rates: Rates) -> float:
    """The median of the customer's totals in EUR cents, before the order or over the whole run, whichever is higher."""
    orders = make_orders(world, entry.others)
    euros = orders.total * rates.of(orders.currency, orders.time)
    return max(float(np.median(euros)), float(np.median(euros[np.isin(entry.others, entry.before)])))
