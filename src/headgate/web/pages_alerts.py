"""Alerts: what is wrong in one's flows, who was told, and what operators do about the telling."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.alerts.desk import MOST_REASON, acknowledge, end_silence, silence
from headgate.alerts.listing import AlertList, Shown, list_alerts, show
from headgate.core.alerts import Alert, AlertKind, Silence
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.roles import Permission, may_everywhere
from headgate.people import COMMAND
from headgate.serve.report_numbers import in_words
from headgate.web.access import Visitor, changing, needs, refuse
from headgate.web.rendering import page
from headgate.web.site import Site, site_of

routes = APIRouter()

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Operates = Annotated[Visitor, Depends(changing(Permission.OPERATE))]
LENGTHS = ((1, "1 hour"), (4, "4 hours"), (24, "1 day"), (72, "3 days"), (168, "7 days"))
STATES = ("open", "acknowledged", "silenced")


class Asked:
    """How long, and why."""

    def __init__(
        self,
        hours: Annotated[int, Form(ge=1, le=LENGTHS[-1][0])] = LENGTHS[0][0],
        reason: Annotated[str, Form(max_length=MOST_REASON)] = "",
    ) -> None:
        self.length, self.reason = timedelta(hours=hours), reason


@routes.get("/alerts")
def alerts_page(request: Request, who: Sees) -> Response:
    """What stands, what nobody is told of, and what is over."""
    return _page(request, who)


@routes.post("/alerts/silences")
def silence_many(
    request: Request,
    who: Operates,
    asked: Annotated[Asked, Depends()],
    kind: Annotated[str, Form(max_length=40)] = "",
    flow: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Tell nobody of a kind, a flow, or a kind in a flow."""
    if kind and kind not in set(AlertKind):
        raise UsageError(f"{kind!r} is no kind of alert.")
    if flow and flow not in who.known_flows:
        raise NotFoundError(f"There is no flow {flow[:80]!r} in your flows.")
    _require(request, who, flow)  # without a flow it is about all of them
    return _silence(request, who, asked, kind=AlertKind(kind) if kind else None, flow=flow or None)


@routes.post("/alerts/silences/{silence_id}/end")
def end(request: Request, who: Operates, silence_id: str) -> Response:
    """Tell of them again before the silence ends by itself."""
    site = site_of(request)
    found = next((one for one in site.alerts.alerts.silences(at=site.alerts.clock()) if one.id == silence_id), None)
    if found is None:
        raise NotFoundError("No such silence stands.")
    _require(request, who, _flow_of(found))
    end_silence(site.alerts, silence_id, by=who.account.id)
    return _back(request, "/alerts")


@routes.get("/alerts/{alert}")
def alert_page(request: Request, who: Sees, alert: str) -> Response:
    """One alert: what is wrong, the next step, who was told when."""
    site = site_of(request)
    desk = site.alerts
    one = show(_alert(request, who, alert), desk.alerts.silences(at=desk.clock()), desk.clock())
    return page(
        request,
        "alert.html",
        who,
        one=one,
        notices=desk.alerts.notices(one.alert.id),
        operates=who.may(Permission.OPERATE, one.alert.flow),
        lengths=LENGTHS,
        names=_names(site, [one], [one.silence] if one.silence else []),
        coded=coded,
    )


@routes.post("/alerts/{alert}/acknowledge")
def acknowledge_one(request: Request, who: Operates, alert: str) -> Response:
    """Say that one sees to it."""
    one = _alert(request, who, alert)
    _require(request, who, one.flow)
    acknowledge(site_of(request).alerts, one, by=who.account.id)
    return _back(request, f"/alerts/{one.id}")


@routes.post("/alerts/{alert}/silence")
def silence_one(request: Request, who: Operates, alert: str, asked: Annotated[Asked, Depends()]) -> Response:
    """Tell nobody of this one, also when it comes again."""
    one = _alert(request, who, alert)
    _require(request, who, one.flow)
    return _silence(request, who, asked, key=one.key, flow=one.flow or None)


def seen_alerts(site: Site, who: Visitor, *, past: int = 50) -> AlertList:
    """Alerts of the visitor's flows and of the project; all for who sees everything, flows that are gone among them."""
    flows = None if may_everywhere(who.account.grants, Permission.SEE) else who.flows(Permission.SEE)
    return list_alerts(site.alerts, flows=flows, past=past)


def coded(text: str) -> Markup:
    """`see `headgate status`` -> the command as code; everything else escaped."""
    parts = text.split("`")
    told = [Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)]
    return Markup("").join(told)


def lead(found: AlertList) -> str:
    """The page in a sentence."""
    if not found.standing:
        return "Nothing is wrong."
    counts = [(len(found.of(state)), state) for state in STATES]
    first, *rest = [f"{in_words(count)} {'is' if count == 1 else 'are'} {state}" for count, state in counts if count]
    count = len(found.standing)
    if not rest:
        return f"{in_words(count).capitalize()} {'alert is' if count == 1 else 'alerts are'} {first.split()[-1]}."
    return f"{in_words(count).capitalize()} alerts stand: {', '.join([first, *rest])}."


def _page(request: Request, who: Visitor, *, fault: str = "") -> Response:
    site = site_of(request)
    found = seen_alerts(site, who)
    everywhere = may_everywhere(who.account.grants, Permission.OPERATE)
    return page(
        request,
        "alerts.html",
        who,
        status=400 if fault else 200,
        found=found,
        lead=lead(found),
        states=STATES,
        fault=fault,
        operated=who.flows(Permission.OPERATE),
        everywhere=everywhere,
        ends={one.id for one in found.silences if everywhere or who.may(Permission.OPERATE, _flow_of(one))},
        kinds=tuple(AlertKind),
        lengths=LENGTHS,
        names=_names(site, [*found.standing, *found.past], found.silences),
        coded=coded,
    )


def _silence(
    request: Request,
    who: Visitor,
    asked: Asked,
    *,
    key: str | None = None,
    kind: AlertKind | None = None,
    flow: str | None = None,
) -> Response:
    desk = site_of(request).alerts
    until = desk.clock() + asked.length
    try:
        silence(desk, until=until, reason=asked.reason, by=who.account.id, key=key, kind=kind, flow=flow)
    except UsageError as error:
        return _page(request, who, fault=str(error))
    return _back(request, "/alerts")


def _alert(request: Request, who: Visitor, id_: str) -> Alert:
    """The alert of that whole id, where its flow is one of the visitor's; NotFoundError in the same words else."""
    site = site_of(request)
    try:
        one = site.alerts.alerts.alert(id_)
    except NotFoundError:
        one = None
    if one is not None and one.id == id_:
        if not one.flow or who.may(Permission.SEE, one.flow):
            return one
        refuse(request, who, Permission.SEE, "")
    raise NotFoundError(f"There is no alert {id_[:40]!r} in your flows.")


def _require(request: Request, who: Visitor, flow: str) -> None:
    """Let only those on who operate the flow; what is about none asks for all of them."""
    if not who.may(Permission.OPERATE, flow):
        raise refuse(request, who, Permission.OPERATE, f"{who.account.name} does not operate {flow or 'all flows'}.")


def _flow_of(one: Silence) -> str:
    """The flow whose operators may end it; none where it is about all."""
    return one.flow or ""


def _names(site: Site, shown: list[Shown], silences: Any) -> dict[str, str]:  # noqa: ANN401  any sequence of silences
    ids = {one.alert.acknowledged_by for one in shown} | {one.made_by for one in silences}
    accounts = site.people.accounts.accounts(ids=sorted(id_ for id_ in ids if id_))
    return {one.id: one.name for one in accounts} | {COMMAND: "the command line"}


def _back(request: Request, path: str) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}", status_code=303)
