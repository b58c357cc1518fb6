"""Changes of rules as JSON: proposed here, then voted on like every case."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request

from headgate.core.decision_document import document_digest
from headgate.deciding.plan_words import contract_lines
from headgate.deciding.votes import propose
from headgate.web.api_errors import ERRORS
from headgate.web.asked import require_shown
from headgate.web.case_access import decided_flow
from headgate.web.case_bodies import AskedChange
from headgate.web.case_models import ChangeAnswer, DecisionAnswer
from headgate.web.cases_api import WRITTEN, Body, Decides, decision_document, read_body, takes
from headgate.web.planned_changes import planned_change
from headgate.web.site import site_of

routes = APIRouter(prefix="/api/cases", responses=ERRORS, tags=["cases"])


@routes.post("/plan", response_model=ChangeAnswer, responses=WRITTEN, openapi_extra=takes(AskedChange))
def plan_rules(request: Request, who: Decides, body: Body) -> dict[str, Any]:
    """What a change of a flow's rules would be; changes nothing."""
    asked = read_body(body, AskedChange)
    flow = decided_flow(request, who, asked.flow)
    planned = planned_change(
        site_of(request), who, flow, contract=asked.contract, values=asked.parameters, newest=asked.replay
    )
    return {
        "case": planned.case.id,
        "flow": flow.name,
        "digest": document_digest(planned.document.encoded()),
        "changes": list(planned.document.words),
        "contract": list(contract_lines(planned, flow)),
        "parameters": dict(planned.document.values),
        "replay": msgspec.to_builtins(planned.document.outlook),
        "needed": planned.needed,
    }


@routes.post("", response_model=DecisionAnswer, responses=WRITTEN, openapi_extra=takes(AskedChange))
def propose_rules(request: Request, who: Decides, body: Body) -> dict[str, Any]:
    """Propose a change of a flow's rules, which opens its case; with `digest` only what was looked at."""
    asked = read_body(body, AskedChange)
    flow, site = decided_flow(request, who, asked.flow), site_of(request)
    planned = planned_change(site, who, flow, contract=asked.contract, values=asked.parameters, newest=asked.replay)
    if asked.digest is not None:
        require_shown(planned, asked.digest)
    return decision_document(propose(site.desk, planned, by=who.account, reason=asked.reason, instead=asked.instead))
