"""Defects that several rows make together: many orders of one customer, many customers with one card."""

from __future__ import annotations

import numpy as np

from headgate.generate.board import Board, Planned
from headgate.generate.defects import EXPECTED, Defect
from headgate.generate.population import CARD_ENDINGS, CARD_NUMBERS
from headgate.generate.seasons import HOUR_SECONDS, NIGHT_HOURS

BURST_SECONDS = 270  # at most, from the first order to the last
CARD_SECONDS = 3_300
_QUIET_SECONDS = 2 * HOUR_SECONDS  # around a burst, without another order of its customer
_REACH = 64  # rows that are looked through for free ones


def place_group(board: Board, kind: Defect, *, start: int, number: int, end: int) -> bool:
    """Make one incident of free rows from `start` on; False, and nothing is changed, where they do not fit.

    The rows keep their file and move close together in time, all before the second `end`.
    """
    span = BURST_SECONDS if kind is Defect.BURST else CARD_SECONDS
    first = int(board.time[start])
    rows = _neighbours(board, start, size=EXPECTED[kind].group)
    if first + span >= end or not _by_day(first, first + span) or rows is None:
        return False
    card = 0
    if kind is Defect.BURST:
        customer = _quiet_customer(board, rows, first)
        if customer is None:
            return False
        board.customer[rows] = customer
        board.odd_customers.add(customer)
    else:
        card = CARD_NUMBERS + number % (CARD_ENDINGS - CARD_NUMBERS)
        board.odd_customers.update(board.customer[rows].tolist())
    board.time[rows] = first + np.array(sorted(board.series.below(span + 1) for _ in rows), dtype=np.int64)
    for row in rows:
        board.mark(row, Planned(kind=kind, group=number, value=card))
    return True


def _neighbours(board: Board, start: int, *, size: int) -> list[int] | None:
    """Free rows of different customers in the file of `start`."""
    _, after = board.file_of(start)
    rows: list[int] = []
    customers: set[int] = set()
    for row in range(start, min(start + _REACH, after)):
        customer = int(board.customer[row])
        if board.free[row] and customer not in customers:
            rows.append(row)
            customers.add(customer)
        if len(rows) == size:
            return rows
    return None


def _by_day(first: int, last: int) -> bool:
    """True where neither end of a short span lies in the night."""
    return not {second // HOUR_SECONDS % 24 for second in (first, last)} & set(NIGHT_HOURS)


def _quiet_customer(board: Board, rows: list[int], second: int) -> int | None:
    """A customer who makes none of these orders and no other one about that time."""
    for _ in range(16):
        row = board.free_row(0, board.edges[-1])
        customer = -1 if row is None else int(board.customer[row])
        own = np.flatnonzero(board.customer == customer)
        quiet = bool((np.abs(board.time[own] - second) > _QUIET_SECONDS).all())
        if own.size and quiet and customer not in board.odd_customers and not np.isin(own, rows).any():
            return customer
    return None
