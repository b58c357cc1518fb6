"""Rows that wait in several cases of one flow: a page of them, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headgate.core.cases import Case
from headgate.core.platform import Platform
from headgate.core.reasons import ReasonCode
from headgate.serve.case_rows import HeldRow, held_row, waiting_tables

PAGE = 50
FROM = """
FROM quarantine AS q WHERE {cases} AND q.verdict = 'held'
AND NOT EXISTS (SELECT 1 FROM outcomes AS o WHERE o._delivery = q._delivery AND o._row = q._row)
"""


class WaitingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row, and the case in which it waits."""

    case: str
    held: HeldRow


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
    where, values = of_cases(cases)
    if value is not None:
        where += ' AND len([r FOR r IN q.reasons IF r.rule = $rule AND r.code = $code AND r."value" = $value]) > 0'
        values |= {"rule": cases[0].rule, "code": cases[0].code, "value": value}
    following = "AND (q._case > $after_case OR (q._case = $after_case AND q._row > $after_row))"
    order = "q._case, q._row"
    if len(cases) == 1:  # one column to sort by lets the engine leave records unread that are not on the page
        following, order = "AND q._row > $after_row AND $after_case IS NOT NULL", "q._row"
    bound = values | {"after_case": after[0], "after_row": after[1]}
    columns = 'q._case, q._row, q.reasons, q.record, q."offset", q."length"'
    sql = f"SELECT {columns} {FROM.format(cases=where)} {following} ORDER BY {order} LIMIT {int(most)}"
    with waiting_tables(platform, cases[0].flow) as engine:
        lines = engine.table(sql, bound).to_pylist()
    return [WaitingRow(case=line["_case"], held=held_row(line)) for line in lines]


def found_values(platform: Platform, cases: Sequence[Case], *, most: int = 12) -> list[tuple[str | None, int]]:
    """What stands in the faulty place over these cases, and on how many rows; the most frequent first."""
    if not cases:
        return []
    where, values = of_cases(cases)
    sql = (
        'SELECT reason."value" AS found, count(DISTINCT (_case, _row)) AS rows FROM '
        f"(SELECT q._case, q._row, unnest(q.reasons) AS reason {FROM.format(cases=where)}) "
        f"WHERE reason.rule = $rule AND reason.code = $code GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {int(most)}"
    )
    with waiting_tables(platform, cases[0].flow) as engine:
        return [
            (found, rows) for found, rows in engine.rows(sql, values | {"rule": cases[0].rule, "code": cases[0].code})
        ]


def of_cases(cases: Sequence[Case]) -> tuple[str, dict[str, Any]]:
    """A condition on case and delivery; the latter lets whole files of the table be left out."""
    ids = {f"case_{place}": case.id for place, case in enumerate(cases)}
    deliveries = {f"delivery_{place}": id_ for place, id_ in enumerate(sorted({case.delivery or "" for case in cases}))}
    sql = f"q._case IN ({_names(ids)}) AND q._delivery IN ({_names(deliveries)})"
    return sql, ids | deliveries


def _names(bound: Mapping[str, str]) -> str:
    return ", ".join(f"${name}" for name in bound)


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
