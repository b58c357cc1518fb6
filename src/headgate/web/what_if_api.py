"""What if, as JSON: the difference of verdicts that a proposal comes to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request

from headgate.deciding.changes import proposal_of
from headgate.deciding.replay_choice import Which
from headgate.deciding.replay_document import replay_document
from headgate.web.api import PREFIX
from headgate.web.api_errors import ERRORS
from headgate.web.case_bodies import AskedReplay
from headgate.web.cases_api import WRITTEN, Body, Decides, read_body, takes
from headgate.web.replaying import replay_bounded, replayed_flow
from headgate.web.site import site_of
from headgate.web.what_if_models import ReplayAnswer

routes = APIRouter(prefix=PREFIX, responses=ERRORS, tags=["flows"])

Name = Annotated[str, Path(max_length=200)]


@routes.post("/flows/{flow}/what-if", response_model=ReplayAnswer, responses=WRITTEN, openapi_extra=takes(AskedReplay))
def what_if(request: Request, who: Decides, flow: Name, body: Body) -> dict[str, Any]:
    """Replay a proposed contract or values over deliveries of the vault; changes nothing. It takes up to a minute."""
    found = replayed_flow(request, who, flow)
    asked = read_body(body, AskedReplay)
    proposal = proposal_of(found, contract=asked.contract, values=asked.parameters)
    which = Which(named=asked.deliveries or None, newest=asked.newest)
    return replay_document(replay_bounded(site_of(request), who, found, proposal, which))
