"""For whoever runs it: whether the process lives, and whether it can work."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from headgate.core.errors import HeadgateError
from headgate.web.site import site_of

routes = APIRouter()


@routes.get("/healthz")
def lives() -> dict[str, Any]:
    """The process answers."""
    return {"lives": True}


@routes.get("/readyz")
def is_ready(request: Request) -> Response:
    """The ledger answers too."""
    try:
        site_of(request).platform.ledger.log_size()
    except HeadgateError:
        return JSONResponse({"ready": False}, status_code=503)
    return JSONResponse({"ready": True})
