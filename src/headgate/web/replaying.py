"""Replays that people ask for: one at a time for each, few in all, and bounded in rows and time."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request

from headgate.core.flow import Flow
from headgate.core.roles import Permission
from headgate.deciding.replay import replay
from headgate.deciding.replay_choice import Which
from headgate.deciding.replay_proposal import Proposal
from headgate.deciding.replay_result import Replay
from headgate.web.access import Visitor, refuse
from headgate.web.pages_flows import seen_flow
from headgate.web.site import Site
from headgate.web.trial import MOST_DELIVERIES, MOST_ROWS

MOST_TIME = timedelta(seconds=60)


def replayed_flow(request: Request, who: Visitor, name: str) -> Flow:
    """The flow, where the visitor decides in it; that somebody else asked is an event.

    Who tries contracts learns of rows by what they do: so it takes the role that sees them.
    """
    flow = seen_flow(request, who, name)
    if not who.may(Permission.DECIDE, name):
        raise refuse(request, who, Permission.DECIDE, f"{who.account.name} may not try changes of {name}.")
    return flow


def replay_bounded(site: Site, who: Visitor, flow: Flow, proposal: Proposal, which: Which) -> Replay:
    """Replay within what one request may take; for a thread of its own.

    ConflictError while another replay of this account is under way, or as many as there may be.
    """
    until = site.platform.clock() + MOST_TIME
    bounded = Which(
        named=which.named, newest=min(which.newest, MOST_DELIVERIES), most_rows=min(which.most_rows, MOST_ROWS)
    )
    with site.replays.taken(who.account.id):
        return replay(site.platform, flow, proposal, bounded, stop=lambda: site.platform.clock() > until)
