"""The SQL of a report as it runs: parameters by name, few rows, no column with personal values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Protocol

import pyarrow as pa

from headgate.serve.report_formats import Value

PARAMETERS = frozenset({
    "now", "run_start", "deliveries", "received", "published", "held", "rejected", "duplicate",
    "acceptance", "threshold", "held_whole",
        "failed", "delivery_count",
})  # fmt: skip
"""Bound in every query: times as TIMESTAMP in UTC, `deliveries` as a list of ids, counts of the run, shares 0 to 1."""


class Query(Protocol):
    """Runs one SELECT over the flow's tables, with exactly the parameters that it names."""

    def __call__(self, sql: str, parameters: Mapping[str, object]) -> pa.Table:
        """Gives the whole result; the report asks for few rows."""


class SqlError(ValueError):
    """The SQL cannot stand in a report; the message says why and what would do."""


def bind(sql: str, values: Mapping[str, object]) -> dict[str, object]:
    """The part of the values that the SQL names; DuckDB refuses parameters that nobody reads."""
    named = {name for name in _PARAMETER.findall(sql) if name}
    refuse_unbound(named, values)
    return {name: values[name] for name in sorted(named)}


_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(\w+)""", re.DOTALL)
"""Texts, quoted names and comments, which are passed over, and the name of a parameter."""


def first_rows(sql: str, limit: int) -> str:
    """A SELECT without a LIMIT of its own, cut at `limit` rows."""
    return f"{_body(sql)}\nLIMIT {limit}"


def where(sql: str, condition: str, limit: int) -> str:
    """The first rows of `sql` for which the condition holds."""
    return f"SELECT * FROM (\n{_body(sql)}\n) AS said WHERE (\n{condition}\n)\nLIMIT {limit}"


def count_rows(sql: str) -> str:
    """How many rows the SELECT gives."""
    return f"SELECT count(*) AS n FROM (\n{_body(sql)}\n) AS counted"


def read_rows(table: pa.Table, personal: Collection[str]) -> tuple[dict[str, Value], ...]:
    """Arrow -> one dictionary a row. Raises SqlError for nested columns, twin names and personal columns."""
    names = table.column_names
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise SqlError(f"column {twins[0]} stands twice in the result; give one of them another name.")
    leaked = sorted({name.lower() for name in names} & {name.lower() for name in personal})
    if leaked:
        raise SqlError(f"{leaked[0]} is a personal column and never stands in a report. Name the columns instead of *.")
    for field in table.schema:
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type) or pa.types.is_interval(field.type):
            raise SqlError(f"column {field.name} is {field.type}, which no sentence or table can show; make it text.")
    return tuple({name: _plain(value) for name, value in row.items()} for row in table.to_pylist())


def refuse_unbound(named: Collection[str], known: Collection[str]) -> None:
    """Raises SqlError for a parameter that nobody binds."""
    unknown = sorted(set(named) - set(known))
    if unknown:
        bound = ", ".join(f"${name}" for name in sorted(known))
        raise SqlError(f"${unknown[0]} is not bound here. Known are: {bound}.")


def _plain(value: Value) -> Value:
    """Inf and NaN stand for no value, as they do in the rules."""
    return None if isinstance(value, float) and (value != value or value in {float("inf"), float("-inf")}) else value  # noqa: PLR0124


def _body(sql: str) -> str:
    return sql.strip().rstrip(";")
