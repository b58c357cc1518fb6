"""The first page: how all flows stand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from croniter import croniter
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.roles import Permission
from headgate.serve.delivery_words import tell_state
from headgate.serve.overview import Overview, read_overview
from headgate.serve.report_numbers import in_words
from headgate.web.access import Visitor, needs
from headgate.web.pictures import VolumeChart, spark, volume_chart
from headgate.web.rendering import page
from headgate.web.site import site_of
from headgate.web.waiting import Waits, waits_for

routes = APIRouter()


@routes.get("/")
def overview_page(request: Request, who: Annotated[Visitor, Depends(needs(Permission.SEE))]) -> Response:
    """Flows, what waits for a person, what is on its way."""
    site = site_of(request)
    flows = who.flows(Permission.SEE)
    overview = read_overview(site.platform, flows, files_of_no_flow=True)
    now, waits = site.people.clock(), waits_for(site.desk, who)
    return page(
        request,
        "overview.html",
        who,
        overview=overview,
        lead=_lead(overview, waits),
        waits=waits,
        told={one.id: tell_state(one) for one in overview.attention},
        sparks={flow.name: spark(flow.days) for flow in overview.flows},
        due={flow.name: _next_due(flow.schedule, now) for flow in overview.flows},
        chart=_chart(overview),
    )


def _lead(overview: Overview, waits: Waits | None) -> str:
    """The page in a sentence or two."""
    if not overview.flows:
        return "There is nothing that you may see."
    waiting = overview.waiting
    told = f"{in_words(waiting).capitalize()} {'delivery waits' if waiting == 1 else 'deliveries wait'} for a person."
    if waits is not None and waits.cases:
        yours = f"{in_words(waits.cases).capitalize()} {'case waits' if waits.cases == 1 else 'cases wait'} for you."
        told = f"{yours} {told}" if waiting else yours
        waiting = waiting or waits.cases
    running = sum(1 for flow in overview.flows if not flow.failed and not flow.held)
    all_flows = len(overview.flows)
    if running == all_flows:
        flows = "The flow runs." if all_flows == 1 else f"All {in_words(all_flows)} flows run."
    else:
        verb = "runs" if running == 1 else "run"
        flows = f"{in_words(running).capitalize()} of {in_words(all_flows)} flows {verb} without a hold."
    return f"{told if waiting else 'Nothing waits for a person.'} {flows}"


def _next_due(schedule: str | None, now: datetime) -> datetime | None:
    if schedule is None:
        return None
    found: datetime = croniter(schedule, now).get_next(datetime)
    return found


def _chart(overview: Overview) -> VolumeChart | None:
    """Of the flow with most rows."""
    if not overview.flows:
        return None
    busiest = max(overview.flows, key=lambda flow: sum(flow.days))
    return volume_chart(busiest.name, overview.days, busiest.by_day)
