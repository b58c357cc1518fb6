"""SQL that takes a raw record apart: each leaf as text first, then as its type, in the nesting of the contract."""

from __future__ import annotations

import json
from collections.abc import Sequence

from headgate.check.typed_sql import is_missing, sql_type, typed
from headgate.core.contract import Column, Kind
from headgate.core.sql import literal, quoted

EXACT = "_headgate_exact"
"""A DECIMAL beside the leaves makes DuckDB keep the digits of every number as they were written (seen in 2.0.0)."""

PARSED = "d"  # the record as a struct of leaf texts


def parse_sql(columns: Sequence[Column], raw: str) -> str:
    """SQL of the record as a struct whose leaves are JSON text; a container of another kind is NULL there."""
    structure = {column.source_name: _structure(column) for column in columns} | {EXACT: "DECIMAL(1,0)"}
    return f"from_json({raw}, {literal(json.dumps(structure))})"


def _structure(column: Column) -> object:
    if column.kind is Kind.OBJECT:
        return {child.source_name: _structure(child) for child in column.children} or "JSON"
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        return [_structure(column.element)]
    return "JSON"


def text_of(column: Column, parent: str, *, json: bool) -> str:
    """SQL of a column's text (or of its container) below the SQL of what holds it."""
    field = f"{parent}.{quoted(column.source_name)}"
    if column.kind in {Kind.OBJECT, Kind.ARRAY}:
        return field
    return f"CAST({field} AS VARCHAR)" if json else field


def typed_value(column: Column, text: str, *, json: bool, depth: int = 0) -> str:
    """SQL of a column as its type, containers with all that they hold."""
    if column.kind is Kind.OBJECT:
        fields = ", ".join(
            f"{quoted(child.name)} := {typed_value(child, text_of(child, text, json=json), json=json, depth=depth)}"
            for child in column.children
        )
        if column.required or _has_required(column):
            # absent, it breaks a rule anyway; a CASE would copy every struct
            return f"struct_pack({fields})"
        return f"CASE WHEN {text} IS NOT NULL THEN struct_pack({fields}) END"
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        each = f"_e{depth}"
        inner = _element_text(column.element, each, json=json)
        value = typed_value(column.element, inner, json=json, depth=depth + 1)
        return f"list_transform({text}, lambda {each}: {value})"
    return typed(column, text, json=json)


def _has_required(element: Column) -> bool:
    """True for an element that cannot be empty: a value of it must be there."""
    return not element.name and any(child.required for child in element.children)


def _element_text(element: Column, each: str, *, json: bool) -> str:
    if element.kind in {Kind.OBJECT, Kind.ARRAY} or not json:
        return each
    return f"CAST({each} AS VARCHAR)"


def sound_types(columns: Sequence[Column], parent: str, *, json: bool, depth: int = 0) -> list[str]:
    """SQL conditions that together say: every value that is there has its type.

    A required column needs none: of the wrong type it is NULL, and misses.
    """
    conditions: list[str] = []
    for column in columns:
        text = text_of(column, parent, json=json)
        if column.kind is Kind.OBJECT:
            if column.required:
                conditions.append(f"{text} IS NOT NULL")
            conditions += sound_types(column.children, text, json=json, depth=depth)
        elif column.kind is Kind.ARRAY:
            conditions += _sound_elements(column, text, json=json, depth=depth)
        elif not column.required:
            missing = is_missing(column, text, json=json)
            conditions.append(f"({missing} OR {typed(column, text, json=json)} IS NOT NULL)")
    return conditions


def _sound_elements(column: Column, text: str, *, json: bool, depth: int) -> list[str]:
    assert column.element is not None
    each = f"_e{depth}"
    element = column.element
    if element.kind is Kind.OBJECT:
        inner = sound_types(element.children, each, json=json, depth=depth + 1)
    elif element.kind is Kind.ARRAY:  # null, or no list at all: the close look tells
        inner = [f"{each} IS NOT NULL", *_sound_elements(element, each, json=json, depth=depth + 1)]
    else:
        value = _element_text(element, each, json=json)
        missing = is_missing(element, value, json=json)
        inner = [f"({missing} OR {typed_value(element, value, json=json, depth=depth + 1)} IS NOT NULL)"]
    if not inner:
        return []
    return [f"coalesce(list_bool_and(list_transform({text}, lambda {each}: {' AND '.join(inner)})), true)"]


def record_type(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Names and engine types of the typed columns."""
    return [(column.name, sql_type(column)) for column in columns]
