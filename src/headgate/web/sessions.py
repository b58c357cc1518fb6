"""A session for a browser, however its account was found; and where it goes on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.people import visitor_of
from headgate.web.rendering import home_of
from headgate.web.site import Site, site_of

SET_UP_FACTOR = "/me/second-factor"  # where it is led to for whoever must


def signed_in(request: Request, secret: str, to: str) -> Response:
    """Hand the session's secret to the browser, and go on to a page of ours."""
    site = site_of(request)
    _end_session_before(request)
    answer = go_on(request, _first_page(site, secret, to))
    answer.set_cookie(site.cookie, secret, path="/", secure=site.secure, httponly=True, samesite="lax")
    return answer


def go_on(request: Request, to: str) -> RedirectResponse:
    """Send the browser to a page of ours."""
    return RedirectResponse(request.scope.get("root_path", "") + inside(to), status_code=303)


def inside(to: str) -> str:
    """A place of ours, or the first page: never another site."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() and "\\" not in to
    return to if plain else "/"


def agent_of(request: Request) -> str:
    """What the browser calls itself."""
    text = request.headers.get("user-agent", "")
    return "".join(sign for sign in text if sign.isprintable())


def _first_page(site: Site, secret: str, to: str) -> str:
    """Where a session begins: where it was to go, or at the first page that the account may see."""
    found = visitor_of(site.people, secret)
    if found is not None and site.people.rules.lacks_factor(found[0]):
        return SET_UP_FACTOR
    return home_of(found[0].grants if found else ()) if to == "/" else to


def _end_session_before(request: Request) -> None:
    """What a browser brought along ends when somebody signs in with it: no session is ever carried over."""
    site = site_of(request)
    secret = request.cookies.get(site.cookie, "")
    before = visitor_of(site.people, secret) if secret else None
    if before is not None:
        site.people.accounts.end_sessions([before[1].id], at=site.people.clock(), by=before[0].id)
