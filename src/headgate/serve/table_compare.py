"""Two versions of a table side by side, by key: what was added, removed and changed. Reads only files that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from headgate.core.errors import NotFoundError, UsageError
from headgate.core.platform import Platform
from headgate.core.ports import FileSet, TableSnapshot
from headgate.core.sql import quoted
from headgate.serve.relations import Standing, snapshot_of
from headgate.serve.table_rows import LONGEST, order_of

MOST_ROWS = 2_000_000  # in the files that differ, of both versions together
SAMPLE = 20  # rows shown of each kind


class ChangedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that both versions have, with other values."""

    key: tuple[str | None, ...]
    cells: tuple[tuple[str, str | None, str | None, bool], ...]  # column, before, after, whether it is masked


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """From the old version to the new one."""

    old: int
    new: int
    key: tuple[str, ...]  # by which rows are known again
    old_rows: int
    new_rows: int
    read: int  # rows of the files that differ
    added: int = 0
    removed: int = 0
    changed: int = 0
    added_keys: tuple[tuple[str | None, ...], ...] = ()
    removed_keys: tuple[tuple[str | None, ...], ...] = ()
    changed_rows: tuple[ChangedRow, ...] = ()
    new_columns: tuple[str, ...] = ()
    gone_columns: tuple[str, ...] = ()


def compare_versions(platform: Platform, table: Standing, old: int, new: int, *, masked: frozenset[str]) -> Comparison:
    """What changed. UsageError where there is no key to know rows by, or too many rows differ to compare on a page.

    Files of a version are never altered: rows of a file that both versions have are the same and are not read.
    """
    before, after = _version(platform, table, old), _version(platform, table, new)
    names = [name for name in before.files.schema.names if name in after.files.schema.names]
    key = order_of(platform, table, names)
    flow = platform.flows.get(table.flow)
    target = flow.target(table.name) if flow else None
    key = target.key if target and set(target.key) <= set(names) else key
    if not key:
        raise UsageError(f"Table {table.table} has no key by which a row could be known again.")
    same = {*before.files.paths} & {*after.files.paths}
    compared = Comparison(
        old=old,
        new=new,
        key=key,
        old_rows=before.rows,
        new_rows=after.rows,
        read=0,
        new_columns=tuple(name for name in after.files.schema.names if name not in names),
        gone_columns=tuple(name for name in before.files.schema.names if name not in names),
    )
    if {*before.files.paths} == {*after.files.paths}:
        return compared
    engine = platform.engine()
    try:
        engine.register("old_rows", _without(before.files, same))
        engine.register("new_rows", _without(after.files, same))
        ((read,),) = engine.rows("SELECT (SELECT count(*) FROM old_rows) + (SELECT count(*) FROM new_rows)")
        if read > MOST_ROWS:
            raise UsageError(
                f"Versions {old} and {new} differ in files of {read:,} rows; a page compares at most {MOST_ROWS:,}. "
                "Next: compare versions nearer to each other, or use `headgate query`."
            )
        engine.define("compared", _compared_sql(names, key), keep=True)
        ((added, removed, changed),) = engine.rows(
            "SELECT count(*) FILTER (was = 'added'), count(*) FILTER (was = 'removed'), "
            "count(*) FILTER (was = 'changed') FROM compared"
        )
        shown = [name for name in names if name not in key]
        samples = {was: engine.table(_sample_sql(key, shown, masked), {"was": was}) for was in _KINDS}
    finally:
        engine.close()
    return msgspec.structs.replace(
        compared,
        read=read,
        added=added,
        removed=removed,
        changed=changed,
        added_keys=_keys(samples["added"], key, masked),
        removed_keys=_keys(samples["removed"], key, masked),
        changed_rows=tuple(_changed(samples["changed"], key, shown, masked)),
    )


_KINDS = ("added", "removed", "changed")


def _version(platform: Platform, table: Standing, version: int) -> TableSnapshot:
    if not 0 <= version <= table.version:
        raise NotFoundError(f"Table {table.table} has no version {version}; the newest is {table.version}.")
    return snapshot_of(platform, table.table, version)


def _without(files: FileSet, same: set[str]) -> FileSet:
    return FileSet(paths=tuple(path for path in files.paths if path not in same), schema=files.schema)


def _compared_sql(names: Sequence[str], key: Sequence[str]) -> str:
    """Each row that is in one of the two only, or has other values; `o` and `n` hold them."""
    on = " AND ".join(f"o.{quoted(name)} IS NOT DISTINCT FROM n.{quoted(name)}" for name in key)
    values = [name for name in names if name not in key]
    differs = " OR ".join(f"o.{quoted(name)} IS DISTINCT FROM n.{quoted(name)}" for name in values) or "false"
    columns = ", ".join(quoted(name) for name in names)
    return (
        "SELECT o, n, CASE WHEN o._here IS NULL THEN 'added' WHEN n._here IS NULL THEN 'removed' ELSE 'changed' END "
        f"AS was FROM (SELECT {columns}, true AS _here FROM old_rows) AS o "
        f"FULL JOIN (SELECT {columns}, true AS _here FROM new_rows) AS n ON {on} "
        f"WHERE o._here IS NULL OR n._here IS NULL OR {differs}"
    )


def _sample_sql(key: Sequence[str], shown: Sequence[str], masked: frozenset[str]) -> str:
    """Keys, then of each other column whether it differs, and both values as text."""
    parts = [f"CAST(coalesce(n.{quoted(name)}, o.{quoted(name)}) AS VARCHAR)" for name in key]
    for name in shown:
        parts.append(f"o.{quoted(name)} IS DISTINCT FROM n.{quoted(name)}")
        parts += [
            "NULL" if name in masked else f"left(CAST({side}.{quoted(name)} AS VARCHAR), {LONGEST + 1})"
            for side in ("o", "n")
        ]
    named = ", ".join(f"{part} AS c{place}" for place, part in enumerate(parts))
    order = ", ".join(f"coalesce(n.{quoted(name)}, o.{quoted(name)})" for name in key)
    return f"SELECT {named} FROM compared WHERE was = $was ORDER BY {order} LIMIT {SAMPLE}"


def _lines(found: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in found.itercolumns()), strict=True))


def _keys(found: pa.Table, key: Sequence[str], masked: frozenset[str]) -> tuple[tuple[str | None, ...], ...]:
    return tuple(_key(line, key, masked) for line in _lines(found))


def _key(line: tuple[Any, ...], key: Sequence[str], masked: frozenset[str]) -> tuple[str | None, ...]:
    return tuple("masked" if name in masked else line[place] for place, name in enumerate(key))


def _changed(found: pa.Table, key: Sequence[str], shown: Sequence[str], masked: frozenset[str]) -> list[ChangedRow]:
    rows = []
    for line in _lines(found):
        cells = [
            (name, line[at + 1], line[at + 2], name in masked)
            for place, name in enumerate(shown)
            if line[at := len(key) + 3 * place]
        ]
        rows.append(ChangedRow(key=_key(line, key, masked), cells=tuple(cells)))
    return rows
