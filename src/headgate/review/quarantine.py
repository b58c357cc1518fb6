"""Rows that are not published, with all that a person needs to decide: record, reasons, and where the bytes lie."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from headgate.core.contract import Contract
from headgate.core.ports import Engine
from headgate.core.reasons import Consequence, ReasonCode, Verdict
from headgate.core.records import StagedFile
from headgate.core.row_reasons import ReasonSql
from headgate.core.sql import literal, quoted
from headgate.review.leading import CASE_IDS, lead_sql
from headgate.review.relations import DELIVERIES, ROWS
from headgate.review.verdicts import VERDICTS

_REASON_OF_HELD = ReasonSql(
    code=literal(ReasonCode.DELIVERY_HELD),
    column="''",
    path="''",
    value="NULL",
    rule="delivery",
    consequence=Consequence.HOLD,
    place=100_000,  # behind every rule of a contract
).text
FILE_ROWS = 65_536  # of a file of the quarantine, about
MOST_ROW = (1 << 63) - 1
_TOLD = (
    "list_transform(reasons, lambda _r: {'code': _r.code, 'column': _r.\"column\", 'value': _r.\"value\", "
    "'rule': _r.rule, 'consequence': _r.consequence})"
)


def stage_quarantine(
    engine: Engine,
    contract: Contract,
    held: Mapping[int, str | None],
    *,
    cases_of_rows: bool,
    folder: str,
) -> tuple[StagedFile, ...]:
    """Write rows that are held, rejected or duplicate, by case; of deliveries held as a whole every row.

    `held` are these deliveries, each with its case. With `cases_of_rows` rows of others are in one too.
    """
    held_list = ", ".join(str(number) for number in sorted(held)) or "-1"
    whole = f"v._n IN ({held_list})"
    judged = (
        "SELECT v._n, v._row, v._offset, v._length, v._raw, "
        f"CASE WHEN {whole} AND v.verdict = {literal(Verdict.ACCEPTED)} THEN list_append(v.reasons, {_REASON_OF_HELD}) "
        f"ELSE v.reasons END AS reasons, "
        f"CASE WHEN {whole} AND v.verdict = {literal(Verdict.ACCEPTED)} THEN {literal(Verdict.HELD)} "
        f"ELSE v.verdict END AS verdict "
        f"FROM {VERDICTS} AS v WHERE {whole} OR v.verdict <> {literal(Verdict.ACCEPTED)}"
    )
    engine.define("_kept", judged, keep=True)
    sound_held = engine.rows(
        f"SELECT count(*) FROM _kept WHERE _raw IS NULL AND verdict <> {literal(Verdict.REJECTED)}"
    )
    parts = [_with_record(contract, texts=bool(sound_held[0][0]))]
    if held:
        parts.append(_sound_rows(contract, held_list))
    led = f"SELECT *, {lead_sql('reasons')} AS lead FROM ({' UNION ALL '.join(parts)})"
    case, joins = _case(engine, held, cases_of_rows=cases_of_rows)
    sql = (
        f'SELECT d._delivery, q._row, q.verdict, {_TOLD} AS reasons, q.record, q._offset AS "offset", '
        f'CAST(q._length AS BIGINT) AS "length", {literal(contract.digest)} AS contract, d.landed_at, {case} AS _case '
        f"FROM ({led}) AS q JOIN {DELIVERIES} AS d USING (_n){joins} WHERE q._row BETWEEN $first AND $last "
        "ORDER BY q._n, _case NULLS LAST, q.verdict, q._row"
    )
    files: list[StagedFile] = []
    for number, (first, last) in enumerate(_stretches(engine, held_list)):
        files += engine.write(sql, folder, {"first": first, "last": last}, name=f"quarantine-{number}")
    return tuple(files)


def _stretches(engine: Engine, held_list: str) -> list[tuple[int, int]]:
    """First and last row number of each file: a sort of more rows, with their records and reasons, takes all memory.

    Files of one delivery hold rows one after the other, so a page of a case is read from few of them.
    """
    counted = engine.rows(
        f"SELECT bucket, count(*) FROM (SELECT _row // {FILE_ROWS} AS bucket FROM _kept UNION ALL "
        f"SELECT r._row // {FILE_ROWS} FROM {ROWS} AS r WHERE r._n IN ({held_list})) GROUP BY bucket ORDER BY bucket"
    )
    stretches: list[tuple[int, int]] = []
    first, rows = 0, 0
    for bucket, count in counted:
        if rows and rows + count > FILE_ROWS:
            stretches.append((first, bucket * FILE_ROWS - 1))
            first, rows = bucket * FILE_ROWS, 0
        rows += count
    return [*stretches, (first, MOST_ROW)]


def _case(engine: Engine, held: Mapping[int, str | None], *, cases_of_rows: bool) -> tuple[str, str]:
    """SQL of a row's case, and what must be joined for it; rows of one case lie together, so a page reads only them."""
    lines = {n: id_ for n, id_ in held.items() if id_ is not None}
    whole, joins = "NULL", ""
    if lines:
        listed = {"_n": pa.array(list(lines), pa.int64()), "id": pa.array(list(lines.values()), pa.string())}
        engine.register("_whole_cases", pa.table(listed))
        joins = " LEFT JOIN _whole_cases AS w ON w._n = q._n"
        whole = f"CASE WHEN q.verdict = {literal(Verdict.HELD)} THEN w.id END"
    if not cases_of_rows:
        return f"CAST({whole} AS VARCHAR)", joins
    waits = f"q.verdict = {literal(Verdict.HELD)}"
    joins += f" LEFT JOIN {CASE_IDS} AS c ON {waits} AND c._n = q._n AND c.rule = q.lead.rule AND c.code = q.lead.code"
    return f"coalesce(c.id, {whole})", joins


def _with_record(contract: Contract, *, texts: bool) -> str:
    select = "SELECT k._n, k._row, k._offset, k._length, k.reasons, k.verdict, "
    if not texts:
        return f"{select} k._raw AS record FROM _kept AS k"
    return (
        f"{select} coalesce(k._raw, {_as_json(contract, 'r')}) AS record FROM _kept AS k "
        f"LEFT JOIN {ROWS} AS r ON k._raw IS NULL AND r._n = k._n AND r._row = k._row"
    )


def _sound_rows(contract: Contract, held_list: str) -> str:
    return (
        f"SELECT r._n, r._row, r._offset, r._length, [{_REASON_OF_HELD}] AS reasons, "
        f"{literal(Verdict.HELD)} AS verdict, coalesce(r._raw, {_as_json(contract, 'r')}) AS record "
        f"FROM {ROWS} AS r WHERE r._n IN ({held_list}) "
        f"AND NOT EXISTS (SELECT 1 FROM {VERDICTS} AS v WHERE v._n = r._n AND v._row = r._row)"
    )


def _as_json(contract: Contract, alias: str) -> str:
    fields = ", ".join(f"{quoted(column.name)} := {alias}.{quoted(column.name)}" for column in contract.columns)
    return f"CASE WHEN {alias}._n IS NOT NULL THEN CAST(to_json(struct_pack({fields})) AS VARCHAR) END"
