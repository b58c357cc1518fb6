"""The first page: how all flows stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated

from croniter import croniter
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from headgate.alerts.listing import Shown
from headgate.core.alerts import AlertKind
from headgate.core.platform import Platform
from headgate.core.records import Counts, Delivery
from headgate.core.replacing import replace
from headgate.core.roles import Permission
from headgate.core.states import DeliveryState
from headgate.serve.delivery_words import Told, tell_state
from headgate.serve.overview import Overview, read_overview
from headgate.serve.report_numbers import in_words
from headgate.web.access import Visitor, needs
from headgate.web.case_words import title
from headgate.web.charts import Chart, ShareLine, elapsed_chart, flows_chart, share_chart
from headgate.web.delivery_cases import origins_of
from headgate.web.pages_alerts import coded, seen_alerts
from headgate.web.pages_flows import share_of
from headgate.web.pictures import VolumeChart, spark, volume_chart
from headgate.web.questions import mentions_of, questions_of
from headgate.web.rendering import page
from headgate.web.site import site_of
from headgate.web.waiting import Waits, escalated_to, waits_for

routes = APIRouter()

ALERTS = 5  # that are told here
STEPS = ("land", "check", "review", "transform", "publish", "archive")
TAKEN = {  # how many of the steps a delivery in that state has behind it
    DeliveryState.LANDED: 1,
    DeliveryState.CHECKED: 2,
    DeliveryState.PUBLISHING: 4,
    DeliveryState.PUBLISHED: 5,
}


@routes.get("/")
def overview_page(request: Request, who: Annotated[Visitor, Depends(needs(Permission.SEE))]) -> Response:
    """Flows, what waits for a person, what is on its way."""
    site = site_of(request)
    flows = who.flows(Permission.SEE)
    overview = read_overview(site.platform, flows, files_of_no_flow=True)
    now = site.people.clock()
    waits, alerts = waits_for(site.desk, who), seen_alerts(site, who, past=0)
    decides = frozenset(who.flows(Permission.DECIDE))
    alerts = replace(alerts, standing=tuple(one for one in alerts.standing if not _of_case(one, decides)))
    alerted = {one.alert.subject for one in alerts.of("open")[:ALERTS]}
    return page(
        request,
        "overview.html",
        who,
        overview=overview,
        lead=_lead(overview, waits),
        waits=waits,
        escalated=[(one, title(one)) for one in escalated_to(site.desk, who, now)],
        questions=questions_of(site.desk, who),
        mentions=mentions_of(site.desk, who),
        attention=[one for one in overview.attention if one.id not in alerted and not _told_as_case(one, decides)],
        origins=origins_of(site.desk, list(overview.under_way)),
        told=_told(site.platform, overview.attention),
        sparks={flow.name: spark(flow.days) for flow in overview.flows},
        due={flow.name: _next_due(flow.schedule, now) for flow in overview.flows},
        chart=_chart(overview),
        steps=STEPS,
        taken=TAKEN,
        alerts=alerts,
        most_alerts=ALERTS,
        coded=coded,
        shares=share_chart(_share_lines(overview), overview.days),
        took=_elapsed(site.platform, overview),
        beside=flows_chart([(flow.name, sum(flow.days)) for flow in overview.flows]),
        share_of=share_of,
        summed=_summed,
    )


def _told(platform: Platform, attention: Sequence[Delivery]) -> dict[str, Told | None]:
    """The words of what waits, by delivery."""
    by_votes = {flow: platform.accounts_decide(flow) for flow in {one.flow or "" for one in attention}}
    return {one.id: tell_state(one, accounts_decide=by_votes[one.flow or ""]) for one in attention}


def _told_as_case(one: Delivery, decides: Collection[str]) -> bool:
    """Whether it stands under what waits for the visitor, who decides in its flow."""
    return one.state is DeliveryState.HELD and one.flow in decides


def _of_case(one: Shown, decides: Collection[str]) -> bool:
    """The same of an alert that is open; one that is silenced or acknowledged is counted all the same."""
    held = one.alert.kind in {AlertKind.HELD, AlertKind.OVERDUE}
    return held and one.state == "open" and one.alert.flow in decides


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
    if all_flows == 1 and not running:
        flows = "A delivery of the flow failed." if overview.flows[0].failed else "A delivery of the flow is held."
    elif running == all_flows:
        flows = "The flow runs." if all_flows == 1 else f"All {in_words(all_flows)} flows run."
    else:
        some = f"{in_words(running).capitalize() if running else 'None'} of {in_words(all_flows)} flows"
        flows = f"{some} {'run' if running > 1 else 'runs'} without a hold."
    return f"{told if waiting else 'Nothing waits for a person.'} {flows}"


def _next_due(schedule: str | None, now: datetime) -> datetime | None:
    if schedule is None:
        return None
    found: datetime = croniter(schedule, now).get_next(datetime)
    return found


def _share_lines(overview: Overview) -> list[ShareLine]:
    return [
        ShareLine(
            flow=flow.name,
            shares=tuple(share_of(counts) for counts in flow.by_day),
            threshold=float(flow.threshold),
            rows=sum(flow.days),
        )
        for flow in overview.flows
    ]


def _elapsed(platform: Platform, overview: Overview) -> tuple[str, Sequence[Sequence[float]], Chart] | None:
    """Of the flow with most deliveries: its name, seconds by day, the chart."""
    seen = {flow.name for flow in overview.flows}
    found = [one for one in platform.ledger.elapsed(overview.days[0]) if one.flow in seen]
    if not found:
        return None
    ((flow, _),) = Counter(one.flow for one in found).most_common(1)
    by_day = [[one.seconds for one in found if (one.flow, one.day) == (flow, day)] for day in overview.days]
    drawn = elapsed_chart(flow, overview.days, by_day)
    return (flow, by_day, drawn) if drawn else None


def _summed(counts: Sequence[Counts]) -> Counts:
    return sum(counts, Counts())


def _chart(overview: Overview) -> VolumeChart | None:
    """Of the flow with most rows."""
    if not overview.flows:
        return None
    busiest = max(overview.flows, key=lambda flow: sum(flow.days))
    return volume_chart(busiest.name, overview.days, busiest.by_day)
