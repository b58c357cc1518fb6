"""The fast way through a list of records: a window is cut before its last record and split in one call.

The cut is guessed from how earlier neighbours met. A wrong guess leaves a bracket or a quote open and does not parse,
so success proves it.
"""

from __future__ import annotations

import re

import msgspec
import numpy as np

from headgate.check.batches import Positions
from headgate.check.json_values import FAILURES, skip_space, split_values

_GUESSES = 3  # per window; then records are stepped through
_LONGEST_GAP = 256  # bytes; each costs one comparison over all records
_HEAD = re.compile(rb'\{[ \t\r\n]*"[^"\\]{0,64}"')
COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
NEWLINE = re.compile(rb"[ \t\r]*\n[ \t\r\n]*")


class Seam(msgspec.Struct, frozen=True):
    """How two records meet: the last byte of one, what stands between, the next up to its first key."""

    text: bytes
    gap: int  # bytes between the records
    lead: int  # bytes of the former record in `text`


class Split(msgspec.Struct, frozen=True):
    """Whole records from the front of a window."""

    data: bytes  # end to end
    starts: Positions  # in the window
    lengths: Positions
    next_start: int  # where the record after them begins


def seam_between(data: bytes, end: int, start: int) -> Seam:
    """What the place looks like where one record ended and the next began."""
    gap = data[end:start]
    head = _HEAD.match(data, start)
    if head is not None:
        return Seam(data[end - 1 : end] + gap + head.group(), len(gap), 1)
    if data[start : start + 1] in {b"[", b'"', b"{"}:
        return Seam(data[end - 1 : end] + gap + data[start : start + 1], len(gap), 1)
    return Seam(gap, len(gap), 0)


def split_front(data: bytes, at: int, seam: Seam) -> Split | None:
    """Split `data[at:]`, which begins with a record, before its last seam; None where that does not parse."""
    stop = len(data)
    for _ in range(_GUESSES):
        found = data.rfind(seam.text, at, stop)
        if found < 0:
            return None
        cut = found + seam.lead
        body = b"".join((b"[", memoryview(data)[at:cut], b"]"))
        try:
            raws = split_values(body)
        except FAILURES as error:
            if "truncated" not in str(error):
                return None
            stop = found + len(seam.text) - 1
            continue
        return _located(body, raws, at - 1, cut + seam.gap)
    return None


def _located(body: bytes, raws: list[msgspec.Raw], shift: int, next_start: int) -> Split:
    """Find where each record lies; `shift` leads from positions in `body` to those in the window."""
    lengths = np.fromiter(map(len, raws), dtype=np.int64, count=len(raws))
    starts = even_starts(body, lengths, COMMA, first=skip_space(body, 1), behind=1)
    if starts is None:
        starts = _stepped_starts(body, lengths)
    return Split(b"".join(raws), starts + shift, lengths, next_start)


def even_starts(
    body: bytes, lengths: Positions, separator: re.Pattern[bytes], *, first: int, behind: int
) -> Positions | None:
    """Starts of records where the gap between them is always the same, proven; None where it is not.

    The first record begins at `first`, `behind` bytes follow the last. By induction: a record begins at the first byte
    after the separator that is no white space and ends by its length. Where all gaps hold the same bytes, one separator
    among white space, and no record begins with white space, that is it.
    """
    if len(lengths) == 1:
        return np.array([first], dtype=np.int64)
    gap, odd = divmod(len(body) - behind - first - int(lengths.sum()), len(lengths) - 1)
    if odd or not 0 < gap <= _LONGEST_GAP:
        return None
    starts = np.zeros(len(lengths), dtype=np.int64)
    np.cumsum(lengths[:-1] + gap, out=starts[1:])
    starts += first
    codes = np.frombuffer(body, dtype=np.uint8)
    ends = starts[:-1] + lengths[:-1]
    pattern = body[ends[0] : ends[0] + gap]
    if separator.fullmatch(pattern) is None or np.isin(codes[starts], (0x20, 0x09, 0x0D, 0x0A)).any():
        return None
    if any((codes[ends + index] != code).any() for index, code in enumerate(pattern)):
        return None
    return starts


def _stepped_starts(body: bytes, lengths: Positions) -> Positions:
    """Starts where gaps differ: each is looked at."""
    starts = np.empty(len(lengths), dtype=np.int64)
    at = skip_space(body, 1)
    for index, length in enumerate(lengths.tolist()):
        starts[index] = at
        separator = COMMA.match(body, at + length)
        at = separator.end() if separator else at
    return starts
