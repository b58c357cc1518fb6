"""Finding the next record behind bytes that are none, at a cost that stays in proportion to the bytes read."""

from __future__ import annotations

import re
from enum import Enum

import msgspec

from headgate.check.json_values import Outcome, Probe, probe, skip_space, top_keys

_OBJECT = re.compile(rb'\{(?=[ \t\r\n]*")')
_AFTER_COMMA = re.compile(rb",[ \t\r\n]*(?=[^ \t\r\n])")
_HEAD = re.compile(rb'\{[ \t\r\n]*"((?:[^"\\]|\\.){0,256})"')
_OVERLAP_BYTES = 64  # a candidate that the end of the window cuts is looked at again

_CREDIT_AT_START = 32 << 20
_CREDIT_PER_BYTE = 4
_CANDIDATE_COST = 256  # of a look, in bytes of parsing


class Likeness(msgspec.Struct, frozen=True):
    """What records of this list look like, so that an object inside a broken record is not taken for one."""

    objects: bool = True
    first_key: bytes = b""  # known even where the first record is broken
    keys: frozenset[str] = frozenset()  # of the first sound record

    def fits(self, raw: bytes) -> bool:
        """True where a value looks like a record: at least half of the known keys are there."""
        if not self.objects:
            return True
        if self.keys:
            return 2 * len(self.keys & top_keys(raw)) >= len(self.keys)
        head = _HEAD.match(raw)
        return not self.first_key or (head is not None and head.group(1) == self.first_key)


def likeness_of(data: bytes, start: int, end: int | None) -> Likeness:
    """What the record at `start` says of its like; `end` is None where it is broken."""
    head = _HEAD.match(data, start)
    keys = frozenset[str]() if end is None else top_keys(data[start:end])
    return Likeness(data[start : start + 1] == b"{", head.group(1) if head else b"", keys)


class Credit:
    """Bytes of parsing that searches may still cost. It grows with the bytes read, so hostile input cannot stall us."""

    def __init__(self) -> None:
        self._left = _CREDIT_AT_START

    def earn(self, read_bytes: int) -> None:
        """Bytes came in."""
        self._left += _CREDIT_PER_BYTE * read_bytes

    def spend(self, looked_bytes: int) -> None:
        """A look that led nowhere."""
        self._left -= max(_CANDIDATE_COST, looked_bytes)

    @property
    def used_up(self) -> bool:
        """True where searching has to wait for more bytes."""
        return self._left <= 0


class Result(Enum):
    """How a search ended."""

    FOUND = "found"  # a record begins at `at`
    CUT = "cut"  # at `at` one may begin, more bytes will tell
    NONE = "none"  # nothing before `at`


class Search(msgspec.Struct, frozen=True):
    """Where the next record is, or where to go on searching."""

    result: Result
    at: int


def find_record(data: bytes, at: int, like: Likeness, credit: Credit, *, last: bool, most: int) -> Search:
    """Find the next value from `at` on that parses whole, looks like a record and stands where a record may end.

    `last` says that no byte follows `data`, `most` is the limit for one record in bytes.
    """
    pattern = _OBJECT if like.objects else _AFTER_COMMA
    for candidate in pattern.finditer(data, at):
        start = candidate.start() if like.objects else candidate.end()
        if credit.used_up:
            return Search(Result.NONE, len(data))
        found = probe(data, start, last=last)
        if found.outcome is Outcome.CUT and len(data) - start <= most:
            return Search(Result.CUT, start)
        if found.outcome is Outcome.WHOLE and _stands_alone(data, found) and like.fits(data[start : found.end]):
            return Search(Result.FOUND, start)
        credit.spend(found.end - start)
    return Search(Result.NONE, len(data) if last else max(at, len(data) - _OVERLAP_BYTES))


def _stands_alone(data: bytes, found: Probe) -> bool:
    return data[(after := skip_space(data, found.end)) : after + 1] in {b"", b",", b"]"}
