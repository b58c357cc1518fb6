"""Signing in and out: by a link that works once, or by name and password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.accounts import Account, Purpose
from headgate.people import account_by_link, account_by_password, new_session, visitor_of
from headgate.second_factor import MOST_CODE, code_fits
from headgate.web.access import Visitor, changing_while_entering
from headgate.web.bearer import TooManyTriesError
from headgate.web.pending import LENGTH, Half
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
    address = request.client.host if request.client else ""
    if wait_s := site.tries.begin(address, site.people.clock()):
        raise TooManyTriesError(wait_s)
    account = account_by_password(site.people, site.passwords, name, password)
    if account is not None:
        site.tries.was_right(address)
    else:
        next_step = (
            "After some wrong passwords an account waits: longer each time, an hour at most. "
            "Next: try again, or ask an admin for a link."
        )
        return _form(request, to, name=name, fault="Name and password do not fit", next_step=next_step)
    return _first_shown(request, account, to)


@routes.post("/sign-in/code")
def sign_in_by_code(
    request: Request,
    half: Annotated[str, Form(max_length=100)],
    code: Annotated[str, Form(max_length=MOST_CODE)],
) -> Response:
    """A session for the right code after a right password or link."""
    site = site_of(request)
    found = site.halves.take(half, site.people.clock())
    if found is None:
        next_step = "It took too long, or was finished elsewhere. Next: sign in again."
        return _form(request, "/", fault="This sign-in is over", next_step=next_step)
    (account,) = site.people.accounts.accounts(ids=[found.account])
    if account.second_factor and not code_fits(site.people, account, code):
        return _code_form(request, account, found.to, fault="The code does not fit")
    if account.disabled_at is not None:
        return _form(request, "/", fault="This sign-in is over", next_step="Next: ask an admin.")
    secret, _ = new_session(site.people, account, agent_of(request))
    return signed_in(request, secret, found.to)


@routes.get("/link/{secret}")
def link_page(request: Request, secret: str) -> Response:
    """A button: who only looks at a link, as a mail filter does, does not use it up."""
    del secret
    return page(request, "link.html", None)


@routes.post("/link/{secret}")
def use_link(request: Request, secret: str) -> Response:
    """A session for the link's account."""
    found = account_by_link(site_of(request).people, secret)
    if found is None:
        message = "It was used, has expired, or its account is disabled. Next: ask an admin for another one."
        return page(request, "told.html", None, status=403, heading="This link does not work any more", message=message)
    return _first_shown(request, found[0], "/" if found[1] is Purpose.SIGN_IN else "/me")


@routes.post("/sign-out")
def sign_out(request: Request, who: Annotated[Visitor, Depends(changing_while_entering)]) -> Response:
    """End this session."""
    site = site_of(request)
    site.people.accounts.end_sessions([who.session.id], at=site.people.clock(), by=who.account.id)
    gone = go_on(request, "/sign-in/ended" if who.account.issuer and site.provided else "/sign-in")
    gone.delete_cookie(site.cookie, path="/", secure=site.secure, httponly=True, samesite="lax")
    gone.headers["Clear-Site-Data"] = '"cache"'  # what is stored the script clears, but for choices of the person
    return gone


def _first_shown(request: Request, account: Account, to: str) -> Response:
    """A session for an account that has shown its password or a link, or the question for its code."""
    if account.second_factor:
        return _code_form(request, account, to)
    secret, _ = new_session(site_of(request).people, account, agent_of(request))
    return signed_in(request, secret, to)


def _code_form(request: Request, account: Account, to: str, *, fault: str = "") -> Response:
    site = site_of(request)
    half, address = site.people.secret(), request.client.host if request.client else ""
    if not site.halves.put(half, address, Half(account=account.id, to=inside(to)), site.people.clock()):
        raise TooManyTriesError(int(LENGTH.total_seconds()))
    return page(request, "code.html", None, status=403 if fault else 200, half=half, fault=fault)


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
