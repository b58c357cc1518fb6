"""Tables of other flows, as rules and tasks read them: pinned to the last complete publication."""

from __future__ import annotations

from headgate.core.naming import QUARANTINE
from headgate.core.platform import Platform
from headgate.core.ports import TableSnapshot


def published_table(name: str, platform: Platform, *, asking: str = "") -> TableSnapshot | None:
    """The table called `table` or `flow.table`, at the version of its flow's last publication, or None.

    A bare name never means a table of the flow that is asking: sales has a gold table `customers` of its own, and
    means that of the flow `customers`.
    """
    flow, _, bare = name.rpartition(".")
    for table in platform.tables.names():
        owner, layer, own = table.split("/")
        meant = owner == flow if flow else owner != asking
        if own == bare and layer != QUARANTINE and meant:
            last = platform.ledger.publications(owner, newest=1)
            version = last[-1].versions.get(table) if last else None
            return platform.tables.snapshot(table, version)
    return None
