"""Signing in and out: by a link that works once, or by name and password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.accounts import Purpose
from headgate.people import sign_in_by_link, sign_in_by_password, visitor_of
from headgate.web.access import Visitor, changing
from headgate.web.rendering import page
from headgate.web.sessions import agent_of, go_on, inside, signed_in
from headgate.web.site import site_of

routes = APIRouter()


@routes.get("/sign-in")
def sign_in_page(request: Request, to: str = "/") -> Response:
    """The form; who is signed in already goes on."""
    site = site_of(request)
    secret = request.cookies.get(site.cookie, "")
    if secret and visitor_of(site.people, secret):
        return go_on(request, to)
    return _form(request, to)


@routes.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=63)],
    password: Annotated[str, Form(max_length=256)],
    to: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """A session for the right name and password; the same answer for a wrong name and a wrong password."""
    site = site_of(request)
    found = sign_in_by_password(site.people, site.passwords, name, password, agent=agent_of(request))
    if found is None:
        next_step = (
            "After some wrong passwords an account waits: longer each time, an hour at most. "
            "Next: try again, or ask an admin for a link."
        )
        return _form(request, to, name=name, fault="Name and password do not fit", next_step=next_step)
    return signed_in(request, found[0], to)


@routes.get("/link/{secret}")
def link_page(request: Request, secret: str) -> Response:
    """A button: who only looks at a link, as a mail filter does, does not use it up."""
    del secret
    return page(request, "link.html", None)


@routes.post("/link/{secret}")
def use_link(request: Request, secret: str) -> Response:
    """A session for the link's account."""
    found = sign_in_by_link(site_of(request).people, secret, agent=agent_of(request))
    if found is None:
        message = "It was used, has expired, or its account is disabled. Next: ask an admin for another one."
        return page(request, "told.html", None, status=403, heading="This link does not work any more", message=message)
    return signed_in(request, found[0], "/" if found[2] is Purpose.SIGN_IN else "/me")


@routes.post("/sign-out")
def sign_out(request: Request, who: Annotated[Visitor, Depends(changing(None))]) -> Response:
    """End this session."""
    site = site_of(request)
    site.people.accounts.end_sessions([who.session.id], at=site.people.clock(), by=who.account.id)
    gone = go_on(request, "/sign-in/ended" if who.account.issuer and site.provided else "/sign-in")
    gone.delete_cookie(site.cookie, path="/", secure=site.secure, httponly=True, samesite="lax")
    return gone


def _form(request: Request, to: str, *, name: str = "", fault: str = "", next_step: str = "") -> Response:
    provided = site_of(request).provided
    return page(
        request,
        "sign_in.html",
        None,
        status=403 if fault else 200,
        to=inside(to),
        name=name,
        fault=fault,
        next_step=next_step,
        provider=provided.settings.name if provided else "",
    )
