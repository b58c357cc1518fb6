"""Rows that wait in several cases of one flow: a page of them, what they hold, and the rows around one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headgate.core.cases import Case
from headgate.core.flow import Flow
from headgate.core.naming import DELIVERY, ROW, quarantine_table, table_name
from headgate.core.platform import Platform
from headgate.core.ports import Engine
from headgate.core.reasons import ReasonCode
from headgate.core.sql import quoted
from headgate.serve.case_rows import HeldRow, held_row, waiting_tables
from headgate.serve.personal import personal_columns
from headgate.serve.relations import engine_over, standing_tables

PAGE = 50
_CLOSE = 5_000  # rows within which the next of a case is looked for first
AROUND = 2  # rows before and after
_MOST_COLUMNS = 9  # of a published row that are shown beside another

_FROM = """
FROM quarantine AS q WHERE {cases} AND q.verdict = 'held'
AND NOT EXISTS (SELECT 1 FROM outcomes AS o WHERE o._delivery = q._delivery AND o._row = q._row)
"""


class WaitingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row, and the case in which it waits."""

    case: str
    held: HeldRow


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the flow's record table, as far as it is shown."""

    delivery: str
    row: int
    values: Mapping[str, str | None]  # by the table's columns


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A row near another in the file, and where it went."""

    row: int
    verdict: str
    values: Mapping[str, str | None]  # of a published row, by the table's columns
    record: str | None = None  # of one that is not


def waiting_page(
    platform: Platform,
    cases: Sequence[Case],
    *,
    after: tuple[str, int] = ("", 0),
    value: str | None = None,
    most: int = PAGE,
) -> list[WaitingRow]:
    """The next rows of these cases of one flow, by case and number; `value` is what their reason found."""
    if not cases:
        return []
    where, values = _of_cases(cases)
    if value is not None:
        where += ' AND len([r FOR r IN q.reasons IF r.rule = $rule AND r.code = $code AND r."value" = $value]) > 0'
        values |= {"rule": cases[0].rule, "code": cases[0].code, "value": value}
    following = "AND (q._case > $after_case OR (q._case = $after_case AND q._row > $after_row))"
    order = "q._case, q._row"
    if len(cases) == 1:  # one column to sort by lets the engine leave records unread that are not on the page
        following, order = "AND q._row > $after_row AND $after_case IS NOT NULL", "q._row"
    bound = values | {"after_case": after[0], "after_row": after[1]}
    columns = 'q._case, q._row, q.reasons, q.record, q."offset", q."length"'
    sql = f"SELECT {columns} {_FROM.format(cases=where)} {following} ORDER BY {order} LIMIT {int(most)}"
    with waiting_tables(platform, cases[0].flow) as engine:
        lines = engine.table(sql, bound).to_pylist()
    return [WaitingRow(case=line["_case"], held=held_row(line)) for line in lines]


def found_values(platform: Platform, cases: Sequence[Case], *, most: int = 12) -> list[tuple[str | None, int]]:
    """What stands in the faulty place over these cases, and on how many rows; the most frequent first."""
    if not cases:
        return []
    where, values = _of_cases(cases)
    sql = (
        'SELECT reason."value" AS found, count(DISTINCT (_case, _row)) AS rows FROM '
        f"(SELECT q._case, q._row, unnest(q.reasons) AS reason {_FROM.format(cases=where)}) "
        f"WHERE reason.rule = $rule AND reason.code = $code GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {int(most)}"
    )
    with waiting_tables(platform, cases[0].flow) as engine:
        return [
            (found, rows) for found, rows in engine.rows(sql, values | {"rule": cases[0].rule, "code": cases[0].code})
        ]


def place_of(platform: Platform, case: Case, row: int) -> tuple[int | None, int | None]:
    """Numbers of the waiting rows before and after a row of a case; None at either end."""
    where, values = _of_cases([case])
    found: list[int | None] = []
    with waiting_tables(platform, case.flow) as engine:
        for near, far, order in (
            ("q._row BETWEEN $row - $close AND $row - 1", "q._row < $row", "DESC"),
            ("q._row BETWEEN $row + 1 AND $row + $close", "q._row > $row", "ASC"),
        ):
            for place, more in ((near, {"close": _CLOSE}), (far, {})):  # mostly close, and then little is read
                sql = f"SELECT q._row {_FROM.format(cases=where)} AND {place} ORDER BY 1 {order} LIMIT 1"
                rows = engine.rows(sql, values | {"row": row} | more)
                if rows:
                    break
            found.append(rows[0][0] if rows else None)
    return found[0], found[1]


def neighbours(platform: Platform, flow: Flow, delivery: str, row: int) -> list[Neighbour]:
    """The rows just before and after in the file, and where each went; personal columns are left out."""
    relations = _record_table(platform, flow)
    bound = {"delivery": delivery, "first": row - AROUND, "last": row + AROUND}
    near = f"{DELIVERY} = $delivery AND {ROW} BETWEEN $first AND $last"
    found: dict[int, Neighbour] = {}
    with engine_over(platform, relations) as engine:
        if "published" in relations:
            for line in engine.table(f"{_shown(engine, flow, platform, ROW)} WHERE {near}", bound).to_pylist():
                number = int(line.pop(ROW))
                found[number] = Neighbour(row=number, verdict="published", values=line)
        if "kept" in relations:
            for number, verdict, record in engine.rows(f"SELECT {ROW}, verdict, record FROM kept WHERE {near}", bound):
                if number not in found:  # a row that was held first is published by its amendment
                    found[number] = Neighbour(row=number, verdict=verdict, values={}, record=record)
    return [found[number] for number in sorted(found)]


def published_under(platform: Platform, flow: Flow, key: Sequence[str | None], *, most: int = 5) -> list[Published]:
    """What the flow's record table holds under a key, in the order of the table's own; no personal columns."""
    relations = _record_table(platform, flow)
    target = flow.target(flow.record_table)
    if "published" not in relations or target is None or not key or None in key or len(key) != len(target.key):
        return []
    where = " AND ".join(f"CAST({quoted(name)} AS VARCHAR) = $k{place}" for place, name in enumerate(target.key))
    bound = {f"k{place}": value for place, value in enumerate(key)}
    with engine_over(platform, {"published": relations["published"]}) as engine:
        sql = f"{_shown(engine, flow, platform, DELIVERY, ROW)} WHERE {where} LIMIT {int(most)}"
        lines = engine.table(sql, bound).to_pylist()
    return [Published(delivery=line.pop(DELIVERY), row=int(line.pop(ROW)), values=line) for line in lines]


def _of_cases(cases: Sequence[Case]) -> tuple[str, dict[str, Any]]:
    """A condition on case and delivery; the latter lets whole files of the table be left out."""
    ids = {f"case_{place}": case.id for place, case in enumerate(cases)}
    deliveries = {f"delivery_{place}": id_ for place, id_ in enumerate(sorted({case.delivery or "" for case in cases}))}
    sql = f"q._case IN ({_names(ids)}) AND q._delivery IN ({_names(deliveries)})"
    return sql, ids | deliveries


def _names(bound: Mapping[str, str]) -> str:
    return ", ".join(f"${name}" for name in bound)


def _record_table(platform: Platform, flow: Flow) -> dict[str, tuple[str, int]]:
    """The record table as `published` and the quarantine as `kept`, where they stand."""
    standing = {one.table: one.version for one in standing_tables(platform) if one.flow == flow.name}
    tables = {"published": table_name(flow.name, "silver", flow.record_table), "kept": quarantine_table(flow.name)}
    return {name: (table, standing[table]) for name, table in tables.items() if table in standing}


def _shown(engine: Engine, flow: Flow, platform: Platform, *more: str) -> str:
    """A SELECT of the record table's first columns that hold nothing personal, as text."""
    hidden = personal_columns(flow, platform.memo)
    names = engine.schema("SELECT * FROM published").names
    columns = [name for name in names if not name.startswith("_") and name not in hidden][:_MOST_COLUMNS]
    picked = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in (*columns, *more))
    return f"SELECT {picked} FROM published"


def columns_not_known(platform: Platform, case: Case, *, most: int = 50) -> list[tuple[str, int]]:
    """Columns that records of a held delivery have and the contract has not, and in how many; the commonest first."""
    sql = (
        'SELECT reason."column", count(DISTINCT _row) FROM (SELECT q._row, unnest(q.reasons) AS reason '
        "FROM quarantine AS q WHERE q._delivery = $delivery) "
        f"WHERE reason.code = $code GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {int(most)}"
    )
    with waiting_tables(platform, case.flow) as engine:
        bound = {"delivery": case.delivery, "code": ReasonCode.UNKNOWN_COLUMN.value}
        return [(name, rows) for name, rows in engine.rows(sql, bound)]
