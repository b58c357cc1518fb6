"""Gold that follows from a stretch of months: only the months that a publication touches are computed again."""

from __future__ import annotations

import re
from collections.abc import Collection

from headgate.core.errors import TaskError
from headgate.core.flow import Target
from headgate.core.naming import DELIVERY
from headgate.core.sql import literal, quoted
from headgate.transform.task_sql import TaskSql
from headgate.transform.workspace import Workspace

_MONTH = re.compile(r"month\((\w+)\)")


def make_windowed(
    work: Workspace,
    target: Target,
    read: TaskSql,
    replaced: Collection[str],
) -> tuple[str, dict[str, object]]:
    """SQL of the whole table: touched months computed anew from themselves and the `reach` before, the rest as it is.

    A row added in month m may change the results of m and of the `reach` months after it.
    """
    column = _column(target)
    values = work.parameters.only(read.parameters)
    standing = work.snapshots[target.name]
    if standing is None:
        return read.text, values
    work.engine.define("_months", _touched_months(work, target, read, column, replaced), keep=True)
    sources = read.relations & work.relations.keys()
    reach = int(target.reach)
    near = f"SELECT DISTINCT CAST(m - to_months(k) AS DATE) FROM _months, generate_series(0, {reach}) AS s(k)"
    work.engine.define("_near", f"SELECT * FROM ({near}) AS n(m)", keep=True)
    renamed = {}
    for source in sources:
        if column in work.relations[source].schema.names:
            month = f"date_trunc('month', {quoted(column)})"
            work.engine.define(f"_{source}_near", f"SELECT * FROM {quoted(source)} WHERE {month} IN (FROM _near)")
            renamed[source] = f"_{source}_near"
    fresh = read.over(renamed)
    work.engine.register("_standing", standing.files)
    names = ", ".join(quoted(name) for name in standing.files.schema.names)
    month = f"date_trunc('month', {quoted(column)})"
    sql = (
        f"SELECT {names} FROM ({fresh}) WHERE {month} IN (FROM _months) "
        f"UNION ALL SELECT {names} FROM _standing WHERE {month} NOT IN (FROM _months)"
    )
    return sql, values


def _touched_months(work: Workspace, target: Target, read: TaskSql, column: str, replaced: Collection[str]) -> str:
    parts = []
    for source in sorted(read.relations & work.added.keys()):
        if column not in work.added[source].schema.names:
            continue
        work.engine.register(f"_added_{source}", work.added[source])
        parts.append(f"SELECT {quoted(column)} AS t FROM {quoted('_added_' + source)}")
        standing = work.snapshots[source]
        if replaced and standing is not None:
            work.engine.register(f"_before_{source}", standing.files)
            listed = ", ".join(literal(id_) for id_ in sorted(replaced))
            parts.append(
                f"SELECT {quoted(column)} AS t FROM {quoted('_before_' + source)} WHERE {DELIVERY} IN ({listed})"
            )
    if not parts:
        raise TaskError(f"gold table {target.name} has the window {target.window}, but reads no table with {column}.")
    months = f"SELECT DISTINCT date_trunc('month', t) AS m FROM ({' UNION ALL '.join(parts)})"
    ahead = f"generate_series(0, {int(target.reach)}) AS s(k)"
    return f"SELECT DISTINCT CAST(m + to_months(k) AS DATE) AS m FROM ({months}), {ahead}"


def _column(target: Target) -> str:
    found = _MONTH.fullmatch(target.window or "")
    if found is None:
        raise TaskError(f"the window {target.window!r} of gold table {target.name} is not month(column).")
    return found[1]
