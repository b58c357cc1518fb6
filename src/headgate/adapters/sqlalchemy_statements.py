"""What several parts of the ledger say to the database: numbers without a gap, and values in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import sqlalchemy as sa

from headgate.adapters.sqlalchemy_schema import counters

VALUES_A_STATEMENT = 10_000
"""SQLite takes 32,766 bound values in one statement; a tree node takes two."""

T = TypeVar("T")

_RAISE = (
    sa.update(counters)
    .where(counters.c.name == sa.bindparam("counter"))
    .values(value=counters.c.value + sa.bindparam("count"))
    .returning(counters.c.value)
)


def take_numbers(connection: sa.Connection, counter: str, count: int = 1) -> range:
    """The next numbers of a counter, from 0. Whoever takes them holds the counter until the transaction ends."""
    value: int = connection.execute(_RAISE, {"counter": counter, "count": count}).scalar_one()
    return range(value - count, value)


def parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in stretches that one statement takes."""
    for start in range(0, len(values), VALUES_A_STATEMENT):
        yield values[start : start + VALUES_A_STATEMENT]
