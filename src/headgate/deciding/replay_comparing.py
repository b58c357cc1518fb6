"""Two judgements of the same deliveries laid side by side: which rows have another verdict, and what stands on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headgate.core.platform import Platform
from headgate.core.ports import Engine, FileSet
from headgate.core.quarantine_schema import QUARANTINE_SCHEMA
from headgate.core.reasons import Verdict
from headgate.core.sql import literal

SAMPLES = 3  # rows of each reason
_MOVED = "_moved"  # _delivery, _row, was, will, before, after: rows whose verdict is another, with their reasons
_BOTH = "_both"  # the same of every row that is not accepted by both
_PLACE = "regexp_replace(reason.\"column\", '\\[[0-9]+\\]', '[]', 'g')"


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Rows by verdict now and then."""

    now: str
    then: str
    rows: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a reason."""

    delivery: str
    row: int
    column: str  # as in the record: items[2].quantity
    found: str | None  # None where there is no value, or it is masked


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Rows whose verdict changes, by one reason: that which will stand on them, of accepted ones that which did."""

    now: str
    then: str
    code: str
    column: str  # as in the contract: items[].quantity
    rule: str
    rows: int
    samples: tuple[Sample, ...]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What differs."""

    cells: Mapping[str, tuple[Cell, ...]]  # by delivery, without rows that both accept
    moves: tuple[Move, ...]  # most rows first


def compare(platform: Platform, now: Sequence[str], then: Sequence[str], deliveries: Collection[str]) -> Compared:
    """Compare quarantines by delivery and row number; a row in neither is accepted by both.

    Only rows of `deliveries` count.
    """
    engine = platform.engine()
    try:
        for name, files in (("_now", now), ("_then", then)):
            engine.register(name, FileSet(paths=tuple(files), schema=QUARANTINE_SCHEMA))
        listed = ", ".join(literal(id_) for id_ in sorted(deliveries)) or "''"
        engine.define(_BOTH, _both(listed), keep=True)
        engine.define(_MOVED, f"SELECT * FROM {_BOTH} WHERE was <> will")
        cells: dict[str, list[Cell]] = {}
        counted = f"SELECT _delivery, was, will, count(*) FROM {_BOTH} GROUP BY ALL ORDER BY ALL"
        for id_, was, will, rows in engine.rows(counted):
            cells.setdefault(id_, []).append(Cell(now=was, then=will, rows=rows))
        return Compared(cells={id_: tuple(found) for id_, found in cells.items()}, moves=tuple(_moves(engine)))
    finally:
        engine.close()


def _both(listed: str) -> str:
    accepted = literal(Verdict.ACCEPTED)
    return (
        "SELECT coalesce(n._delivery, t._delivery) AS _delivery, coalesce(n._row, t._row) AS _row, "
        f"coalesce(n.verdict, {accepted}) AS was, coalesce(t.verdict, {accepted}) AS will, "
        "n.reasons AS before, t.reasons AS after "
        f"FROM (SELECT * FROM _now WHERE _delivery IN ({listed})) AS n "
        f"FULL JOIN (SELECT * FROM _then WHERE _delivery IN ({listed})) AS t "
        "ON n._delivery = t._delivery AND n._row = t._row"
    )


def _moves(engine: Engine) -> Iterator[Move]:
    """Of each row the reasons that decide: of a rejected one those that reject, of a held one those that hold."""
    gone = literal(Verdict.ACCEPTED)
    decides = (
        f"CASE verdict WHEN {literal(Verdict.REJECTED)} THEN reason.consequence = 'reject' "
        f"WHEN {literal(Verdict.HELD)} THEN reason.consequence = 'hold' ELSE reason.code = 'duplicate_id' END"
    )
    reasons = (
        f"SELECT _delivery, _row, was, will, CASE WHEN will = {gone} THEN was ELSE will END AS verdict, "
        f"unnest(CASE WHEN will = {gone} THEN before ELSE after END) AS reason FROM {_MOVED}"
    )
    # a rule may stand on several elements of a list: the row counts once, and shows the first
    rows = (
        f"SELECT was, will, reason.code AS code, {_PLACE} AS place, reason.rule AS rule, _delivery, _row, "
        'min(reason."column") AS "column", arg_min(reason."value", reason."column") AS found '
        f"FROM ({reasons}) WHERE {decides} GROUP BY ALL"
    )
    shown = (
        f"SELECT *, count(*) OVER which AS rows, row_number() OVER (which ORDER BY _delivery, _row) AS number "
        f"FROM ({rows}) WINDOW which AS (PARTITION BY was, will, code, place, rule)"
    )
    ordered = "rows DESC, was, will, code, place, rule, number"
    found: dict[tuple[Any, ...], list[Sample]] = {}
    for was, will, code, place, rule, delivery, row, column, value, count in engine.rows(
        f'SELECT was, will, code, place, rule, _delivery, _row, "column", found, rows FROM ({shown}) '
        f"WHERE number <= {SAMPLES} ORDER BY {ordered}"
    ):
        one = Sample(delivery=delivery, row=row, column=column, found=value)
        found.setdefault((was, will, code, place, rule, count), []).append(one)
    for (was, will, code, place, rule, count), samples in found.items():
        yield Move(now=was, then=will, code=code, column=place, rule=rule, rows=count, samples=tuple(samples))
