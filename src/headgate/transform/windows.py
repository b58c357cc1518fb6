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
    touched = _touched_months(work, target, read, column, replaced)
    reach = int(target.reach)
    near = _within(column, _moved(touched, range(-reach, reach + 1)))
    anew = _within(column, _moved(touched, range(reach + 1)))
    renamed = {}
    for source in sorted(read.relations & work.relations.keys()):
        if column in work.relations[source].schema.names:
            renamed[source] = f"_{source}_near"
            work.engine.define(renamed[source], f"SELECT * FROM {quoted(source)} WHERE {near}")
    fresh = read.over(renamed)
    work.engine.register("_standing", standing.files)
    names = ", ".join(quoted(name) for name in standing.files.schema.names)
    sql = (
        f"SELECT {names} FROM ({fresh}) WHERE {anew} "
        f"UNION ALL SELECT {names} FROM _standing WHERE NOT coalesce({anew}, false)"
    )
    return sql, values


def _touched_months(
    work: Workspace, target: Target, read: TaskSql, column: str, replaced: Collection[str]
) -> set[int | None]:
    """Months of the rows that come and of those that go, counted from the year 0; None for rows without one."""
    parts = []
    for source in sorted(read.relations & work.added.keys()):
        added = work.added[source]
        if column not in added.schema.names:
            continue
        # of plain UTC: with a time zone, the engine needs six times as long
        zoned = getattr(added.schema.field(column).type, "tz", None) is not None
        time = f"make_timestamp(epoch_us({quoted(column)}))" if zoned else quoted(column)
        count = f"SELECT 12 * year({time}) + month({time}) - 1 AS m FROM"
        work.engine.register(f"_added_{source}", added)
        parts.append(f"{count} {quoted('_added_' + source)}")
        standing = work.snapshots[source]
        if replaced and standing is not None:
            work.engine.register(f"_before_{source}", standing.files)
            listed = ", ".join(literal(id_) for id_ in sorted(replaced))
            parts.append(f"{count} {quoted('_before_' + source)} WHERE {DELIVERY} IN ({listed})")
    if not parts:
        raise TaskError(f"gold table {target.name} has the window {target.window}, but reads no table with {column}.")
    return {month for (month,) in work.engine.rows(f"SELECT DISTINCT m FROM ({' UNION ALL '.join(parts)})")}


def _moved(months: Collection[int | None], distances: range) -> set[int | None]:
    return {None if month is None else month + distance for month in months for distance in distances}


def _within(column: str, months: Collection[int | None]) -> str:
    """SQL: a time lies in one of the months, or is NULL where None is among them; as ranges, which skip files."""
    known = sorted(month for month in months if month is not None)
    begins = [month for month in known if month - 1 not in months]
    ends = [month + 1 for month in known if month + 1 not in months]
    name = quoted(column)
    ranges = [f"{name} >= {_first(begin)} AND {name} < {_first(end)}" for begin, end in zip(begins, ends, strict=True)]
    empty = [f"{name} IS NULL"] if None in months else []
    return f"({' OR '.join([*ranges, *empty]) or 'false'})"


def _first(month: int) -> str:
    year, rest = divmod(month, 12)
    return f"make_date({year}, {rest + 1}, 1)"


def _column(target: Target) -> str:
    found = _MONTH.fullmatch(target.window or "")
    if found is None:
        raise TaskError(f"the window {target.window!r} of gold table {target.name} is not month(column).")
    return found[1]
