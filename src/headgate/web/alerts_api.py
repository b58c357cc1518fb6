"""Alerts as JSON, for scripts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request

from headgate.alerts.listing import document, silence_document
from headgate.core.roles import Permission
from headgate.web.access import Visitor, needs
from headgate.web.api_errors import ERRORS
from headgate.web.case_models import AlertList
from headgate.web.pages_alerts import seen_alerts
from headgate.web.site import site_of

routes = APIRouter(prefix="/api/alerts", responses=ERRORS, tags=["alerts"])


@routes.get("", response_model=AlertList)
def alerts(request: Request, who: Annotated[Visitor, Depends(needs(Permission.SEE))]) -> dict[str, Any]:
    """Alerts of one's flows and of the project: those that stand, then the last 50 that are over; and silences."""
    found = seen_alerts(site_of(request), who)
    return {
        "alerts": [document(one) for one in (*found.standing, *found.past)],
        "silences": [silence_document(one) for one in found.silences],
    }
