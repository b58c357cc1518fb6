"""Published tables: what there is, and how it came to be."""

from __future__ import annotations

from headgate.core.platform import Platform
from headgate.core.ports import TableSnapshot
from headgate.serve.relations import snapshot_of, standing_tables


def list_tables(platform: Platform) -> list[TableSnapshot]:
    """All published tables at the versions of their flows' last complete publications, by name."""
    return [snapshot_of(platform, one.table, one.version) for one in standing_tables(platform)]
