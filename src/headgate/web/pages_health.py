"""For whoever runs it: whether the process lives, whether it can work, and its figures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from headgate.core.roles import Permission, may_everywhere
from headgate.serve.readiness import look_ready
from headgate.web.access import Visitor, needs, refuse
from headgate.web.metrics import MEDIA_TYPE, metrics_text
from headgate.web.site import site_of

routes = APIRouter()


@routes.get("/healthz")
def lives() -> dict[str, Any]:
    """The process answers."""
    return {"lives": True}


@routes.get("/readyz")
def is_ready(request: Request) -> Response:
    """What it depends on, each with `ok` or `fails`; 503 where one fails."""
    site = site_of(request)
    found = look_ready(site.platform, site.pulse)
    return JSONResponse({"ready": found.ready, "checks": found.checks}, status_code=200 if found.ready else 503)


@routes.get("/metrics")
def metrics(request: Request, who: Annotated[Visitor, Depends(needs(Permission.OPERATE))]) -> Response:
    """All figures, for who keeps all flows running; without sign-in they are at the address of their own."""
    if not may_everywhere(who.account.grants, Permission.OPERATE):
        raise refuse(request, who, Permission.OPERATE, "The figures are of all flows.")
    return Response(metrics_text(request.app.state.figures), media_type=MEDIA_TYPE)
