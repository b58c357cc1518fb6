"""Which columns of the contract a delivery does not have at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from headgate.check.plan import STAGE
from headgate.check.rows import Rows
from headgate.check.strict_json import FIELDS, elements
from headgate.core.contract import Column, Contract, Kind
from headgate.core.ports import Engine
from headgate.core.records import StagedFile
from headgate.core.sql import json_step, literal, quoted


def missing_columns(
    engine: Engine,
    contract: Contract,
    rows: Rows,
    files: Sequence[StagedFile],
    *,
    headers: frozenset[str] | None,
) -> dict[int, tuple[str, ...]]:
    """Paths absent from every record, by landing number.

    A column with one value somewhere is there. One without any value may be null in every record, or absent: only the
    raw records tell, and they are looked at then.
    """
    if headers is not None:
        absent = tuple(column.path for column in contract.columns if column.source_name not in headers)
        return {one.delivery.landing_number: absent for one in rows.inputs if absent}
    if not files or (len(rows.inputs) == 1 and _begins_with_all(contract, rows)):
        return {}
    places = _value_places(contract.columns)
    seen = ", ".join(f"bool_or({place.typed} IS NOT NULL)" for place in places)
    result: dict[int, tuple[str, ...]] = {}
    for n, *there in engine.rows(f"SELECT _n, {seen} FROM {STAGE} GROUP BY _n"):
        suspects = [place for place, present in zip(places, there, strict=True) if not present]
        gone = tuple(place.path for place in suspects if not _named_somewhere(engine, place, n))
        if gone:
            result[n] = gone
    return result


def _begins_with_all(contract: Contract, rows: Rows) -> bool:
    """True where the rows that came first have a value in each column: then there is no need to look at all of them."""
    typed = rows.first.typed if rows.first else []
    return bool(typed) and have_values(contract.columns, typed[0].column(FIELDS))


def have_values(columns: Sequence[Column], records: pa.StructArray) -> bool:
    """True where each column has a value in one of the records, by the sender's names, in lists and objects too."""
    parts = dict(zip([field.name for field in records.type], records.flatten(), strict=True))
    for column in columns:
        values, inner = parts[column.source_name], column
        if values.null_count == len(values):
            return False
        while inner.element is not None:
            values, inner = elements(values), inner.element
        if inner.kind is Kind.OBJECT and not have_values(inner.children, values):
            return False
    return True


class _ValuePlace(NamedTuple):
    """A column that holds values, in three spellings."""

    path: str  # of the contract: items[].quantity
    typed: str  # SQL of the staged column; of a list's elements the first one
    json_path: str  # in the raw record, by the sender's names: $."items"[*]."qty"


def _value_places(columns: Sequence[Column], typed: str = "", json_path: str = "$") -> list[_ValuePlace]:
    found = []
    for column in columns:
        sql = f"{typed}.{quoted(column.name)}" if typed else quoted(column.name)
        here = json_path + json_step(column.source_name)
        if column.kind is Kind.OBJECT:
            found += _value_places(column.children, sql, here)
            continue
        found.append(_ValuePlace(column.path, sql, here))
        if column.element is not None and column.element.kind is Kind.OBJECT:
            found += _value_places(column.element.children, f"{sql}[1]", f"{here}[*]")
    return found


def _named_somewhere(engine: Engine, place: _ValuePlace, n: int) -> bool:
    """True where a suspect's raw record has the name, though never with a sound value."""
    told = f"json_type(_raw, {literal(place.json_path)})"
    there = f"len({told}) > 0" if "[*]" in place.json_path else f"{told} IS NOT NULL"
    sql = f"SELECT coalesce(bool_or({there}), false) OR NOT bool_and(_raw IS NOT NULL) FROM {STAGE} WHERE _n = $n"
    return bool(engine.rows(sql, {"n": n})[0][0])
