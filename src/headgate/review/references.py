"""Tables of other flows that this flow's rules read, at the version of their last complete publication."""

from __future__ import annotations

from headgate.core.contract import RuleKind
from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.ports import TableSnapshot
from headgate.core.published import published_table


def referenced_tables(flow: Flow, platform: Platform) -> dict[str, TableSnapshot | None]:
    """Each referenced table by the name that the contract gives it; None where it was never published."""
    found: dict[str, TableSnapshot | None] = {}
    for rule in flow.contract.rules:
        if rule.kind is RuleKind.REFERENCE:
            name = rule.arguments["table"]
            found.setdefault(name, published_table(name, platform, asking=flow.name))
    return found
