"""Which rows of a delivery were not published, and why: numbers and names, no value of a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from headgate.core.naming import quarantine_table
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.serve.relations import engine_over, standing_tables

MOST_ROWS = 100_000
HEAD = ("row", "verdict", "reason", "field")
_SQL = f"""
SELECT _row, verdict, one.code AS code, one."column" AS field
FROM (SELECT _row, verdict, unnest(reasons) AS one FROM quarantine WHERE _delivery = $delivery)
ORDER BY _row, code, field
LIMIT {MOST_ROWS}
"""
_ACTS = frozenset("=+-@\t\r")  # what a spreadsheet would take for a formula


def kept_rows_csv(platform: Platform, one: Delivery) -> str:
    """A line for each reason on each row that was not published, the first MOST_ROWS of them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    writer.writerows(_lines(platform, one))
    return text.getvalue()


def _lines(platform: Platform, one: Delivery) -> Iterator[tuple[object, ...]]:
    table = quarantine_table(one.flow or "")
    version = next((known.version for known in standing_tables(platform) if known.table == table), None)
    if one.counts is None or version is None:
        return
    with engine_over(platform, {"quarantine": (table, version)}) as engine:
        for row in engine.table(_SQL, {"delivery": one.id}).to_pylist():
            yield row["_row"], row["verdict"], row["code"], _cell(row["field"])


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in _ACTS else text
