"""Which columns of the contract a delivery does not have at all."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.check.inputs import Input
from headgate.check.plan import STAGE
from headgate.core.contract import Column, Contract, Kind
from headgate.core.ports import Engine
from headgate.core.records import StagedFile
from headgate.core.sql import quoted


def missing_columns(
    engine: Engine,
    contract: Contract,
    inputs: Sequence[Input],
    rows: Sequence[StagedFile],
    *,
    headers: frozenset[str] | None,
) -> dict[int, tuple[str, ...]]:
    """Paths absent from every record, by landing number.

    A column with one value somewhere is there. One without any value may be null in every record, or absent: only the
    raw records tell, and they are looked at then.
    """
    if headers is not None:
        absent = tuple(column.path for column in contract.columns if column.source_name not in headers)
        return {one.delivery.landing_number: absent for one in inputs if absent}
    if not rows:
        return {}
    paths = list(_value_paths(contract.columns))
    seen = ", ".join(f"bool_or({sql} IS NOT NULL)" for _, sql in paths)
    result: dict[int, tuple[str, ...]] = {}
    for n, *there in engine.rows(f"SELECT _n, {seen} FROM {STAGE} GROUP BY _n"):
        suspects = [path for (path, _), present in zip(paths, there, strict=True) if not present]
        gone = tuple(path for path in suspects if not _named_somewhere(engine, path, n))
        if gone:
            result[n] = gone
    return result


def _value_paths(columns: Sequence[Column], parent: str = "") -> list[tuple[str, str]]:
    found = []
    for column in columns:
        sql = f"{parent}.{quoted(column.name)}" if parent else quoted(column.name)
        if column.kind is Kind.OBJECT:
            found += _value_paths(column.children, sql)
        elif column.kind is Kind.ARRAY and column.element is not None:
            found.append((column.path, sql))
            if column.element.kind is Kind.OBJECT:
                found += _value_paths(column.element.children, f"{sql}[1]")
        else:
            found.append((column.path, sql))
    return found


def _named_somewhere(engine: Engine, path: str, n: int) -> bool:
    """True where a suspect's raw record has the name, though never with a sound value."""
    json_path = "$." + ".".join(
        '"' + part.removesuffix("[]").replace('"', '\\"') + '"' + ("[*]" if part.endswith("[]") else "")
        for part in path.split(".")
    )
    repeated = "[*]" in json_path
    there = f"len(json_type(_raw, '{json_path}')) > 0" if repeated else f"json_type(_raw, '{json_path}') IS NOT NULL"
    sql = f"SELECT coalesce(bool_or({there}), false) OR NOT bool_and(_raw IS NOT NULL) FROM {STAGE} WHERE _n = $n"
    return bool(engine.rows(sql, {"n": n})[0][0])
