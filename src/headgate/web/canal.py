"""The balance as a canal: all rows flow in, pass the gate, and what leaves is drawn wider, by a factor that is told.

One picture for wide pages, flowing to the right, and one for phones, flowing down. Lengths are in units of the drawing.
"""

from __future__ import annotations

import msgspec

from headgate.core.records import Counts
from headgate.serve.report_markup import Markup as Drawn
from headgate.serve.report_markup import element
from headgate.serve.report_numbers import fixed
from headgate.serve.report_svg import length, named, text_at

CANAL = 164.0  # high, for all rows received
WIDEST = 80.0  # what leaves is drawn at most so wide, unless it is wider as it is
THINNEST = 1.2  # a stream of few rows is drawn at least so
BARS = 60  # of the gate; more rules are told by their number alone
MARKS = {"held": "H", "rejected": "R", "duplicate": "D"}


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """Held rows that people let go on: they are among the published ones by now."""

    rows: int
    amendments: int


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that leave at the gate."""

    word: str
    rows: int  # that stay
    share: float  # of the canal's height where it leaves, in units
    wide: float  # as it is drawn further on, in units
    back: float = 0.0  # of that the part that comes back


class Water(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the canal goes on, and what leaves."""

    counts: Counts
    published: float  # of the canal, in units
    through: float  # of that, what went on at the gate
    returned: Returned | None
    streams: tuple[Stream, ...]  # those with rows, held first
    factor: int  # 1, 10, 100 …: so many times wider than in the canal
    rules: int
    contract: str  # its version
    tables: tuple[str, ...] = ()  # first the one with a row each
    canal: float = CANAL


def measure(
    counts: Counts,
    *,
    rules: int,
    contract: str,
    tables: tuple[str, ...] = (),
    returned: Returned | None = None,
    canal: float = CANAL,
    widest: float = WIDEST,
) -> Water:
    """Shares of the canal; the factor is the largest power of ten with which what leaves is at most `widest`.

    Rows that came back left with the held ones; None where none can come back, as of an amendment.
    """
    unit = canal / counts.received if counts.received else 0.0
    came_back = min(returned.rows, counts.accepted) if returned else 0
    back = {"held": came_back}
    left = left_at_gate(counts, came_back)
    factor = 1
    while left and unit * left * factor * 10 <= widest:
        factor *= 10

    def wide(rows: int) -> float:
        return max(unit * rows * factor, THINNEST) if rows else 0.0

    streams = tuple(
        Stream(
            word=word,
            rows=rows,
            share=unit * (rows + back.get(word, 0)),
            wide=wide(rows) + wide(back.get(word, 0)),
            back=wide(back.get(word, 0)),
        )
        for word, rows in _left(counts)
        if rows or back.get(word)
    )
    return Water(
        counts=counts,
        published=unit * counts.accepted,
        through=unit * (counts.accepted - came_back),
        returned=returned and Returned(rows=came_back, amendments=returned.amendments),
        streams=streams,
        factor=factor,
        rules=rules,
        contract=contract,
        tables=tables,
        canal=canal,
    )


def _title(counts: Counts) -> str:
    left = [f"{fixed(rows)} {word}" for word, rows in _left(counts)]
    return f"Of {fixed(counts.received)} rows: {', '.join([f'{fixed(counts.accepted)} published', *left])}"


def _left(counts: Counts) -> list[tuple[str, int]]:
    return [("held", counts.held), ("rejected", counts.rejected), ("duplicate", counts.duplicate)]


def left_at_gate(counts: Counts, came_back: int) -> int:
    """Rows that left the stream, those too that came back since."""
    return counts.received - counts.accepted + came_back


def told_returned(returned: Returned) -> tuple[str, str]:
    """In words, in two parts: how many rows came back, and by what."""
    if not returned.rows:
        return "released rows return", "as an amendment: 0 so far"
    by = "1 amendment" if returned.amendments == 1 else f"{fixed(returned.amendments)} amendments"
    return f"{fixed(returned.rows)} {'row' if returned.rows == 1 else 'rows'} came back", f"by {by}"


def _finding(water: Water) -> str:
    back = water.returned.rows if water.returned else 0
    leaving = left_at_gate(water.counts, back)
    if not water.counts.received:
        return "No row was received, so nothing passed the gate."
    if not leaving:
        return "Every row went through the gate and is published."
    told = f" What leaves is drawn {fixed(water.factor)} times wider." if water.factor > 1 else ""
    if water.returned and back:
        told = f" Of them {' '.join(told_returned(water.returned))}.{told}"
    return f"At the gate {fixed(water.counts.accepted - back)} rows went on and {fixed(leaving)} left the stream.{told}"


def compact(number: int) -> str:
    """99,999 as it is; 120000 -> 120k; 4118206 -> 4.1M."""
    for least, of, unit in ((10**9, 10**9, "G"), (10**6, 10**6, "M"), (10**5, 10**3, "k")):
        if number >= least:
            text = fixed(number / of, 0 if number >= 100 * of or number % of == 0 else 1)
            return f"{text.removesuffix('.0')}{unit}"
    return fixed(number)


def mark(word: str, x: float, y: float) -> list[Drawn]:
    """Disc, diamond, octagon or doubled square around a point, with its letter."""
    letter = text_at(x, y + 4, "P" if word == "published" else MARKS[word], "m")
    match word:
        case "published":
            return [element("circle", class_="m-p", cx=length(x), cy=length(y), r="9.5"), letter]
        case "held":
            return [element("path", class_="m-h", d=f"M{length(x)} {length(y - 11)}l11 11l-11 11l-11 -11z"), letter]
        case "rejected":
            shape = f"M{length(x - 4)} {length(y - 9.5)}h8l5.5 5.5v8l-5.5 5.5h-8l-5.5 -5.5v-8z"
            return [element("path", class_="m-r", d=shape), letter]
        case _:
            behind = element("path", class_="m-d2", d=f"M{length(x - 3.5)} {length(y - 10)}h14v14")
            square = element("rect", class_="m-d", x=length(x - 7.5), y=length(y - 7), width="15", height="15")
            return [behind, square, letter]


def path(role: str, d: str, **attributes: str) -> Drawn:
    """A path of that class."""
    return element("path", class_=role, d=d, **attributes)


def svg(role: str, name: str, size: tuple[float, float], water: Water, parts: list[Drawn]) -> Drawn:
    """A whole picture, with its title and what it finds."""
    return element(
        "svg",
        named(name, _title(water.counts), _finding(water)),
        *parts,
        class_=f"chart {role}",
        viewBox=f"0 0 {length(size[0])} {length(size[1])}",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )
