"""Common passwords that ship: what people chose most often, of the length that is asked for, as hashes.

Made by `python -m tests.harness.common_passwords` from "10-million-password-list-top-1000000.txt" of SecLists (MIT),
the most frequent of ten million leaked passwords. As hashes, since nobody must read them here: many are rude, and some
hold names.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("common_passwords.sha256")  # sorted, without anything between
DIGEST_BYTES = 6  # of each SHA-256: one in 10^9 other passwords is refused by chance


def is_common(password: str) -> bool:
    """Whether the password is one of them, in whatever case."""
    known, sought = _known(), digest_of(password)
    count = len(known) // DIGEST_BYTES
    place = bisect_left(range(count), sought, key=lambda number: _entry(known, number))
    return place < count and _entry(known, place) == sought


def digest_of(password: str) -> bytes:
    """What the list keeps of a password."""
    return hashlib.sha256(password.casefold().encode(errors="surrogatepass")).digest()[:DIGEST_BYTES]


@cache
def _known() -> bytes:
    return LIST.read_bytes()


def _entry(known: bytes, number: int) -> bytes:
    return known[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
