"""The rows of a run while defects are being placed: which are taken, which are free, which must stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from headgate.generate.defects import Defect
from headgate.generate.draws import DrawSeries, Flags
from headgate.generate.orders import World

TRIES = 64
"""How often a place is looked for at random before a kind goes without it."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """The defect of one row."""

    kind: Defect
    model: int | None = None  # row whose record or id is repeated
    group: int | None = None  # number of the incident that rows make together, from 1
    value: int = 0  # the card that is misused, the factor on all quantities, or the price in cents
    item: int = 0  # position of the line that gets the price


class Board:
    """Rows that are still free, and the sound files that they lie in."""

    def __init__(self, world: World, *, edges: Sequence[int], series: DrawSeries) -> None:
        """`edges` are the first rows of the sound files and the row after the last; no other row is ever chosen."""
        self.time = world.time.copy()
        self.customer = world.customer.copy()
        self.edges = tuple(edges)
        self.series = series
        self.free: Flags = np.zeros(len(self.time), dtype=np.bool_)
        self.free[: self.edges[-1]] = True
        self.sound: Flags = self.free.copy()  # rows without defect; models of copies stay sound but are no longer free
        self.odd_customers: set[int] = set()  # each customer is part of one statistical defect at most
        self.planned: dict[int, Planned] = {}

    def free_row(self, low: int, high: int) -> int | None:
        """A free row from `low` to below `high`, or None; rarely None although there is one."""
        if low >= high:
            return None
        tries = (low + self.series.below(high - low) for _ in range(TRIES))
        return next((row for row in tries if self.free[row]), None)

    def file_of(self, row: int) -> tuple[int, int]:
        """First row of the file that a row lies in, and the row after its last."""
        place = int(np.searchsorted(self.edges, row, side="right"))
        return self.edges[place - 1], self.edges[place]

    def mark(self, row: int, planned: Planned) -> None:
        """Give a row its defect; its model may not be changed any more."""
        self.planned[row] = planned
        self.free[row] = self.sound[row] = False
        if planned.model is not None:
            self.free[planned.model] = False
