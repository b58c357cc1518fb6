"""Silver tables: rows of the accepted records, added once; rows of replaced deliveries go in the same change."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from headgate.core.contract import Column, Kind
from headgate.core.errors import TaskError
from headgate.core.flow import Flow, Target, Task
from headgate.core.naming import ACCEPTED, DELIVERY, RECORD, ROW
from headgate.core.ports import FileSet
from headgate.core.sql import path_sql, quoted
from headgate.transform.amended import with_amendment
from headgate.transform.python_tasks import run_python
from headgate.transform.task_sql import task_sql
from headgate.transform.workspace import Workspace


def make_silver(work: Workspace, target: Target, task: Task | None, replaced: Collection[str], expected: int) -> None:
    """Stage a silver table's new rows, and the files that must be written again without the replaced deliveries.

    `expected` is the number of accepted records: the record table has one row for each.
    """
    sql, values = _statement(work, target, task)
    if work.amended:
        sql = with_amendment(sql)
    schema = work.engine.schema(sql, values)
    _require(schema, target, record=target.name == work.flow.record_table)
    adds = work.stage(target.name, sql, values)
    rows = sum(file.rows for file in adds)
    if target.name == work.flow.record_table and rows != expected:
        raise TaskError(
            f"task {target.name} of flow {work.flow.name} gave {rows} rows for {expected} accepted records; "
            "the record table has one row for each. Next: look for a join or WHERE that adds or drops rows.",
        )
    standing = work.snapshots[target.name]
    schema = schema if standing is None else _wider(standing.files.schema, schema, target)
    rewritten, gone = work.without(target.name, standing.files, replaced) if standing else ((), ())
    going = set(gone)
    kept = tuple(path for path in standing.files.paths if path not in going) if standing else ()
    work.added[target.name] = FileSet(paths=tuple(file.path for file in adds), schema=schema)
    new = tuple(file.path for file in (*rewritten, *adds))
    work.relations[target.name] = FileSet(paths=(*kept, *new), schema=schema)
    work.engine.register(target.name, work.relations[target.name])
    work.change(target.name, schema, (*rewritten, *adds), gone)


def _statement(work: Workspace, target: Target, task: Task | None) -> tuple[str, dict[str, object]]:
    if task is None:
        return f"SELECT {flattened(work.flow)}, {DELIVERY}, {ROW}, {RECORD} FROM {ACCEPTED}", {}
    if task.function is not None:
        return run_python(work, task), {}
    read = task_sql(work.flow, task, target, work.memo)
    work.reach(read.foreign)
    return read.text, work.parameters.only(read.parameters)


def flattened(flow: Flow) -> str:
    """Columns of a record whose flow has no tasks: leaves of objects as customer_email, lists as they are.

    A time of day is text there, for tables have no such type.

    >>> # customer {email}, items [] -> "customer"."email" AS "customer_email", "items"
    """
    return ", ".join(f"{sql} AS {quoted(name)}" for sql, name in _leaves(flow.contract.columns, "", ""))


def _leaves(columns: tuple[Column, ...], path: str, name: str) -> list[tuple[str, str]]:
    """SQL and name of each column that is no object."""
    found = []
    for column in columns:
        here, called = f"{path}{column.name}", f"{name}{column.name}"
        if column.kind is Kind.OBJECT:
            found += _leaves(column.children, f"{here}.", f"{called}_")
        elif column.kind is Kind.TIME:
            found.append((f"CAST({path_sql(here)} AS VARCHAR)", called))
        else:
            found.append((path_sql(here), called))
    return found


def _require(schema: pa.Schema, target: Target, *, record: bool) -> None:
    needed = [DELIVERY, ROW, RECORD] if record else [DELIVERY, ROW]
    missing = [name for name in (*needed, *target.key) if name not in schema.names]
    if missing:
        raise TaskError(
            f"the rows of silver table {target.name} lack {', '.join(missing)}. "
            f"Next: select {', '.join(missing)} in its task; they come from `{ACCEPTED}`.",
        )


def _wider(standing: pa.Schema, now: pa.Schema, target: Target) -> pa.Schema:
    """The standing columns and those that are new; a retyped column is an error."""
    for column in now:
        if column.name in standing.names and standing.field(column.name).type != column.type:
            before = standing.field(column.name).type
            raise TaskError(
                f"column {column.name} of table {target.name} is {before}, its task now gives {column.type}. "
                "Columns are only added: give the new type a new name.",
            )
    return pa.schema([*standing, *(column for column in now if column.name not in standing.names)])
