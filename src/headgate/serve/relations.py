"""Published tables as relations of one locked engine, at the versions that one publication left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from headgate.core.errors import NotFoundError
from headgate.core.platform import Platform
from headgate.core.ports import Engine, TableSnapshot


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A table at the version of its flow's last complete publication."""

    flow: str
    layer: str
    table: str  # flow/layer/name
    version: int

    @property
    def name(self) -> str:
        """Its name in SQL: that of the table; the quarantine's is `quarantine`."""
        return "quarantine" if self.layer == "quarantine" else self.table.rsplit("/", 1)[-1]

    @property
    def qualified(self) -> str:
        """With the flow before it, as another flow's readers write it."""
        return f"{self.flow}.{self.name}"


def standing_tables(platform: Platform) -> list[Standing]:
    """The version set of the last complete publication of each flow; a publication that is still open is not seen."""
    found: dict[str, Mapping[str, int]] = {}
    for publication in platform.ledger.publications(newest=2):
        if publication.done_at is not None:
            found[publication.flow] = publication.versions
    return [
        Standing(flow=flow, layer=table.split("/")[1], table=table, version=version)
        for flow, versions in sorted(found.items())
        for table, version in sorted(versions.items())
    ]


def plain_names(tables: list[Standing]) -> dict[str, Standing]:
    """Every name that SQL may use: `flow.table` always, `table` where only one flow has it."""
    often = Counter(one.name for one in tables)
    names = {one.qualified: one for one in tables}
    return names | {one.name: one for one in tables if often[one.name] == 1}


def snapshot_of(platform: Platform, table: str, version: int) -> TableSnapshot:
    """The table at that version; NotFoundError where its files or its log are gone."""
    snapshot = platform.tables.snapshot(table, version)
    if snapshot is None:
        raise NotFoundError(f"table {table} is not there any more. Next: `headgate doctor` says what is missing.")
    return snapshot


@contextmanager
def engine_over(
    platform: Platform, relations: Mapping[str, tuple[str, int]], *, limit_s: float | None = None
) -> Iterator[Engine]:
    """An engine that knows tables (name in SQL -> table, version) and nothing else; `limit_s` as engines take it."""
    engine = platform.engine(limit_s=limit_s)
    try:
        for name, (table, version) in relations.items():
            engine.register(name, snapshot_of(platform, table, version).files)
        yield engine
    finally:
        engine.close()
