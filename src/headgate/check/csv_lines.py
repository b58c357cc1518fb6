"""Where the records of a CSV file begin and end, with line ends inside quotes and quotes that stand astray.

A newline ends a record where the number of quotes before it is even. That holds while every opening quote stands at the
beginning of a field and every closing one at its end; where one does not, only its own line is looked at more closely
and counting begins anew at the next, so that a stray quote cannot swallow the file.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from headgate.check.batches import Positions
from headgate.check.csv_dialect import Dialect

_RETURN = 0x0D


class Lines(msgspec.Struct):
    """Records of a stretch of bytes; positions are relative to it."""

    starts: list[Positions] = []
    ends: list[Positions] = []  # without the line end
    odd: dict[int, str] = {}  # start of a line to be read by itself -> what is wrong, if known
    stop: int = 0  # behind the last whole record


class _Quotes(msgspec.Struct, frozen=True):
    """Quotes of a stretch, and which of them cannot open or close a field."""

    places: Positions
    opening: Positions  # places of those at the beginning of a field
    bad_open: tuple[Positions, Positions]  # indices into `places`, by parity of the index
    bad_close: tuple[Positions, Positions]

    def first_astray(self, index: int) -> int | None:
        """Index of the first quote that stands astray if `index` is the first that opens a field."""
        candidates = [
            int(found[place])
            for found in (self.bad_open[index & 1], self.bad_close[1 - (index & 1)])
            if (place := int(np.searchsorted(found, index))) < len(found)
        ]
        return min(candidates, default=None)


def find_lines(data: bytes, dialect: Dialect, *, last: bool, give_up: bool = False) -> Lines:
    """Find the whole records at the front of `data`, which begins with one.

    `last` says that no byte follows. `give_up` ends a quoted field that does not end in `data` at its first line.
    """
    codes = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(codes == ord(dialect.newline))
    quotes = _quotes(codes, dialect)
    lines = Lines()
    at = 0
    while at < len(data):
        first = int(np.searchsorted(quotes.places, at))
        astray = quotes.first_astray(first)
        until = len(data) if astray is None else int(quotes.places[astray])
        at = _take_even(lines, codes, newlines, quotes.places[first:], at, until)
        if astray is not None and not (astray - first) & 1:
            at = _take_literal(lines, codes, newlines, quotes.opening, at)
            if at > until:
                continue
        if astray is None:
            opened = _open_quote(quotes.places, at)
            if opened is None or not (last or give_up):
                break
            looked, fault = opened, "a quote is not closed"
        elif (astray - first) & 1:
            looked, fault = int(quotes.places[astray - 1]), "a quoted field goes on behind its closing quote"
        else:
            looked, fault = until, ""
        end = _next_newline(newlines, looked)
        if end is None and not last:
            break
        stop = len(data) if end is None else end
        _take(lines, codes, np.array([at]), np.array([stop]))
        lines.odd[at] = fault
        at = stop + (end is not None)
    if last and at < len(data):
        _take(lines, codes, np.array([at]), np.array([len(data)]))
        at = len(data)
    lines.stop = at
    return lines


def _quotes(codes: npt.NDArray[np.uint8], dialect: Dialect) -> _Quotes:
    places = np.flatnonzero(codes == ord(dialect.quote))
    edges = (ord(dialect.delimiter), ord(dialect.newline), _RETURN)
    beside = np.diff(places) == 1
    before = np.where(places > 0, codes[np.maximum(places - 1, 0)], edges[0])
    after = np.where(places < len(codes) - 1, codes[np.minimum(places + 1, len(codes) - 1)], edges[0])
    doubled_before = np.concatenate(([False], beside)) if len(places) else beside
    doubled_after = np.concatenate((beside, [False])) if len(places) else beside
    at_field = np.isin(before, edges)
    bad_open = np.flatnonzero(~at_field & ~doubled_before)
    bad_close = np.flatnonzero(~np.isin(after, edges) & ~doubled_after)
    return _Quotes(places, places[at_field], _by_parity(bad_open), _by_parity(bad_close))


def _by_parity(indices: Positions) -> tuple[Positions, Positions]:
    return indices[indices & 1 == 0], indices[indices & 1 == 1]


def _take_even(  # noqa: PLR0917  one caller, in the order of its walk
    lines: Lines, codes: npt.NDArray[np.uint8], newlines: Positions, quotes: Positions, at: int, until: int
) -> int:
    """Take the records that end before `until`, by counting quotes; gives where the next begins."""
    found = newlines[np.searchsorted(newlines, at) : np.searchsorted(newlines, until)]
    if len(quotes):
        found = found[np.searchsorted(quotes, found) & 1 == 0]
    if len(found) == 0:
        return at
    _take(lines, codes, np.concatenate(([at], found[:-1] + 1)), found)
    return int(found[-1]) + 1


def _take_literal(lines: Lines, codes: npt.NDArray[np.uint8], newlines: Positions, opening: Positions, at: int) -> int:
    """Take the lines in which no quote begins a field: there quotes are characters. Gives where the next begins."""
    place = int(np.searchsorted(opening, at))
    until = int(opening[place]) if place < len(opening) else len(codes)
    return _take_even(lines, codes, newlines, opening[:0], at, until)


def _take(lines: Lines, codes: npt.NDArray[np.uint8], starts: Positions, ends: Positions) -> None:
    returned = (ends > starts) & (codes[np.maximum(ends - 1, 0)] == _RETURN)
    lines.starts.append(starts)
    lines.ends.append(ends - returned)


def _open_quote(quotes: Positions, at: int) -> int | None:
    """The quote that is open at the end, if the quotes from `at` on are an odd number."""
    inside = quotes[np.searchsorted(quotes, at) :]
    return int(inside[-1]) if len(inside) & 1 else None


def _next_newline(newlines: Positions, at: int) -> int | None:
    place = int(np.searchsorted(newlines, at))
    return int(newlines[place]) if place < len(newlines) else None
