"""SQL over records that Arrow has typed: what is left is the form of times, narrow integers, and names of ours."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.check.time_sql import date_sql, time_sql, timestamp_sql
from headgate.check.typed_sql import narrow_integer
from headgate.core.contract import Column, Kind
from headgate.core.sql import quoted

_TIMES = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP})


def strict_value(column: Column, value: str, *, depth: int = 0) -> str:
    """SQL of a column as its type; `value` is SQL of what Arrow read. Containers that need nothing pass uncopied."""
    if not _changes(column):
        return value
    if column.kind is Kind.OBJECT:
        fields = ", ".join(
            f"{quoted(child.name)} := {strict_value(child, f'{value}.{quoted(child.source_name)}', depth=depth)}"
            for child in column.children
        )
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({fields}) END"
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        each = f"_e{depth}"
        return f"list_transform({value}, lambda {each}: {strict_value(column.element, each, depth=depth + 1)})"
    if column.kind is Kind.INTEGER:
        return narrow_integer(column, value)
    if column.kind is Kind.DATE:
        return date_sql(column, value)
    if column.kind is Kind.TIME:
        return time_sql(column, value)
    return timestamp_sql(column, value, quoted_text=None)


def strict_sound(columns: Sequence[Column], parent: str, *, depth: int = 0) -> list[str]:
    """SQL conditions that say: what Arrow took as text or as a wide integer has its type too.

    A required column needs none: of the wrong type it is NULL, and misses.
    """
    conditions: list[str] = []
    for column in columns:
        value = f"{parent}.{quoted(column.source_name)}"
        if column.kind is Kind.OBJECT:
            if column.required:
                conditions.append(f"{value} IS NOT NULL")
            conditions += strict_sound(column.children, value, depth=depth)
        elif column.kind is Kind.ARRAY:
            conditions += _sound_elements(column, value, depth=depth)
        elif not column.required and _changes(column):
            conditions.append(f"({value} IS NULL OR {strict_value(column, value)} IS NOT NULL)")
    return conditions


def _sound_elements(column: Column, value: str, *, depth: int) -> list[str]:
    element, each = column.element, f"_e{depth}"
    assert element is not None
    if element.kind is Kind.OBJECT:
        inner = strict_sound(element.children, each, depth=depth + 1)
    elif element.kind is Kind.ARRAY:
        inner = _sound_elements(element, each, depth=depth + 1)
    else:
        inner = [f"({each} IS NULL OR {strict_value(element, each)} IS NOT NULL)"] if _changes(element) else []
    if not inner:
        return []
    looked = f"list_transform({value}, lambda {each}: coalesce({' AND '.join(inner)}, false))"
    return [f"coalesce(list_bool_and({looked}), true)"]


def _changes(column: Column) -> bool:
    """True where the engine has something to do: a time's form, a narrow integer, a name of our own."""
    if column.kind is Kind.OBJECT:
        return any(child.name != child.source_name or _changes(child) for child in column.children)
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        return _changes(column.element)
    return column.kind in _TIMES or (column.kind is Kind.INTEGER and column.integer_format != "i64")
