"""Published tables: what there is, and how it came to be."""

from __future__ import annotations

from headgate.core.errors import NotFoundError
from headgate.core.near_name import did_you_mean
from headgate.core.platform import Platform
from headgate.core.ports import TableSnapshot, TableVersion
from headgate.serve.relations import Standing, plain_names, snapshot_of, standing_tables


def list_tables(platform: Platform) -> list[TableSnapshot]:
    """All published tables at the versions of their flows' last complete publications, by name."""
    return [snapshot_of(platform, one.table, one.version) for one in standing_tables(platform)]


def one_table(platform: Platform, name: str) -> Standing:
    """The table of that name: `daily`, `sales.daily` or `sales/gold/daily`; NotFoundError names the near one."""
    tables = standing_tables(platform)
    known = plain_names(tables) | {one.table: one for one in tables}
    if name not in known:
        hint = did_you_mean(name, known) if known else "Nothing is published yet."
        raise NotFoundError(f"there is no table {name!r}. {hint} Next: `headgate tables` lists them.")
    return known[name]


def table_history(platform: Platform, name: str) -> list[TableVersion]:
    """The versions of a table, newest first."""
    return platform.tables.history(one_table(platform, name).table)
