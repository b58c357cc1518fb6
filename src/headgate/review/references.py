"""Tables of other flows that this flow's rules read, at the version of their last complete publication."""

from __future__ import annotations

from headgate.core.contract import RuleKind
from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.ports import TableSnapshot


def referenced_tables(flow: Flow, platform: Platform) -> dict[str, TableSnapshot | None]:
    """Each referenced table by the name that the contract gives it; None where it was never published."""
    found: dict[str, TableSnapshot | None] = {}
    for rule in flow.contract.rules:
        if rule.kind is RuleKind.REFERENCE:
            name = rule.arguments["table"]
            found.setdefault(name, _find(name, platform))
    return found


def _find(name: str, platform: Platform) -> TableSnapshot | None:
    flow, _, bare = name.rpartition(".")
    for table in platform.tables.names():
        if table.rsplit("/", 1)[-1] == bare and flow in {"", table.split("/", 1)[0]}:
            owner = table.split("/", 1)[0]
            last = platform.ledger.publications(owner, newest=1)
            version = last[-1].versions.get(table) if last else None
            return platform.tables.snapshot(table, version)
    return None
