"""What the page of a delivery shows beside its story: its gate, its way into the tables, other versions of its file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from headgate.core.flow import Flow
from headgate.core.flow_lineage import flow_lineage
from headgate.core.memo import Memo
from headgate.core.naming import ACCEPTED
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Counts, Delivery
from headgate.core.roles import Permission
from headgate.core.states import DeliveryState
from headgate.serve.delivery_story import Story
from headgate.web.access import Visitor
from headgate.web.canal import Returned, measure
from headgate.web.canal_tall import TALL_CANAL, TALL_WIDEST, draw_tall
from headgate.web.canal_wide import draw_wide
from headgate.web.lineage_pictures import Node

SIBLINGS = 10
_AGAIN = (DeliveryState.ARCHIVED, DeliveryState.FAILED)


def may_run(who: Visitor, one: Delivery) -> bool:
    """Whether the visitor may run this delivery again, and it can be."""
    return one.state in _AGAIN and one.flow is not None and who.may(Permission.OPERATE, one.flow)


def gate_of(flow: Flow | None, one: Delivery, story: Story) -> dict[str, Any]:
    """What the picture of the balance says of the gate and of what lies behind it."""
    in_force = flow is not None and flow.contract.digest == one.contract
    record = f"{flow.name}/silver/{flow.record_table}" if flow else ""
    others = [table for table in story.versions if table != record and "/quarantine/" not in table]
    tables = ([record] if record in story.versions else []) + others
    return {
        "rules": len(flow.contract.rules) if flow else 0,
        "contract": flow.contract.version if flow and in_force else (one.contract or "")[:12],
        "tables": tuple(f"{_short(table)} v{story.versions[table]}" for table in tables),
    }


def rows_in_words(one: Delivery) -> str:
    """20,000 rows; the state where nothing was counted."""
    if one.counts is None:
        return one.state.value
    return f"{one.counts.received:,} {'row' if one.counts.received == 1 else 'rows'}"


def way_of(
    flow: Flow, story: Story, memo: Memo
) -> tuple[Sequence[Node], Sequence[Node], Mapping[str, Collection[str]]]:
    """Silver and gold tables after its publication, and which tables each reads."""
    lineage = flow_lineage(flow, memo)
    layers: dict[str, list[Node]] = {"silver": [], "gold": []}
    reads: dict[str, list[str]] = {}
    layer_of = {one.name: one.layer for one in flow.targets}
    for target in flow.targets:
        table = f"{flow.name}/{target.layer}/{target.name}"
        if table in story.versions:
            name = _short(table)
            layers[target.layer].append(Node(name=name, about=f"v{story.versions[table]}"))
            read = lineage[target.name].relations if target.name in lineage else ()
            reads[name] = [f"{layer_of[one]}.{one}" for one in read if one != ACCEPTED and one in layer_of]
    return layers["silver"], layers["gold"], reads


def siblings_of(platform: Platform, one: Delivery) -> list[Delivery]:
    """Deliveries of the same name by the same sender, the newest first; none where it is the only one."""
    which = DeliveryFilter(flows=(one.flow,), name=one.name, sender=one.sender, newest_first=True, limit=SIBLINGS)
    found = platform.ledger.deliveries(which)
    return found if len(found) > 1 else []


def _short(table: str) -> str:
    """`sales/silver/items` -> silver.items."""
    return ".".join(table.split("/")[1:])


def canal_pictures(
    counts: Counts, *, rules: int, contract: str, tables: tuple[str, ...] = (), returned: Returned | None = None
) -> Markup:
    """Both pictures, of which the stylesheet shows one."""
    wide = measure(counts, rules=rules, contract=contract, tables=tables, returned=returned)
    tall = measure(counts, rules=rules, contract=contract, returned=returned, canal=TALL_CANAL, widest=TALL_WIDEST)
    return Markup(draw_wide(wide) + draw_tall(tall))  # noqa: S704  escaped when they were drawn
