"""The application: routes of all pages, what guards them, and how errors are told."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from headgate.core.errors import (
    ConflictError,
    HeadgateError,
    NotFoundError,
    RefusedVoteError,
    TransientError,
    UsageError,
)
from headgate.web import (
    alerts_api,
    api,
    api_document,
    cases_api,
    changes_api,
    live,
    pages_accounts,
    pages_again,
    pages_alerts,
    pages_audit,
    pages_cases,
    pages_changes,
    pages_deliveries,
    pages_flows,
    pages_health,
    pages_inbox,
    pages_me,
    pages_oidc,
    pages_overview,
    pages_second_factor,
    pages_sign_in,
    pages_tables,
    pages_upload_links,
    pages_what_if,
    sending,
    uploads,
    what_if_api,
)
from headgate.web.access import RefusedError, SignInNeededError
from headgate.web.bearer import CHALLENGE, REFUSED, TokenRefusedError, TooManyTriesError
from headgate.web.feed import Feed
from headgate.web.guard import Guard
from headgate.web.metrics import make_registry
from headgate.web.observing import Observed
from headgate.web.rendering import page
from headgate.web.site import Site

ROUTES = tuple(
    pages.routes
    for pages in (
        pages_sign_in,
        pages_oidc,
        pages_overview,
        pages_deliveries,
        pages_inbox,
        pages_cases,
        pages_changes,
        changes_api,
        cases_api,
        pages_again,
        pages_flows,
        pages_what_if,
        pages_tables,
        pages_alerts,
        uploads,
        sending,
        pages_upload_links,
        pages_audit,
        pages_accounts,
        pages_me,
        pages_second_factor,
        pages_health,
        live,
        api,
        what_if_api,
        alerts_api,
        api_document,
    )
)
_STATUS: tuple[tuple[type[HeadgateError], int], ...] = (
    (SignInNeededError, 401),
    (TokenRefusedError, 401),
    (TooManyTriesError, 429),
    (RefusedError, 403),
    (RefusedVoteError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (UsageError, 400),
    (TransientError, 503),
)
_HEADINGS = {
    400: "This call was wrong",
    401: "Sign in first",
    403: "This is not for your account",
    404: "This is not here",
    405: "This page takes no such call",
    409: "This has changed meanwhile",
    422: "This call was wrong",
    429: "Too many tries",
    503: "Not now",
}


def make_app(site: Site) -> FastAPI:
    """The application of one project."""
    app = FastAPI(title="Headgate", version=site.platform.version, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    app.state.figures = make_registry(site)
    app.state.feed, app.state.beat_s = Feed(site.platform.ledger), live.BEAT_S
    for routes in ROUTES:
        app.include_router(routes)
    app.include_router(uploads.protocol_routes(site.uploads))
    app.mount("/static", StaticFiles(directory=str(files("headgate.web") / "static")), name="static")
    app.add_exception_handler(HeadgateError, _tell)
    app.add_exception_handler(HTTPException, _tell)
    app.add_exception_handler(RequestValidationError, _tell)
    taking_files = (uploads.PREFIX, "/upload", sending.PREFIX)
    app.add_middleware(Guard, hosts=site.hosts, secure=site.secure, files=taking_files)
    app.add_middleware(Observed, telemetry=site.platform.telemetry)  # outermost
    return app


def _tell(request: Request, error: Exception) -> Response:
    """An error as JSON under /api, else as a page; who is not signed in is sent to sign in."""
    status, message = _status(error)
    heading = _HEADINGS.get(status, "This did not work")
    if request.url.path.startswith("/api/"):
        told = {"error": {"code": heading, "message": message}}
        return JSONResponse(told, status_code=status, headers=_headers(error))
    if isinstance(error, SignInNeededError):
        to = request.url.path if request.method == "GET" else "/"
        sign_in = request.url_for("sign_in_page").include_query_params(to=to)
        return RedirectResponse(f"{request.scope.get('root_path', '')}{sign_in.path}?{sign_in.query}", status_code=303)
    return page(request, "told.html", None, status=status, heading=heading, message=message)


def _headers(error: Exception) -> dict[str, str]:
    """What a program must hear beside an error, as RFC 6750 and RFC 9110 ask."""
    if isinstance(error, TooManyTriesError):
        return {"Retry-After": str(error.wait_s)}
    if isinstance(error, TokenRefusedError):
        return {"WWW-Authenticate": REFUSED}
    return {"WWW-Authenticate": CHALLENGE} if isinstance(error, SignInNeededError) else {}


def _status(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, "Next: go back, or to the first page."
    if isinstance(error, RequestValidationError):
        return 422, "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status, str(error)
    return 500, str(error)
