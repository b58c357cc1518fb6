"""Numbers that Arrow's decimals get wrong: those with an exponent, and those with very many digits.

Seen in pyarrow 26.0.1: `1e-77` is read as 0.00 for DECIMAL(12,2), `1e-9999999` reads beyond a table and may end the
process, and 85070591730234615865843651857942052864, which is two to the power of 126, becomes 0.00 by wrapping around.
"""

from __future__ import annotations

import re

import numpy as np

Codes = np.ndarray[tuple[int], np.dtype[np.uint8]]

MOST_DIGITS = 22  # in a row; times ten to the power of MOST_SCALE they still fit the 38 that a decimal has
MOST_SCALE = 16
STEP_BYTES = 256 << 10  # looked at together, so that what is made of them stays in the processor's cache
_OVERLAP = 32  # bytes of the step before: a row of too many digits lies in one step as a whole, or in the next
_LONG = re.compile(rb"[0-9]{%d}" % (MOST_DIGITS + 1))
_NINE = np.uint8(9)
_EIGHT_DIGITS = np.uint64(0x0101010101010101)
_EXPONENT = re.compile(rb'[eE][+-]?[0-9]+(?:[\s,}\]"]|\Z)')
_BEFORE, _AFTER = 64, 40  # bytes beside an e that tell whether it stands in a number; where they do not, it does
_NUMBER_FOLLOWS = frozenset(b' \t\r\n:,["')


def has_risky_number(codes: Codes) -> bool:
    """True where JSON text may hold such a number, bare or in quotes; rarely also for a text that looks like one."""
    for start in range(0, len(codes), STEP_BYTES):
        part = codes[max(0, start - _OVERLAP) : start + STEP_BYTES]
        digits = part - np.uint8(ord("0")) <= _NINE  # smaller codes wrap around to large ones
        groups = digits[: len(part) & ~7].view(np.uint64) == _EIGHT_DIGITS
        if (groups[1:] & groups[:-1]).any() and _LONG.search(part.tobytes()):
            return True
        letters = np.flatnonzero(((part[1:] | 0x20) == ord("e")) & digits[:-1]) + 1
        first = max(0, start - _OVERLAP)
        if any(_ends_a_number(codes, first + at) for at in letters.tolist()):
            return True
    return False


def _ends_a_number(codes: Codes, at: int) -> bool:
    """Whether the letter e at a place is that of an exponent."""
    if not _EXPONENT.match(codes[at : at + _AFTER].tobytes()):
        return False
    left = codes[max(0, at - _BEFORE) : at].tobytes().rstrip(b"0123456789.").rstrip(b"+-")
    return not left or left[-1] in _NUMBER_FOLLOWS
