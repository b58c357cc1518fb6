"""Which rows carry which defect. All is decided before the first byte is written, so that copies know their model."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from headgate.core.replacing import replace
from headgate.generate.board import TRIES, Board, Planned
from headgate.generate.defects import BY_CATEGORY, BY_HISTORY, EXPECTED, GROUPS, WITH_MODEL, Defect
from headgate.generate.draws import DrawSeries, Ints
from headgate.generate.orders import World
from headgate.generate.plan_groups import place_group
from headgate.generate.plan_histories import place_high_amounts, place_odd_hours
from headgate.generate.plan_prices import place_odd_prices
from headgate.generate.rates import Rates


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All defects of a run, and the world as they change it: bursts and odd hours move orders in time."""

    world: World
    planned: Mapping[int, Planned]


def make_plan(world: World, *, rows: int, kinds: Sequence[Defect], edges: Sequence[int], rates: Rates) -> Plan:
    """Choose `rows` rows for the kinds, as evenly as whole groups allow; `edges` as for Board.

    What a kind finds no place for (no later file, no customer with a history) goes to the kinds that any row can have.
    """
    board = Board(world, edges=edges, series=world.draws.series("plan"))
    wanted = allotted(kinds, rows=rows, series=board.series)
    _place_groups(board, wanted, end=world.end)
    for kind in (kind for kind in kinds if kind in WITH_MODEL):
        _place_with_model(board, kind, wanted[kind])
    moved = replace(world, time=board.time, customer=board.customer)
    place_high_amounts(board, moved, count=wanted.get(Defect.HIGH_AMOUNT, 0), rates=rates)
    place_odd_hours(board, count=wanted.get(Defect.ODD_HOUR, 0), end=world.end)
    place_odd_prices(board, moved, count=wanted.get(Defect.ODD_PRICE, 0), rates=rates)
    _place_anywhere(board, wanted, rows=rows)
    return Plan(world=moved, planned=board.planned)


def allotted(kinds: Sequence[Defect], *, rows: int, series: DrawSeries) -> dict[Defect, int]:
    """Rows for each kind: always the kind with the fewest is served next, a whole group at a time."""
    queue = [(0, series.below(1 << 30), kind) for kind in kinds]
    heapq.heapify(queue)
    counts = dict.fromkeys(kinds, 0)
    left = rows
    while queue and left:
        count, order, kind = heapq.heappop(queue)
        group = EXPECTED[kind].group
        if group > left:
            continue
        counts[kind] = count + group
        left -= group
        heapq.heappush(queue, (counts[kind], order, kind))
    return counts


def _place_groups(board: Board, wanted: Mapping[Defect, int], *, end: int) -> None:
    incidents = [kind for kind in wanted if kind in GROUPS for _ in range(wanted[kind] // EXPECTED[kind].group)]
    for number, kind in enumerate(incidents, start=1):
        for _ in range(TRIES):
            start = board.free_row(0, board.edges[-1])
            if start is not None and place_group(board, kind, start=start, number=number, end=end):
                break


def _place_with_model(board: Board, kind: Defect, count: int) -> None:
    across = kind is Defect.DUPLICATE_ACROSS
    for _ in range(count):
        row = board.free_row(board.edges[1] if across else 0, board.edges[-1])
        if row is None:
            continue
        first, _ = board.file_of(row)
        model = board.free_row(0, first) if across else board.free_row(first, row)
        if model is not None:
            board.mark(row, Planned(kind=kind, model=model))


def _place_anywhere(board: Board, wanted: Mapping[Defect, int], *, rows: int) -> None:
    kinds = [kind for kind in wanted if kind not in GROUPS | WITH_MODEL | BY_HISTORY | BY_CATEGORY]
    queue = [kind for kind in kinds for _ in range(wanted[kind])]
    missing = rows - len(board.planned) - len(queue)
    queue += [kinds[place % len(kinds)] for place in range(missing)] if kinds else []
    for kind in queue:
        row = board.free_row(0, board.edges[-1])
        if row is not None:
            board.mark(row, Planned(kind=kind))


def first_rows(count: int, files: int) -> Ints:
    """First row of each file and the row after the last: files of equal size, the first ones longer by one at most."""
    size, longer = divmod(count, files)
    return np.concatenate(([0], np.cumsum([size + (place < longer) for place in range(files)]))).astype(np.int64)
