"""What is known of each column of a table: from the statistics of its files, and from one query over a bounded part."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from headgate.core.platform import Platform
from headgate.core.ports import ColumnBounds
from headgate.core.sql import quoted
from headgate.serve.relations import Standing, engine_over, snapshot_of

VALUES = 10_000_000  # that the query reads at most: rows times columns
LEAST_ROWS = 10_000


class ColumnStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One column; None is not known. Bounds of a masked column are not told."""

    name: str
    kind: str  # text, whole number, decimal(12,2) …
    masked: bool
    nulls: int | None  # of all rows
    distinct: int | None  # of the rows read, about
    low: Any = None
    high: Any = None


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Of a table at one version."""

    columns: tuple[ColumnStatistics, ...]
    rows: int
    read: int  # rows that the query read; fewer than all for a large table


def read_statistics(platform: Platform, table: Standing, *, masked: frozenset[str]) -> Statistics:
    """Nulls and bounds from the files where they tell them, the number of distinct values from the rows read."""
    snapshot = snapshot_of(platform, table.table, table.version)
    schema = snapshot.files.schema
    told = platform.tables.bounds(table.table, table.version)
    most = max(LEAST_ROWS, VALUES // max(len(schema), 1))
    counted = [field for field in schema if not pa.types.is_nested(field.type)]
    read = min(snapshot.rows, most)
    found: dict[str, tuple[Any, ...]] = {}
    if read and counted:
        with engine_over(platform, {"t": (table.table, table.version)}) as engine:
            values = [column[0].as_py() for column in engine.table(_sql(counted, masked, most)).itercolumns()]
        found = {field.name: tuple(values[4 * place : 4 * place + 4]) for place, field in enumerate(counted)}
    return Statistics(
        columns=tuple(
            _column(field, found.get(field.name), told.get(field.name), masked, whole=read == snapshot.rows)
            for field in schema
        ),
        rows=snapshot.rows,
        read=read,
    )


def _sql(columns: list[pa.Field], masked: frozenset[str], most: int) -> str:
    parts = []
    for field in columns:
        name = quoted(field.name)
        bounds = ("NULL", "NULL") if field.name in masked else (f"min({name})", f"max({name})")
        parts += [f"count(*) - count({name})", f"approx_count_distinct({name})", *bounds]
    named = ", ".join(quoted(field.name) for field in columns)
    parts = [f"{part} AS c{place}" for place, part in enumerate(parts)]
    return f"SELECT {', '.join(parts)} FROM (SELECT {named} FROM t LIMIT {most})"


def _column(
    field: pa.Field,
    found: tuple[Any, ...] | None,
    told: ColumnBounds | None,
    masked: frozenset[str],
    *,
    whole: bool,
) -> ColumnStatistics:
    """Where the files do not tell, what the query found, if it read all rows."""
    nulls = told.nulls if told else None
    low, high = (told.low, told.high) if told else (None, None)
    if found and whole:
        nulls = found[0] if nulls is None else nulls
        low, high = (found[2], found[3]) if low is None or high is None else (low, high)
    hidden = field.name in masked
    return ColumnStatistics(
        name=field.name,
        kind=kind_in_words(field.type),
        masked=hidden,
        nulls=nulls,
        distinct=found[1] if found else None,
        low=None if hidden else low,
        high=None if hidden else high,
    )


def kind_in_words(kind: pa.DataType) -> str:
    """A type as people say it.

    >>> kind_in_words(pa.decimal128(12, 2)), kind_in_words(pa.int64()), kind_in_words(pa.list_(pa.string()))
    ('decimal(12,2)', 'whole number', 'list of text')
    """
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list of {kind_in_words(kind.value_type)}"
    for test, words in _WORDS:
        if test(kind):
            return words
    return str(kind)


_WORDS = (
    (pa.types.is_string, "text"),
    (pa.types.is_large_string, "text"),
    (pa.types.is_integer, "whole number"),
    (pa.types.is_floating, "number"),
    (pa.types.is_boolean, "true or false"),
    (pa.types.is_timestamp, "time, UTC"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time of day"),
    (pa.types.is_struct, "object"),
)
