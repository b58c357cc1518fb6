"""A published table as somebody looks at it: which there are, what may be shown, and how it came to be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from headgate.core.platform import Platform
from headgate.serve.masking import masked_columns
from headgate.serve.relations import Standing, snapshot_of, standing_tables

VERSIONS = 15  # shown at a time: to count the rows of one means to open its log


class TableLine(msgspec.Struct, frozen=True, kw_only=True):
    """A table in a list."""

    table: Standing
    address: str  # sales.silver.transactions
    rows: int
    columns: int
    masked: int  # columns that are not shown
    published_at: datetime | None  # its flow, last


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a table."""

    version: int
    at: datetime
    operation: str
    publication: int | None
    rows: int | None  # None where its files or its log are gone


def address_of(table: str) -> str:
    """`sales/silver/transactions` -> sales.silver.transactions, as it stands in a page's address."""
    return table.replace("/", ".")


def find_table(platform: Platform, address: str) -> Standing | None:
    """The table of that address, or None."""
    return next((one for one in standing_tables(platform) if address_of(one.table) == address), None)


def table_lines(platform: Platform, flows: Collection[str]) -> list[TableLine]:
    """The tables of these flows, by name."""
    done = {one.flow: one.done_at for one in platform.ledger.publications(newest=2) if one.done_at is not None}
    return [_line(platform, one, done.get(one.flow)) for one in standing_tables(platform) if one.flow in flows]


def _line(platform: Platform, table: Standing, published_at: datetime | None) -> TableLine:
    snapshot = snapshot_of(platform, table.table, table.version)
    names = snapshot.files.schema.names
    flow = platform.flows[table.flow]
    return TableLine(
        table=table,
        address=address_of(table.table),
        rows=snapshot.rows,
        columns=len(names),
        masked=len(masked_columns(flow, table, names, platform.memo)),
        published_at=published_at,
    )


def version_lines(
    platform: Platform, table: Standing, *, before: int | None = None
) -> tuple[Sequence[VersionLine], int | None]:
    """Versions before that one, newest first, and the `before` of the following page; none of an open publication."""
    known = [one for one in platform.tables.history(table.table) if one.version <= table.version]
    wanted = [one for one in known if before is None or one.version < before]
    shown = wanted[:VERSIONS]
    numbers = [one.publication for one in shown if one.publication]
    last = platform.ledger.publications(table.flow, newest=1)
    reach = last[-1].number - min(numbers) + 1 if last and numbers else 1
    done = {one.number: one.done_at for one in platform.ledger.publications(table.flow, newest=reach)}
    lines = []
    for one in shown:
        snapshot = platform.tables.snapshot(table.table, one.version)
        lines.append(
            VersionLine(
                version=one.version,
                at=done.get(one.publication or 0) or one.at,
                operation=one.operation,
                publication=one.publication,
                rows=snapshot.rows if snapshot else None,
            )
        )
    return lines, lines[-1].version if len(wanted) > VERSIONS else None
