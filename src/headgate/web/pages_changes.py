"""Proposing a change of a flow's rules by a form: what would change is shown before it is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.decision_document import document_digest
from headgate.core.errors import HeadgateError, UsageError
from headgate.core.flow import Flow
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.roles import Permission
from headgate.deciding.plan import Plan
from headgate.deciding.quorum import too_few_voters
from headgate.deciding.votes import propose
from headgate.serve.flow_story import tell_flow
from headgate.web.access import Visitor, changing, needs
from headgate.web.asked import form_of, require_shown
from headgate.web.bulk import status_of
from headgate.web.case_access import decided_flow
from headgate.web.change_view import RuleChange, tell_change
from headgate.web.planned_changes import planned_change
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()

Sees = Annotated[Visitor, Depends(needs(Permission.DECIDE))]
Decides = Annotated[Visitor, Depends(changing(Permission.DECIDE))]
Posted = Annotated[FormData, Depends(form_of)]
VALUE = "value."  # before a parameter's name
REPLAYED = ("0", "1", "5", "20")  # deliveries that the form offers


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """The form as somebody filled it in."""

    contract: str
    values: Mapping[str, str]  # of all single parameters
    reason: str = ""
    newest: int = 0  # deliveries to replay it over


class Dry(msgspec.Struct, frozen=True, kw_only=True):
    """What it would come to."""

    change: RuleChange
    digest: str
    needed: int
    too_few: str  # why it would never have its votes


@routes.get("/flows/{flow}/change")
def change_page(request: Request, who: Sees, flow: str) -> Response:
    """The rules in force, to be changed."""
    found = decided_flow(request, who, flow)
    return _page(request, who, found, Entered(contract=_text(found), values=_values(request, found)))


@routes.post("/flows/{flow}/change/plan")
def plan_rules(request: Request, who: Decides, flow: str, form: Posted) -> Response:
    """What would change; changes nothing."""
    found = decided_flow(request, who, flow)
    return _page(request, who, found, _entered(form), asked=True)


@routes.post("/flows/{flow}/change")
def propose_rules(request: Request, who: Decides, flow: str, form: Posted) -> Response:
    """Propose what was shown; without our dry run before it, that is shown instead."""
    found, desk = decided_flow(request, who, flow), site_of(request).desk
    entered, digest = _entered(form), form.get("digest")
    if not isinstance(digest, str) or not digest:
        return _page(request, who, found, entered, asked=True)
    try:
        planned = _planned(request, who, found, entered)
        require_shown(planned, digest)
        decision = propose(desk, planned, by=who.account, reason=entered.reason)
    except UsageError as error:
        return _page(request, who, found, entered, fault=error)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/cases/{decision.case}", status_code=303)


def _entered(form: FormData) -> Entered:
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    values = {name.removeprefix(VALUE): value.strip() for name, value in texts.items() if name.startswith(VALUE)}
    # a browser ends the lines of a text its own way
    contract = texts.get("contract", "").replace("\r\n", "\n")
    newest = int(texts["replay"]) if texts.get("replay") in REPLAYED else 0
    return Entered(contract=contract, values=values, reason=texts.get("reason", ""), newest=newest)


def _planned(request: Request, who: Visitor, flow: Flow, entered: Entered) -> Plan:
    """The plan for what differs from what is in force."""
    before = _values(request, flow)
    values = {name: value for name, value in entered.values.items() if value != before.get(name)}
    contract = entered.contract if entered.contract.strip() and entered.contract != _text(flow) else None
    return planned_change(site_of(request), who, flow, contract=contract, values=values, newest=entered.newest)


def _text(flow: Flow) -> str:
    return (Path(flow.folder) / CONTRACT_FILE).read_text(encoding="utf-8").replace("\r\n", "\n")


def _values(request: Request, flow: Flow) -> dict[str, str]:
    told = tell_flow(site_of(request).platform, flow).parameters
    return {one.declaration.name: one.value for one in told if one.declaration.type != "table"}


def _page(
    request: Request,
    who: Visitor,
    flow: Flow,
    entered: Entered,
    *,
    asked: bool = False,
    fault: HeadgateError | None = None,
) -> Response:
    platform, dry = site_of(request).platform, None
    if asked:
        try:
            planned = _planned(request, who, flow, entered)
            change = tell_change(platform, flow, planned.document)
            dry = Dry(
                change=change,
                digest=document_digest(planned.document.encoded()),
                needed=planned.needed,
                too_few=too_few_voters(site_of(request).desk, planned, by=who.account),
            )
        except UsageError as error:
            fault = error
    return page(
        request,
        "change.html",
        who,
        status=200 if fault is None else status_of(fault),
        flow=flow,
        entered=entered,
        parameters=[one for one in flow.parameters if one.type != "table"],
        tables=[one.name for one in flow.parameters if one.type == "table"],
        dry=dry,
        replayed=REPLAYED,
        fault="" if fault is None else str(fault),
        needed=flow.review.rule_changes or flow.review.votes,
    )
