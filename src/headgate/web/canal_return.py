"""Held rows that people let go on, as they flow back into what is published: the arrow of both pictures."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_svg import length, text_at
from headgate.web.canal import Returned, Stream, path, told_returned

BACK_AT = 640.0  # in the wide picture: the left bank of what comes back
_HEAD = 10.0  # of the arrow
_GAP = 2.0  # between the arrow and the water


def right_of_back(held: Stream | None) -> float:
    """Where in the wide picture the right bank of what comes back is."""
    return BACK_AT + (held.back if held else 0.0)


def back_up(returned: Returned, held: Stream, y: float, water: float) -> Iterator[Drawn]:
    """In the wide picture: from the held stream, whose upper bank is at `y`, up to the lower bank of the water."""
    middle, right = BACK_AT + held.back / 2, right_of_back(held)
    head = water + _GAP + _HEAD
    if held.back:
        yield path(
            "f-water",
            f"M{length(BACK_AT)} {length(y + held.back)}V{length(head)}H{length(right)}V{length(y + held.back)}Z",
        )
    else:
        yield path("back", f"M{length(middle)} {length(y - 4)}V{length(head)}")
    half = held.back / 2 + 5
    yield path(
        "f-deep",
        f"M{length(middle - half)} {length(head)}L{length(middle)} {length(water + _GAP)}L{length(middle + half)} "
        f"{length(head)}Z",
    )
    yield text_at(right + 16, 222, " ".join(told_returned(returned)))


def back_left(held: Stream, x: float, y: float, water: float) -> Iterator[Drawn]:
    """In the tall picture: from the held column at `x`, turning at `y`, to the right bank of the water."""
    middle, low = y + held.back / 2, y + held.back
    head = water + _GAP + _HEAD
    if held.back:
        d = f"M{length(x + held.back)} {length(y)}H{length(head)}V{length(low)}H{length(x + held.back)}Z"
        yield path("f-water", d)
    else:
        yield path("back", f"M{length(x - 3)} {length(middle)}H{length(head)}")
    half = held.back / 2 + 5
    yield path(
        "f-deep",
        f"M{length(head)} {length(middle - half)}L{length(water + _GAP)} {length(middle)}L{length(head)} "
        f"{length(middle + half)}Z",
    )


def words_below(returned: Returned, water: float, y: float, below: float) -> Iterator[Drawn]:
    """In the tall picture: what came back, at `below`, with a line to the arrow, which ends at `y`."""
    yield path("lead-line", f"M{length(water + 6)} {length(y + 8)}V{length(below - 4)}H{length(water + 12)}")
    first, second = told_returned(returned)
    yield text_at(water + 16, below, first)
    yield text_at(water + 16, below + 17, second)
