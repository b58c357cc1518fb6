"""The document that describes the API: OpenAPI 3.1, for whoever is signed in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.requests import Request

from headgate.web import alerts_api, api, cases_api, changes_api, what_if_api
from headgate.web.access import SignedIn
from headgate.web.site import site_of

routes = APIRouter(prefix=api.PREFIX)

DESCRIBED = tuple(
    one
    for part in (api, what_if_api, changes_api, cases_api, alerts_api)
    for one in part.routes.routes
    if isinstance(one, APIRoute)
)
_TOLD = (
    "Deliveries, flows, cases, alerts and the log of one project. Send a personal token as `Authorization: Bearer`, or "
    "the cookie of a session; what changes something asks a session for its secret in X-Headgate-CSRF as well. "
    "docs/api.md tells more."
)


@routes.get("/openapi.json", include_in_schema=False)
def document(request: Request, who: SignedIn) -> dict[str, Any]:
    """This API in words that programs read."""
    del who
    site = site_of(request)
    described = get_openapi(
        title="Headgate",
        version=site.platform.version,
        description=_TOLD,
        routes=DESCRIBED,
        tags=[{"name": name} for name in ("deliveries", "flows", "cases", "alerts", "log")],
    )
    components = described.setdefault("components", {})
    components.setdefault("schemas", {}).update(cases_api.body_schemas())
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A personal API token: `hgt_...`."},
        "session": {"type": "apiKey", "in": "cookie", "name": site.cookie},
    }
    described["security"] = [{"token": []}, {"session": []}]
    described["servers"] = [{"url": request.scope.get("root_path", "") or "/"}]
    return described
