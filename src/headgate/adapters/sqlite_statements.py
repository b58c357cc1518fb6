"""What several parts of the ledger say to the database: numbers without a gap, and lists of values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

VALUES_A_STATEMENT = 10_000
"""SQLite takes 32,766 bound values in one statement; a tree node takes two."""

T = TypeVar("T")

_RAISE = "UPDATE counters SET value = value + :count WHERE name = :counter RETURNING value"


def take_numbers(connection: sqlite3.Connection, counter: str, count: int = 1) -> range:
    """The next numbers of a counter, from 0. Whoever takes them holds the counter until the transaction ends."""
    value: int = first_value(connection, _RAISE, {"counter": counter, "count": count})
    return range(value - count, value)


def first_value(connection: sqlite3.Connection, sql: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  SQL's
    """The first column of the first row; None for no row."""
    rows = connection.execute(sql, values).fetchall()  # all, so that the statement is done
    return rows[0][0] if rows else None


def insert(connection: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter rows, all with the same columns. Names are ours, never a caller's."""
    if not rows:
        return
    columns = rows[0].keys()
    places = ", ".join(f":{column}" for column in columns)
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)


def listed(values: Sequence[object], prefix: str = "v") -> tuple[str, dict[str, object]]:
    """What stands in the brackets of an `IN`, and what is bound to it."""
    bound = {f"{prefix}{place}": value for place, value in enumerate(values)}
    return ", ".join(f":{name}" for name in bound), bound


def parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in stretches that one statement takes."""
    for start in range(0, len(values), VALUES_A_STATEMENT):
        yield values[start : start + VALUES_A_STATEMENT]
