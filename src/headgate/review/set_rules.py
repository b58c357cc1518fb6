"""Rules over rows together, beside keys: unique values, references to published tables, Python over whole groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa

from headgate.core.contract import Rule, RuleKind, Scope
from headgate.core.errors import CheckError
from headgate.core.flow import Flow
from headgate.core.naming import DELIVERY
from headgate.core.ports import Engine, TableSnapshot
from headgate.core.python_checks import judge_batch
from headgate.core.python_source import load_function
from headgate.core.record_schema import POSITION, REASON
from headgate.core.row_reasons import ReasonSql
from headgate.core.sql import literal, path_sql, quoted
from headgate.review.relations import FAULTY, ROWS

BROKEN = "_set_broken"  # _n, _row, _offset, _length, reason
_COLUMNS = pa.schema([*POSITION, ("reason", REASON)])
GROUP_ROWS = 100_000  # of a Python set check in memory at once, beyond one group
STREAM_ROWS = 20_000


def judge_sets(
    engine: Engine,
    flow: Flow,
    references: Mapping[str, TableSnapshot | None],
    *,
    python: Mapping[str, pa.Table],
    family: Collection[str],
    published: Collection[str],
    origins: Mapping[int, str],
) -> list[str]:
    """Define BROKEN; returns sentences about rules that let go on for lack of a table (`ifMissing: warn`).

    `python` is what `judge_python` found. A rule that waits for its table is told by `missing_tables`. `origins` are
    those of amendments, by landing number: rows that were published of one are rows of the same delivery.
    """
    parts: list[str] = []
    notes: list[str] = []
    places = flow.contract.places
    for number, rule in enumerate(flow.contract.rules):
        if rule.scope is not Scope.SET or rule.kind is RuleKind.KEY:
            continue
        if rule.kind is RuleKind.REFERENCE:
            table = references[rule.arguments["table"]]
            if table is None:
                notes.append(f"{rule.id}: the table {rule.arguments['table']} was never published")
                continue
            engine.register(f"_reference{number}", table.files)
            sql = _element_reference if rule.array else _reference
            parts.append(sql(rule, f"_reference{number}", places[rule.id]))
        elif rule.kind is RuleKind.UNIQUE:
            parts.append(_unique(rule, places[rule.id], family, published=published, origins=origins))
        elif rule.kind is RuleKind.PYTHON:
            engine.register(f"_python{number}", python[rule.id])
            parts.append(f"SELECT * FROM _python{number}")
    if parts:
        engine.define(BROKEN, " UNION ALL ".join(parts), keep=True)
    else:
        engine.register(BROKEN, _COLUMNS.empty_table())
    return notes


def judge_python(
    engine: Engine, flow: Flow, *, rows: int, published: Collection[str], origins: Mapping[int, str]
) -> dict[str, pa.Table]:
    """The rows that do not pass, by rule in Python over sets; `rows` is how many are staged, the rest as above."""
    found = {}
    for rule in flow.contract.rules:
        if rule.scope is Scope.SET and rule.kind is RuleKind.PYTHON:
            beside = _published_groups(engine, rule, published, origins)
            more = engine.rows(f"SELECT count(*) FROM ({beside})")[0][0] if beside else 0
            found[rule.id] = _python(
                engine,
                flow,
                rule,
                flow.contract.places[rule.id],
                beside=beside,
                buckets=1 + (rows + more) // GROUP_ROWS,
            )
    return found


def _reason(rule: Rule, place: int, value: str) -> str:
    shown = literal(rule.column or ", ".join(rule.reads))
    return ReasonSql(
        code=literal(rule.code),
        column=shown,
        path=shown,
        value=value,
        rule=rule.id,
        consequence=rule.consequence,
        place=place,
    ).text


def _reference(rule: Rule, table: str, place: int) -> str:
    path = rule.reads[0]
    value = f"CAST(r.{path_sql(path)} AS VARCHAR)"
    there = f"SELECT CAST({quoted(rule.arguments['column'])} AS VARCHAR) FROM {table}"
    return (
        f"SELECT r._n, r._row, r._offset, r._length, {_reason(rule, place, value)} AS reason FROM {ROWS} AS r "
        f"WHERE r.{path_sql(path)} IS NOT NULL AND {value} NOT IN ({there} WHERE {quoted(rule.arguments['column'])} "
        "IS NOT NULL)"
    )


def _element_reference(rule: Rule, table: str, place: int) -> str:
    """The same for a column of a list's elements: a reason for each that is not found."""
    column = rule.reads[0].removeprefix(f"{rule.array}[]").lstrip(".")
    values = f"[x.{path_sql(column)} FOR x IN {path_sql(rule.array)}]" if column else path_sql(rule.array)
    there = f"SELECT CAST({quoted(rule.arguments['column'])} AS VARCHAR) FROM {table}"
    return (
        f"SELECT r._n, r._row, r._offset, r._length, {_reason(rule, place, 'r._value')} AS reason FROM ("
        f"SELECT _n, _row, _offset, _length, CAST(unnest({values}) AS VARCHAR) AS _value FROM {ROWS}) AS r "
        f"WHERE r._value IS NOT NULL AND r._value NOT IN ({there} WHERE {quoted(rule.arguments['column'])} IS NOT NULL)"
    )


def missing_tables(flow: Flow, references: Mapping[str, TableSnapshot | None]) -> list[str]:
    """Referenced tables that were never published and must be there."""
    return sorted(
        rule.arguments["table"]
        for rule in flow.contract.rules
        if rule.kind is RuleKind.REFERENCE
        and references[rule.arguments["table"]] is None
        and rule.arguments.get("if_missing", "wait") == "wait"
    )


def _unique(
    rule: Rule, place: int, family: Collection[str], *, published: Collection[str], origins: Mapping[int, str]
) -> str:
    paths = [path_sql(path) for path in rule.arguments["columns"]]
    listed = ", ".join(f"r.{path}" for path in paths)
    there = " AND ".join(f"r.{path} IS NOT NULL" for path in paths)
    value = " || ', ' || ".join(f"CAST(r.{path} AS VARCHAR)" for path in paths)
    everywhere = rule.arguments.get("against") == "published"
    within = "" if everywhere else "r._n, "  # whichever deliveries share a batch
    repeated = f"row_number() OVER (PARTITION BY {within}{listed} ORDER BY r._n, r._row) > 1"
    if everywhere and published:
        others = ", ".join(literal(id_) for id_ in sorted(family)) or "''"
        names = [_published_name(rule, path, published) for path in rule.arguments["columns"]]
        repeated += _among_published(names, paths, f"p.{quoted(DELIVERY)} NOT IN ({others})")
    elif origins and None not in (found := [_found_name(path, published) for path in rule.arguments["columns"]]):
        of_one = " ".join(f"WHEN {n} THEN {literal(origin)}" for n, origin in sorted(origins.items()))
        names = [name for name in found if name is not None]
        repeated += _among_published(names, paths, f"p.{quoted(DELIVERY)} = CASE r._n {of_one} END")
    return (
        f"SELECT _n, _row, _offset, _length, reason FROM (SELECT r._n, r._row, r._offset, r._length, "
        f"{_reason(rule, place, value)} AS reason, {repeated} AS broken FROM {ROWS} AS r WHERE {there} "
        f"AND (r._ok OR NOT EXISTS (SELECT 1 FROM {FAULTY} AS f WHERE f._n = r._n AND f._row = r._row "
        "AND f.weight >= 2))) WHERE broken"
    )


def _among_published(names: Iterable[str], paths: Iterable[str], which: str) -> str:
    """SQL of a further condition: a published row that is meant has the same values."""
    same = " AND ".join(f"p.{quoted(name)} = r.{path}" for name, path in zip(names, paths, strict=True))
    return f" OR EXISTS (SELECT 1 FROM _published AS p WHERE {same} AND {which})"


def _found_name(path: str, columns: Collection[str]) -> str | None:
    """The record table's column of a contract's path, such as customer_email or email for customer.email."""
    return next((name for name in (path.replace(".", "_"), path.rsplit(".", 1)[-1]) if name in columns), None)


def _published_name(rule: Rule, path: str, columns: Collection[str]) -> str:
    """The same; CheckError where there is none."""
    if (name := _found_name(path, columns)) is not None:
        return name
    raise CheckError(
        f"rule {rule.id} compares {path} with what is published, but the record table has no column "
        f"{path.replace('.', '_')}. Next: let the silver task select it under that name.",
    )


def _python(engine: Engine, flow: Flow, rule: Rule, place: int, *, beside: str, buckets: int) -> pa.Table:
    """Rows that a Python set check does not pass; each group of `group_by` in a delivery is given whole.

    A row without a value in `group_by` is in no group and passes. Rows `beside` are of the same groups and judged no
    more. Deliveries that share a batch are given one after the other: a verdict must not hang on what came together.
    """
    function = load_function(flow, rule.arguments["file"], rule.arguments["function"])
    columns = _group_columns(rule)
    reads = ", ".join(f"{path_sql(path)} AS {name}" for path, name in columns.items())
    grouped = " AND ".join(f"{path_sql(path)} IS NOT NULL" for path in rule.arguments["group_by"]) or "true"
    own = f"SELECT _n, _row, _offset, _length, true AS _own, {reads} FROM {ROWS} WHERE {grouped}"
    rows = f"{own} UNION ALL {beside}" if beside else own
    hashed = ", ".join(columns[path] for path in rule.arguments["group_by"])
    bucket = f"_n * {buckets} + CAST(hash({hashed}) % {buckets} AS BIGINT)" if hashed else "_n"
    ordered = f"SELECT *, {bucket} AS _bucket FROM ({rows}) ORDER BY _bucket, _row"
    found: list[pa.Table] = []
    for table in _by_bucket(engine.stream(ordered, batch_rows=STREAM_ROWS)):
        batch = table.combine_chunks().to_batches()[0]
        failing, reasons = judge_batch(rule, function, batch, place=place)
        if not reasons:
            continue
        told = table.select([*(name for name, _ in POSITION), "_own"]).filter(failing)
        told = told.append_column("reason", pa.array(reasons, REASON)).filter(told.column("_own")).drop_columns("_own")
        found.append(told.cast(_COLUMNS))
    return pa.concat_tables(found) if found else _COLUMNS.empty_table()


def _group_columns(rule: Rule) -> dict[str, str]:
    """What a Python set check reads and groups by -> the name that it knows it by."""
    return {path: quoted(path) for path in dict.fromkeys((*rule.reads, *rule.arguments["group_by"]))}


def _published_groups(engine: Engine, rule: Rule, published: Collection[str], origins: Mapping[int, str]) -> str:
    """SQL of what is published of amendments' origins in the groups of their rows, in the columns of `_python`.

    Empty where there is no amendment, or the record table has not all of the columns in the contract's types: then rows
    that people decided on are judged among themselves.
    """
    columns = _group_columns(rule)
    there = {path: name for path in columns if (name := _found_name(path, published)) is not None}
    if not origins or len(there) < len(columns):
        return ""
    own_types = engine.rows(f"SELECT {', '.join(f'typeof({path_sql(path)})' for path in columns)} FROM {ROWS} LIMIT 1")
    types = ", ".join(f"typeof({quoted(there[path])})" for path in columns)
    if not own_types or own_types != engine.rows(f"SELECT {types} FROM _published LIMIT 1"):
        return ""
    of = ", ".join(f"({n}, {literal(origin)})" for n, origin in sorted(origins.items()))
    reads = ", ".join(f"p.{quoted(there[path])} AS {name}" for path, name in columns.items())
    same = " AND ".join(f"r.{path_sql(path)} = p.{quoted(there[path])}" for path in rule.arguments["group_by"])
    return (
        f"SELECT o._n, p._row, NULL AS _offset, NULL AS _length, false AS _own, {reads} FROM _published AS p "
        f"JOIN (VALUES {of}) AS o (_n, _origin) ON p.{quoted(DELIVERY)} = o._origin "
        f"WHERE EXISTS (SELECT 1 FROM {ROWS} AS r WHERE r._n = o._n AND {same})"
    )


def _by_bucket(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Rows in order of their bucket -> one table a bucket, so that a group is never cut."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        buckets = batch.column("_bucket").to_numpy()
        starts = [0, *(np.flatnonzero(buckets[1:] != buckets[:-1]) + 1).tolist(), batch.num_rows]
        for start, end in pairwise(starts):
            if start == end:
                continue
            if held and held[-1].column("_bucket")[0].as_py() != int(buckets[start]):
                yield pa.Table.from_batches(held)
                held = []
            held.append(batch.slice(start, end - start))
    if held:
        yield pa.Table.from_batches(held)
