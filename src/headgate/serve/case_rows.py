"""The rows that wait in a case: a page of them, one of them, or what a selection of them comes to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headgate.core.cases import Case
from headgate.core.decision_document import Rows
from headgate.core.errors import NotFoundError
from headgate.core.naming import outcomes_table, quarantine_table
from headgate.core.platform import Platform
from headgate.core.ports import Engine
from headgate.core.quarantine_schema import OUTCOMES_SCHEMA, QUARANTINE_SCHEMA
from headgate.serve.relations import snapshot_of, standing_tables

_SEPARATOR = "\x1f"
_BATCH_ROWS = 20_000
_WAITING = """
SELECT q._row, q.reasons, q.record, q."offset", q."length" FROM quarantine AS q
WHERE q._delivery = $delivery AND q._case = $case AND q.verdict = 'held'
AND NOT EXISTS (SELECT 1 FROM outcomes AS o WHERE o._delivery = $delivery AND o._row = q._row)
"""


class HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that waits for a person."""

    row: int  # its number in the delivery, from 1
    reasons: tuple[Mapping[str, Any], ...]  # code, column, value, rule, consequence
    record: str | None  # as it came
    offset: int | None
    length: int | None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a case's rows are meant: all conditions hold together."""

    rows: tuple[int, ...] | None = None  # none named: all
    but: tuple[int, ...] = ()
    code: str | None = None  # another reason code that stands on the row too
    value: str | None = None  # that a reason of the case's own code found


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """What a selection comes to, as it stands now."""

    rows: Rows  # rising
    rules: tuple[tuple[tuple[str, ...], Rows], ...]  # hold rules shown, and the rows that show just these
    shown: str  # SHA-256 over the rows as they are shown


def page(platform: Platform, case: Case, *, after: int = 0, most: int = 50, value: str | None = None) -> list[HeldRow]:
    """The next rows that wait in a case, by number."""
    conditions, values = _conditions(case, Selection(value=value))
    with waiting_tables(platform, case.flow) as engine:
        found = engine.table(
            f"{_WAITING}{conditions} AND q._row > $after ORDER BY q._row LIMIT {int(most)}", values | {"after": after}
        )
    return [held_row(line) for line in found.to_pylist()]


def one_row(platform: Platform, case: Case, row: int) -> HeldRow:
    """One row of a case; NotFoundError where it does not wait there (any more)."""
    with waiting_tables(platform, case.flow) as engine:
        return row_in(engine, case, row)


def row_in(engine: Engine, case: Case, row: int) -> HeldRow:
    """The same, from `waiting_tables` that are open."""
    found = engine.table(f"{_WAITING} AND q._row = $row", _bound(case) | {"row": row}).to_pylist()
    if not found:
        raise NotFoundError(f"row {row} does not wait in case {case.id}. Next: `headgate cases show {case.id}`.")
    return held_row(found[0])


def values_found(platform: Platform, case: Case, *, most: int = 10) -> list[tuple[str | None, int]]:
    """What stands in the faulty place, and on how many rows; the most frequent first."""
    sql = (
        'SELECT reason."value" AS found, count(DISTINCT _row) AS rows FROM (SELECT _row, unnest(reasons) AS reason '
        f"FROM ({_WAITING})) WHERE reason.rule = $rule AND reason.code = $code GROUP BY 1 ORDER BY 2 DESC, 1 "
        f"LIMIT {int(most)}"
    )
    with waiting_tables(platform, case.flow) as engine:
        found = engine.table(sql, _bound(case) | {"rule": case.rule, "code": case.code})
    return [(line["found"], line["rows"]) for line in found.to_pylist()]


def held_reasons(
    platform: Platform, flow: str, *, delivery: str, case: str, rows: Rows
) -> dict[int, list[tuple[str, str | None]]]:
    """What holds these rows of a case: column with its positions, and the value that was found."""
    sql = (
        "SELECT _row, [{'column': r.\"column\", 'value': r.\"value\"} FOR r IN reasons IF r.consequence = 'hold'] "
        f"AS held FROM ({_WAITING} AND q._row IN (SELECT unnest($rows::BIGINT[])))"
    )
    found: dict[int, list[tuple[str, str | None]]] = {}
    bound = {"delivery": delivery, "case": case, "rows": rows.tolist()}
    with waiting_tables(platform, flow) as engine:
        for batch in engine.stream(sql, bound, batch_rows=_BATCH_ROWS):
            for line in batch.to_pylist():
                found[line["_row"]] = [(reason["column"], reason["value"]) for reason in line["held"]]
    return found


def select(platform: Platform, case: Case, selection: Selection) -> Selected:
    """The rows that a selection means, which hold rules are shown on them, and the hash of what is shown."""
    conditions, values = _conditions(case, selection)
    rules = (
        "array_to_string(list_sort(list_distinct([r.rule FOR r IN reasons IF r.consequence = 'hold'])), "
        f"chr({ord(_SEPARATOR)}))"
    )
    line = "concat_ws('|', CAST(_row AS VARCHAR), coalesce(record, ''), CAST(to_json(reasons) AS VARCHAR))"
    shown = hashlib.sha256()
    parts: list[pa.RecordBatch] = []
    with waiting_tables(platform, case.flow) as engine:
        sql = f"SELECT _row, {rules} AS rules, sha256({line}) AS line FROM ({_WAITING}{conditions}) ORDER BY _row"
        for batch in engine.stream(sql, values, batch_rows=_BATCH_ROWS):
            shown.update("".join(batch.column("line").to_pylist()).encode())
            parts.append(batch.select(["_row", "rules"]))
    found = pa.Table.from_batches(parts) if parts else pa.table({"_row": pa.array([], pa.int64()), "rules": []})
    rows = found.column("_row").to_numpy()
    return Selected(rows=rows, rules=tuple(_by_rules(found, rows)), shown=shown.hexdigest())


def _by_rules(found: pa.Table, rows: Rows) -> Iterator[tuple[tuple[str, ...], Rows]]:
    for text in pc.unique(found.column("rules")).to_pylist() if len(rows) else []:
        chosen = pc.equal(found.column("rules"), text).to_numpy(zero_copy_only=False)
        yield tuple(text.split(_SEPARATOR)), rows[np.asarray(chosen, dtype=np.bool_)]


def _conditions(case: Case, selection: Selection) -> tuple[str, dict[str, Any]]:
    sql, values = "", _bound(case)  # numbers are joined: a list would be read through for every row
    if selection.rows is not None:
        sql, values = f"{sql} AND q._row IN (SELECT unnest($rows::BIGINT[]))", values | {"rows": list(selection.rows)}
    if selection.but:
        sql, values = f"{sql} AND q._row NOT IN (SELECT unnest($but::BIGINT[]))", values | {"but": list(selection.but)}
    if selection.code is not None:
        sql += " AND len([r FOR r IN q.reasons IF r.code = $also]) > 0"
        values["also"] = selection.code
    if selection.value is not None:
        sql += ' AND len([r FOR r IN q.reasons IF r.rule = $rule AND r.code = $code AND r."value" = $value]) > 0'
        values |= {"rule": case.rule, "code": case.code, "value": selection.value}
    return sql, values


def _bound(case: Case) -> dict[str, Any]:
    return {"delivery": case.delivery, "case": case.id}


@contextmanager
def waiting_tables(platform: Platform, flow: str) -> Iterator[Engine]:
    """An engine that knows the quarantine and its outcomes, as the last publication left them."""
    standing = {one.table: one.version for one in standing_tables(platform) if one.flow == flow}
    engine = platform.engine()
    try:
        for name, table, schema in (
            ("quarantine", quarantine_table(flow), QUARANTINE_SCHEMA),
            ("outcomes", outcomes_table(flow), OUTCOMES_SCHEMA),
        ):
            if table in standing:
                engine.register(name, snapshot_of(platform, table, standing[table]).files)
            else:
                engine.register(name, schema.empty_table())
        yield engine
    finally:
        engine.close()


def held_row(line: Mapping[str, Any]) -> HeldRow:
    """A row of the quarantine's columns."""
    return HeldRow(
        row=line["_row"],
        reasons=tuple(line["reasons"]),
        record=line["record"],
        offset=line["offset"],
        length=line["length"],
    )
