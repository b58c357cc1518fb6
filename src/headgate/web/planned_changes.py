"""A change of rules that somebody asks for on the web, with the replay that they ask for beside it."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.core.flow import Flow
from headgate.deciding.changes import plan_change, proposal_of
from headgate.deciding.plan import Plan
from headgate.deciding.replay_choice import Which
from headgate.web.access import Visitor
from headgate.web.replaying import replay_bounded
from headgate.web.site import Site


def planned_change(
    site: Site, who: Visitor, flow: Flow, *, contract: str | None, values: Mapping[str, str], newest: int
) -> Plan:
    """The plan of a change, replayed over so many of the newest deliveries; none where `newest` is 0.

    ConflictError while the account has another replay under way.
    """
    planned = plan_change(site.desk, flow.name, contract=contract, values=values)
    if not newest:
        return planned
    proposal = proposal_of(flow, contract=contract, values=values)  # what cannot be proposed is not replayed
    replayed = replay_bounded(site, who, flow, proposal, Which(newest=newest))
    return plan_change(site.desk, flow.name, contract=contract, values=values, replayed=replayed)
