"""Gold tables: figures that equal a full recomputation from silver, found with as little of it as the task allows."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pyarrow as pa

from headgate.core.errors import TaskError
from headgate.core.flow import Target, Task
from headgate.core.ports import FileSet
from headgate.core.sql import quoted
from headgate.transform.merging import Merging
from headgate.transform.python_tasks import run_python
from headgate.transform.task_sql import TaskSql, task_sql
from headgate.transform.windows import make_windowed
from headgate.transform.workspace import Workspace


def make_gold(work: Workspace, target: Target, task: Task, replaced: Collection[str]) -> None:
    """Stage the whole table as it will stand: merged where the task is additive and rows were only added, by months
    where it says so, else recomputed.
    """
    if task.function is not None:
        _replace(work, target, run_python(work, task), {})
        return
    read = task_sql(work.flow, task, target, work.memo)
    work.reach(read.foreign)
    values = work.parameters.only(read.parameters)
    standing = work.snapshots[target.name]
    merging = read.merging
    if standing is not None and merging is not None and not replaced and merging.source in work.added:
        _merge(work, target, read, merging, values)
    elif target.window is not None:
        _replace(work, target, *make_windowed(work, target, read, replaced))
    else:
        _replace(work, target, read.text, values)


def _merge(work: Workspace, target: Target, read: TaskSql, merging: Merging, values: dict[str, object]) -> None:
    """Join the figures of the added rows to those that stand."""
    standing = work.snapshots[target.name]
    assert standing is not None
    work.engine.register("_added", work.added[merging.source])
    work.engine.define("_figures", read.over({merging.source: "_added"}), values, keep=True)
    work.engine.register("_standing", standing.files)
    described = work.engine.schema("SELECT * FROM _standing")
    types = {field.name: kind for field in described if (kind := _sql_type(field.type)) is not None}
    rounded = any(merging.columns.get(name) == "sum" and kind in _BINARY for name, kind in types.items())
    if rounded or set(types) != {*merging.columns, *merging.key} or len(types) < len(described):
        # the task has other columns than the table, as a new version of it does, or one that is not merged exactly
        _replace(work, target, read.text, values)
        return
    _replace(work, target, merging.sql("_standing", "_figures", types), {})


def _replace(work: Workspace, target: Target, sql: str, values: dict[str, object]) -> None:
    """Stage a result that takes the table's place."""
    schema = work.engine.schema(sql, values)
    _require_key(schema, target)
    adds = work.stage(target.name, sql, values)
    standing = work.snapshots[target.name]
    work.relations[target.name] = FileSet(paths=tuple(file.path for file in adds), schema=schema)
    work.engine.register(target.name, work.relations[target.name])
    if adds:
        _require_unique(work, target)
    work.change(target.name, schema, adds, standing.files.paths if standing else ())


def _require_key(schema: pa.Schema, target: Target) -> None:
    missing = [name for name in target.key if name not in schema.names]
    if missing:
        raise TaskError(f"the rows of gold table {target.name} lack their key {', '.join(missing)}.")


def _require_unique(work: Workspace, target: Target) -> None:
    """A result with a key twice never becomes visible."""
    key = ", ".join(quoted(name) for name in target.key)
    shown = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in target.key)
    result = quoted(target.name)
    twice = work.engine.rows(f"SELECT {shown} FROM {result} GROUP BY {key} HAVING count(*) > 1 LIMIT 1")
    if twice:
        raise TaskError(f"gold table {target.name} would have the key {twice[0]} twice; nothing was published.")


_BINARY = frozenset({"DOUBLE", "REAL"})  # a sum of sums is rounded otherwise than the sum of all


_SQL_TYPES: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_date, "DATE"),
    (pa.types.is_int64, "BIGINT"),
    (pa.types.is_int32, "INTEGER"),
    (pa.types.is_float64, "DOUBLE"),
    (pa.types.is_float32, "REAL"),
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_string, "VARCHAR"),
    (pa.types.is_large_string, "VARCHAR"),
    (pa.types.is_string_view, "VARCHAR"),
)


def _sql_type(kind: pa.DataType) -> str | None:
    """The type's name in SQL, or None for one whose values are not brought forward."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ" if kind.tz else "TIMESTAMP"
    return next((name for is_kind, name in _SQL_TYPES if is_kind(kind)), None)
