"""What would happen if a delivery ran again, said before anybody asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from headgate.core.canonical import digest
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.serve.report_numbers import fixed


class AgainPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One act on one delivery, and what it would be based on."""

    act: Literal["reprocess", "retry"]
    sentence: str
    differences: tuple[tuple[str, str, str], ...]  # what, as it was judged, as it is now
    may_keep: bool  # whether the values of its receipt can stand once more: its contract is in force
    tables: int
    readable_until: datetime | None
    digest: str  # of all that the sentence speaks of: another plan has another one


def plan_again(platform: Platform, one: Delivery, *, retention: timedelta) -> AgainPlan | None:
    """The plan of an archived or failed delivery; None for every other state, in which nothing can run again."""
    flow = platform.flows.get(one.flow or "")
    if flow is None or one.state not in {DeliveryState.ARCHIVED, DeliveryState.FAILED}:
        return None
    known = platform.ledger.parameters(flow.name)
    in_force = {version.name: version.number for version in known}
    differences = [
        (name, f"v{one.parameters[name]}", f"v{number}")
        for name, number in sorted(in_force.items())
        if name in one.parameters and one.parameters[name] not in {0, number}
    ]
    if one.contract and one.contract != flow.contract.digest:
        differences.insert(0, ("contract", one.contract[:12], f"{flow.contract.version}, {flow.contract.digest[:12]}"))
    bound = digest([one.id, one.state.value, one.tries, one.publication or 0, flow.contract.digest, in_force])
    if one.state is DeliveryState.FAILED:
        sentence = (
            f"Its bytes come from the vault and are checked from the beginning, try {one.tries + 1}. "
            "Nothing of it is in the tables, so nothing is replaced."
        )
        return AgainPlan(
            act="retry",
            sentence=sentence,
            differences=(),
            may_keep=False,
            tables=0,
            readable_until=None,
            digest=bound,
        )
    rows = one.counts.received if one.counts else 0
    last = platform.ledger.publications(flow.name, newest=1)
    tables = len(last[-1].versions) if last else 0
    told = "Contract and parameters are those of its receipt, so the same verdicts come out."
    if differences:
        told = "What is in force differs from its receipt, so verdicts may change."
    sentence = (
        f"{fixed(rows)} {'row is' if rows == 1 else 'rows are'} checked again under what is in force, and replaced in "
        f"{fixed(tables)} tables by one publication; until it is in, the tables stay as they are. {told}"
    )
    return AgainPlan(
        act="reprocess",
        sentence=sentence,
        differences=tuple(differences),
        may_keep=one.contract == flow.contract.digest,
        tables=tables,
        readable_until=platform.clock() + retention,
        digest=bound,
    )
