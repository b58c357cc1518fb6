"""What stands around a row that waits: the rows before and after it, and what is published under its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from headgate.core.cases import Case
from headgate.core.flow import Flow
from headgate.core.naming import DELIVERY, ROW, table_name
from headgate.core.platform import Platform
from headgate.core.ports import Engine
from headgate.core.sql import quoted
from headgate.serve.case_rows import HeldRow, row_in, waiting_tables
from headgate.serve.personal import personal_columns
from headgate.serve.relations import snapshot_of, standing_tables
from headgate.serve.waiting_rows import FROM, of_cases

AROUND = 2  # rows before and after
_CLOSE = 5_000  # rows within which the next of a case is looked for first
_MOST_COLUMNS = 9  # of a published row that are shown beside another
_PUBLISHED = "published"  # the flow's record table


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


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """The tables that a row's page reads, open: to open them for each question takes as long as the answers."""

    case: Case
    engine: Engine
    key: tuple[str, ...]  # of the record table
    shown: tuple[str, ...] | None  # columns of it that hold nothing personal; None: it was never published

    def held(self, row: int) -> HeldRow:
        """One row of the case; NotFoundError where it does not wait there (any more)."""
        return row_in(self.engine, self.case, row)

    def place(self, row: int) -> tuple[int | None, int | None]:
        """Numbers of the waiting rows before and after a row of the case; None at either end."""
        where, values = of_cases([self.case])
        bound = values | {"row": row}
        both = "max(q._row) FILTER (q._row < $row), min(q._row) FILTER (q._row > $row)"
        near = "q._row BETWEEN $row - $close AND $row + $close"  # mostly close, and then little is read
        sql = f"SELECT {both} {FROM.format(cases=where)} AND {near}"
        before, after = self.engine.rows(sql, bound | {"close": _CLOSE})[0]
        if before is None:
            before = self._number(f"SELECT max(q._row) {FROM.format(cases=where)} AND q._row < $row", bound)
        if after is None:
            after = self._number(f"SELECT min(q._row) {FROM.format(cases=where)} AND q._row > $row", bound)
        return before, after

    def neighbours(self, row: int) -> list[Neighbour]:
        """The rows just before and after in the file, and where each went; personal columns are left out."""
        bound = {"delivery": self.case.delivery, "first": row - AROUND, "last": row + AROUND}
        near = f"{DELIVERY} = $delivery AND {ROW} BETWEEN $first AND $last"
        found: dict[int, Neighbour] = {}
        for line in self._published(near, bound, ROW):
            number = int(line.pop(ROW))
            found[number] = Neighbour(row=number, verdict="published", values=line)
        kept = f"SELECT {ROW}, verdict, record FROM quarantine WHERE {near}"
        for number, verdict, record in self.engine.rows(kept, bound):
            if number not in found:  # a row that was held first is published by its amendment
                found[number] = Neighbour(row=number, verdict=verdict, values={}, record=record)
        return [found[number] for number in sorted(found)]

    def published_under(self, key: Sequence[str | None], *, most: int = 5) -> list[Published]:
        """What the record table holds under a key, in the order of the table's own; no personal columns."""
        if not key or None in key or len(key) != len(self.key):
            return []
        where = " AND ".join(f"CAST({quoted(name)} AS VARCHAR) = $k{place}" for place, name in enumerate(self.key))
        bound = {f"k{place}": value for place, value in enumerate(key)}
        lines = self._published(f"{where} LIMIT {int(most)}", bound, DELIVERY, ROW)
        return [Published(delivery=line.pop(DELIVERY), row=int(line.pop(ROW)), values=line) for line in lines]

    def _number(self, sql: str, bound: Mapping[str, Any]) -> int | None:
        return self.engine.rows(sql, bound)[0][0]  # type: ignore[no-any-return]  # a number

    def _published(self, where: str, bound: Mapping[str, Any], *more: str) -> list[dict[str, Any]]:
        """Rows of the record table as text: the columns that are shown, and `more` of them."""
        if self.shown is None:
            return []
        picked = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in (*self.shown, *more))
        found = self.engine.table(f"SELECT {picked} FROM {_PUBLISHED} WHERE {where}", bound)
        return found.to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types


@contextmanager
def around(platform: Platform, flow: Flow, case: Case) -> Iterator[Around]:
    """Open what a row's page reads, as the last publication left it."""
    standing = {one.table: one.version for one in standing_tables(platform)}
    table, target = table_name(flow.name, "silver", flow.record_table), flow.target(flow.record_table)
    with waiting_tables(platform, flow.name) as engine:
        shown = None
        if table in standing:
            files = snapshot_of(platform, table, standing[table]).files
            engine.register(_PUBLISHED, files)
            hidden = personal_columns(flow, platform.memo)
            columns = [name for name in files.schema.names if not name.startswith("_") and name not in hidden]
            shown = tuple(columns[:_MOST_COLUMNS])
        yield Around(case=case, engine=engine, key=target.key if target is not None else (), shown=shown)
