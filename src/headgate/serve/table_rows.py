"""A page of a table's rows, in the order of its key: the next page begins behind the last key, whatever the size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from headgate.core.errors import UsageError
from headgate.core.naming import DELIVERY, ROW
from headgate.core.platform import Platform
from headgate.core.ports import Engine
from headgate.core.sql import quoted
from headgate.serve.relations import Standing, engine_over, snapshot_of

PAGE = 50
SORTED_ROWS = 5_000_000  # above, a page of a table is what its files hold first: sorting would read all keys
LONGEST = 160  # characters of a value; the rest is cut off in the engine


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of a table at one version."""

    columns: tuple[str, ...]
    numeric: frozenset[str]
    rows: tuple[tuple[Any, ...], ...]  # None for null; masked columns are not read and stand as None
    order: tuple[str, ...]  # columns by which they are sorted; none where they are not
    next: str | None  # what `after` of the next page is; None at the end, and where nothing is sorted


def order_of(platform: Platform, table: Standing, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that tell each row from all others: the target's key, then delivery and row where they stand."""
    flow = platform.flows.get(table.flow)
    target = flow.target(table.name) if flow else None
    key = target.key if target else ()
    return tuple(dict.fromkeys(name for name in (*key, DELIVERY, ROW) if name in names))


def read_rows(platform: Platform, table: Standing, *, masked: frozenset[str], after: str = "") -> Rows:
    """The rows behind `after`, at most a page of them. UsageError where `after` is none of ours."""
    snapshot = snapshot_of(platform, table.table, table.version)
    schema = snapshot.files.schema
    order = order_of(platform, table, schema.names)
    if snapshot.rows > SORTED_ROWS or masked.intersection(order):
        order = ()
    shown = [name for name in schema.names if name not in masked]
    with engine_over(platform, {"t": (table.table, table.version)}) as engine:
        return page_of(engine, schema, order=order, shown=shown, after=after)


def page_of(engine: Engine, schema: pa.Schema, *, order: Sequence[str], shown: Sequence[str], after: str = "") -> Rows:
    """The rows of the relation `t` behind `after`, in that order, with the values of the columns `shown`."""
    found = engine.table(*_sql(schema, shown, order, _keys(after, order)))
    keys, values = found.select(range(len(order))), found.select(range(len(order), len(order) + len(shown)))
    by_name = dict(zip(shown, (column.to_pylist() for column in values.itercolumns()), strict=True))
    rows = list(zip(*(by_name.get(name, [None] * found.num_rows) for name in schema.names), strict=True))
    more = bool(order) and found.num_rows > PAGE
    return Rows(
        columns=tuple(schema.names),
        numeric=frozenset(field.name for field in schema if _is_number(field.type)),
        rows=tuple(rows[:PAGE]),
        order=tuple(order),
        next=json.dumps([column[PAGE - 1].as_py() for column in keys.itercolumns()]) if more else None,
    )


def _keys(after: str, order: Sequence[str]) -> list[str | None] | None:
    if not after or not order:
        return None
    try:
        keys = msgspec.json.decode(after, type=list[str | None])
    except (msgspec.MsgspecError, UnicodeError):
        keys = []
    if len(keys) != len(order):
        raise UsageError("This page begins at no key of the table. Next: begin with its first rows.")
    return keys


def _sql(
    schema: pa.Schema, shown: Sequence[str], order: Sequence[str], after: list[str | None] | None
) -> tuple[str, dict[str, str]]:
    """The query, with the keys of each row as text before its values, and what it binds."""
    keys = [f"CAST({quoted(name)} AS VARCHAR)" for name in order]
    values = [_value(schema.field(name)) for name in shown]
    bound = {f"k{place}": text for place, text in enumerate(after or ()) if text is not None}
    where = f" WHERE {_behind(schema, order, after)}" if after else ""
    sorted_by = f" ORDER BY {', '.join(f'{quoted(name)} NULLS LAST' for name in order)}" if order else ""
    named = [f"{text} AS c{place}" for place, text in enumerate([*keys, *values])]
    limit = PAGE + bool(order)
    return f"SELECT {', '.join(named) or 'NULL AS c0'} FROM t{where}{sorted_by} LIMIT {limit}", bound


def _behind(schema: pa.Schema, order: Sequence[str], after: Sequence[str | None], place: int = 0) -> str:
    """Whether a row stands behind the key, nulls last: a > x OR (a = x AND (b > y OR …)).

    >>> _behind(pa.schema([("a", pa.int64()), ("b", pa.string())]), ["a", "b"], ["1", None])
    '("a" > TRY_CAST($k0 AS BIGINT) OR "a" IS NULL OR ("a" = TRY_CAST($k0 AS BIGINT) AND (false)))'
    """
    name = quoted(order[place])
    inner = _behind(schema, order, after, place + 1) if place + 1 < len(order) else "false"
    if after[place] is None:
        return f"({name} IS NULL AND {inner})" if inner != "false" else "(false)"
    value = f"TRY_CAST($k{place} AS {_type(schema.field(order[place]).type)})"
    return f"({name} > {value} OR {name} IS NULL OR ({name} = {value} AND {inner}))"


def _type(kind: pa.DataType) -> str:
    """The engine's name of a type that keys have."""
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ" if kind.tz else "TIMESTAMP"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_integer(kind):
        return "UBIGINT" if str(kind) == "uint64" else "BIGINT"
    return {"date32[day]": "DATE", "double": "DOUBLE", "float": "FLOAT", "bool": "BOOLEAN"}.get(str(kind), "VARCHAR")


def _value(field: pa.Field) -> str:
    name = quoted(field.name)
    if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
        return f"left({name}, {LONGEST + 1})"
    if pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
        return f"left(CAST({name} AS VARCHAR), {LONGEST + 1})"
    return name


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
