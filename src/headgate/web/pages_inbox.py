"""The review inbox: what waits, by reason, and decisions on many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.cases import Act, Case, CaseFilter, CaseKind, Decision, DecisionState
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.roles import Permission
from headgate.core.voting import refusal
from headgate.deciding.desk import Desk
from headgate.web.access import Visitor, changing, needs
from headgate.web.asked import Asked, form_of, read_act, read_asked
from headgate.web.bulk import Dry, Told, agree_to, decide, dry_run, undo
from headgate.web.case_access import decided_case, require_value
from headgate.web.inbox_view import MOST_CASES, Inbox, View, read_inbox
from headgate.web.questions import mentions_of
from headgate.web.rendering import PART, page, part
from headgate.web.site import site_of
from headgate.web.waiting import account_names

routes = APIRouter()

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Decides = Annotated[Visitor, Depends(changing(Permission.DECIDE))]
Form = Annotated[FormData, Depends(form_of)]
Short = Annotated[str, Query(max_length=200)]

LIVE_ROWS = 20_000  # up to here a dry run is made without being asked for


def wanted(  # noqa: PLR0913  each is a part of the query
    *,
    tab: Short = "all",
    flow: Short = "",
    group: Short = "",
    case: Short = "",
    found: Annotated[str | None, Query(max_length=2_000)] = None,
    after: Short = "",
    overdue: bool = False,
    values: bool = False,
) -> View:
    """What the query asks for."""
    id_, _, row = after.rpartition(":")
    at = (id_, int(row)) if row.isdecimal() and len(row) < 19 else ("", 0)  # noqa: PLR2004  what 64 bits hold
    return View(
        tab=tab, flow=flow, group=group, case=case, found=found or None, after=at, overdue=overdue, values=values
    )


Asks = Annotated[View, Depends(wanted)]


@routes.get("/inbox")
def inbox_page(request: Request, who: Sees, view: Asks, done: Short = "") -> Response:
    """Groups, the rows of one, and what can be done with them."""
    return _page(request, who, view, done=done)


@routes.post("/inbox/plan")
def plan_bulk(request: Request, who: Decides, form: Form) -> Response:
    """What each act would do with the chosen rows; with the header of our script that part of the page alone."""
    cases = _cases(request, who, form)
    acts = [Act.RELEASE, Act.REJECT]
    if form.get("path") and form.get("value"):
        acts.insert(0, Act.CORRECT)
    if len(cases) == 1 and cases[0].kind is CaseKind.DRIFT:
        acts.insert(0, Act.ACCEPT)
    asked = [read_asked(form, act) for act in acts if act is not Act.CORRECT or _of_rows(cases)]
    _require_value(request, who, cases, asked[0])
    dry = [dry_run(site_of(request).desk, cases, one) for one in asked]
    if request.headers.get(PART):
        return part(request, "_plans.html", who, dry=dry)
    return _page(request, who, _view(form), planned=(dry, asked[0]))


@routes.post("/inbox/decide")
def decide_bulk(request: Request, who: Decides, form: Form) -> Response:
    """Propose one act on all chosen rows: a decision for each case, each told by itself."""
    cases = _cases(request, who, form)
    asked = read_asked(form, read_act(form))
    _require_value(request, who, cases, asked)
    desk = site_of(request).desk
    if not asked.digests:  # a browser without our script that was not shown what this would do
        return _page(request, who, _view(form), planned=([dry_run(desk, cases, asked)], asked))
    return _ended(request, who, form, cases, decide(desk, cases, asked, by=who.account))


@routes.post("/inbox/agree")
def agree_bulk(request: Request, who: Decides, form: Form) -> Response:
    """Vote for all decisions that were shown, each with its digest."""
    shown = [text.split(":") for text in form.getlist("agree") if isinstance(text, str)]
    named = [(case, number, digest) for case, number, digest in (one for one in shown if len(one) == 3)]  # noqa: PLR2004
    cases = _decided(request, who, [case for case, _, _ in named])
    desk = site_of(request).desk
    found = {(one.case, str(one.number)): one for one in desk.cases.decisions([case.id for case in cases])}
    decisions = [(found[case, number], digest) for case, number, digest in named if (case, number) in found]
    if not decisions:
        raise UsageError("The form names no decision. Next: open the page again.")
    return _ended(request, who, form, cases, agree_to(desk, decisions, by=who.account))


@routes.post("/inbox/undo")
def undo_bulk(request: Request, who: Decides, form: Form) -> Response:
    """Take back what is not executed yet."""
    named = [text.rpartition(":") for text in form.getlist("undo") if isinstance(text, str)]
    cases = _decided(request, who, [case for case, _, _ in named])
    desk = site_of(request).desk
    found = {(one.case, str(one.number)): one for one in desk.cases.decisions([case.id for case in cases])}
    decisions = [found[case, number] for case, _, number in named if (case, number) in found]
    if not decisions:
        raise UsageError("The form names no decision. Next: open the page again.")
    return _ended(request, who, form, cases, undo(desk, decisions, by=who.account))


def _cases(request: Request, who: Visitor, form: FormData) -> list[Case]:
    cases = _decided(request, who, [text for text in form.getlist("case") if isinstance(text, str)])
    if not cases:
        raise UsageError("The form names no case. Next: open the page again.")
    return cases


def _decided(request: Request, who: Visitor, named: Sequence[str]) -> list[Case]:
    """The cases that a form names, each where the visitor decides; UsageError for more than a page of ours names."""
    ids = list(dict.fromkeys(named))
    if len(ids) > MOST_CASES:
        raise UsageError(f"A form decides on at most {MOST_CASES} cases, this one names {len(ids)}.")
    return [decided_case(request, who, id_) for id_ in ids]


def _require_value(request: Request, who: Visitor, cases: Sequence[Case], asked: Asked) -> None:
    for case in cases:
        require_value(request, who, case, asked.found)


def _of_rows(cases: Sequence[Case]) -> bool:
    return all(case.kind is CaseKind.ROWS for case in cases)


def _view(form: FormData) -> View:
    """The page from which the form came."""
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    return wanted(
        tab=texts.get("tab", "all"),
        flow=texts.get("flow", ""),
        group=texts.get("group", ""),
        case=texts.get("only", ""),
        after=texts.get("after", ""),
        found=texts.get("found") if form.get("filtered") else None,
    )


def _ended(request: Request, who: Visitor, form: FormData, cases: Sequence[Case], told: list[Told]) -> Response:
    """Where all went through, the next page; else the same one, with what did not and why."""
    root = request.scope.get("root_path", "")
    done = [f"{one.case}:{one.decision.number}" for one in told if one.decision is not None]
    back = form.get("back")
    if all(one.decision is not None for one in told):
        if back == "case":
            return RedirectResponse(f"{root}/cases/{cases[0].id}", status_code=303)
        query = {name: value for name in ("tab", "flow") if isinstance(value := form.get(name), str) and value}
        return RedirectResponse(f"{root}/inbox?{urlencode(query | {'done': ','.join(done)})}", status_code=303)
    status = 200 if done else next(one.status for one in told if one.fault)
    return _page(request, who, _view(form), told=told, done=",".join(done), status=status)


def _page(
    request: Request,
    who: Visitor,
    view: View,
    *,
    done: str = "",
    planned: tuple[Sequence[Dry], Asked] | None = None,
    told: Sequence[Told] = (),
    status: int = 200,
) -> Response:
    desk = site_of(request).desk
    try:
        inbox = read_inbox(desk, who, view)
    except NotFoundError:
        inbox = read_inbox(desk, who, View(tab=view.tab, flow=view.flow))
    decisions = _done(desk, who, done)
    return page(
        request,
        "inbox.html",
        who,
        status=status,
        inbox=inbox,
        chosen=inbox.chosen,
        view=inbox.view,
        flows=who.flows(Permission.SEE),
        link=_linker(request, inbox.view),
        dry=planned[0] if planned else None,
        asked=planned[1] if planned else None,
        faults=[one for one in told if one.fault],
        done=decisions,
        mentions=mentions_of(desk, who),
        names={**inbox.names, **account_names(desk, [one.proposed_by for one in decisions])},
        live_rows=LIVE_ROWS,
        votes=_votes(desk, who, inbox),
    )


def _done(desk: Desk, who: Visitor, done: str) -> list[Decision]:
    """Decisions of which the last page said that they were made, as they stand now."""
    named = [text.rpartition(":") for text in done.split(",")[:MOST_CASES] if text]
    ids = {case for case, _, _ in named}
    seen = who.flows(Permission.SEE)
    cases = desk.cases.cases(CaseFilter(ids=tuple(ids), flows=seen, state=None)) if ids else []
    found = desk.cases.decisions([case.id for case in cases]) if cases else []
    wanted_ = {(case, number) for case, _, number in named}
    return [one for one in found if (one.case, str(one.number)) in wanted_]


def _votes(desk: Desk, who: Visitor, inbox: Inbox) -> list[tuple[Decision, str]]:
    """The proposals in the chosen group, and why the visitor has no vote; empty where there is one."""
    chosen = inbox.chosen
    if chosen is None:
        return []
    cases = {case.id: case for case in chosen.cases}
    proposed = [one for one in chosen.decisions if one.state is DecisionState.PROPOSED]
    wanted_ = tuple({case.delivery for one in proposed if (case := cases[one.case]).delivery is not None})
    origins = {one.id: one for one in desk.platform.ledger.deliveries(DeliveryFilter(ids=wanted_))} if wanted_ else {}
    return [(one, vote_fault(who, one, cases[one.case], origins)) for one in proposed]


def vote_fault(who: Visitor, decision: Decision, case: Case, origins: Mapping[str, Delivery]) -> str:
    """Why the visitor has no vote, or has given it; empty where it would count."""
    if who.account.id in {vote.account for vote in decision.agreed}:
        return "You agreed already; somebody else has to."
    return refusal(who.account, decision, origins.get(case.delivery or ""), flow=case.flow)


def _linker(request: Request, view: View) -> Callable[..., str]:
    """Addresses of the inbox that keep what is chosen."""
    root = request.scope.get("root_path", "")
    now = {"tab": view.tab if view.tab != "all" else "", "flow": view.flow, "group": view.group, "case": view.case}
    now |= {"found": view.found or "", "overdue": "1" if view.overdue else ""}

    def link(**changes: str) -> str:
        query = {name: value for name, value in (now | changes).items() if value}
        return f"{root}/inbox?{urlencode(query)}" if query else f"{root}/inbox"

    return link
