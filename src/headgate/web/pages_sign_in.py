"""Signing in and out: by a link that works once, or by name and password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.accounts import Purpose
from headgate.people import sign_in_by_link, sign_in_by_password, visitor_of
from headgate.web.access import Visitor, changing
from headgate.web.rendering import home_of, page
from headgate.web.site import Site, site_of

routes = APIRouter()


@routes.get("/sign-in")
def sign_in_page(request: Request, to: str = "/") -> Response:
    """The form; who is signed in already goes on."""
    site = site_of(request)
    secret = request.cookies.get(site.cookie, "")
    if secret and visitor_of(site.people, secret):
        return _go_on(request, to)
    return page(request, "sign_in.html", None, to=_inside(to), name="", fault="", next_step="")


@routes.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=63)],
    password: Annotated[str, Form(max_length=256)],
    to: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """A session for the right name and password; the same answer for a wrong name and a wrong password."""
    site = site_of(request)
    found = sign_in_by_password(site.people, site.passwords, name, password, agent=_agent(request))
    if found is None:
        return page(
            request,
            "sign_in.html",
            None,
            status=403,
            to=_inside(to),
            name=name,
            fault="Name and password do not fit",
            next_step="After some wrong passwords an account waits: longer each time, an hour at most. "
            "Next: try again, or ask an admin for a link.",
        )
    return _signed_in(request, found[0], to)


@routes.get("/link/{secret}")
def link_page(request: Request, secret: str) -> Response:
    """A button: who only looks at a link, as a mail filter does, does not use it up."""
    del secret
    return page(request, "link.html", None)


@routes.post("/link/{secret}")
def use_link(request: Request, secret: str) -> Response:
    """A session for the link's account."""
    found = sign_in_by_link(site_of(request).people, secret, agent=_agent(request))
    if found is None:
        message = "It was used, has expired, or its account is disabled. Next: ask an admin for another one."
        return page(request, "told.html", None, status=403, heading="This link does not work any more", message=message)
    return _signed_in(request, found[0], "/" if found[2] is Purpose.SIGN_IN else "/me")


@routes.post("/sign-out")
def sign_out(request: Request, who: Annotated[Visitor, Depends(changing(None))]) -> Response:
    """End this session."""
    site = site_of(request)
    site.people.accounts.end_sessions([who.session.id], at=site.people.clock(), by=who.account.id)
    gone = RedirectResponse(request.scope.get("root_path", "") + "/sign-in", status_code=303)
    gone.delete_cookie(site.cookie, path="/", secure=site.secure, httponly=True, samesite="lax")
    return gone


def _signed_in(request: Request, secret: str, to: str) -> Response:
    site = site_of(request)
    _end_session_before(request)
    answer = _go_on(request, _first_page(site, secret) if to == "/" else to)
    answer.set_cookie(site.cookie, secret, path="/", secure=site.secure, httponly=True, samesite="lax")
    return answer


def _first_page(site: Site, secret: str) -> str:
    """The first page that the account may see."""
    found = visitor_of(site.people, secret)
    return home_of(found[0].grants if found else ())


def _end_session_before(request: Request) -> None:
    """What a browser brought along ends when somebody signs in with it: no session is ever carried over."""
    site = site_of(request)
    secret = request.cookies.get(site.cookie, "")
    before = visitor_of(site.people, secret) if secret else None
    if before is not None:
        site.people.accounts.end_sessions([before[1].id], at=site.people.clock(), by=before[0].id)


def _go_on(request: Request, to: str) -> RedirectResponse:
    return RedirectResponse(request.scope.get("root_path", "") + _inside(to), status_code=303)


def _inside(to: str) -> str:
    """A place of ours, or the first page: never another site."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() and "\\" not in to
    return to if plain else "/"


def _agent(request: Request) -> str:
    text = request.headers.get("user-agent", "")
    return "".join(sign for sign in text if sign.isprintable())
