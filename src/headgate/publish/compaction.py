"""Joins the small files that many publications leave, so that the thousandth costs what the tenth did."""

from __future__ import annotations

from headgate.core.errors import TransientError
from headgate.core.flow import Flow
from headgate.core.naming import quarantine_table, table_name
from headgate.core.platform import Platform


def compact(flow: Flow, platform: Platform) -> None:
    """Join small files of the flow's silver and quarantine tables; no row changes, and a failure harms nothing.

    Gold tables are one file each already. Older versions stay readable for as long as the tables keep them.
    """
    names = [table_name(flow.name, target.layer, target.name) for target in flow.targets if target.layer == "silver"]
    for name in (*names, quarantine_table(flow.name)):
        try:
            platform.tables.compact(name)
        except TransientError:
            continue  # the next turn does it
