"""Signing in by a provider of OpenID Connect: sending the browser there, and what comes back with it."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.errors import HeadgateError, NotFoundError
from headgate.core.identities import Began, IdentityRefusedError, Refusal
from headgate.core.records import Event
from headgate.identities import PROVIDER, sign_in_by_identity
from headgate.web.bearer import TooManyTriesError
from headgate.web.pending import LENGTH, Waiting
from headgate.web.rendering import page
from headgate.web.sessions import agent_of, inside, signed_in
from headgate.web.site import Provided, site_of

routes = APIRouter()

CALLBACK = "/sign-in/oidc/callback"


@routes.get("/sign-in/oidc")
def begin_at_provider(request: Request, to: str = "/") -> Response:
    """Send the browser to the provider, with a cookie by which it is known when it comes back."""
    site, provided = site_of(request), _provided(request)
    browser = site.people.secret()
    began = Began(
        state=site.people.secret(),
        nonce=site.people.secret(),
        verifier=site.people.secret(),  # 64 hex digits: RFC 7636 asks for 43 to 128 signs of that kind
        callback=str(request.url_for("oidc_callback")),
    )
    place = provided.provider.begin(began)
    waiting = Waiting(began=began, browser=browser, to=inside(to))
    address = request.client.host if request.client else ""
    if not provided.waiting.put(began.state, address, waiting, site.people.clock()):
        raise TooManyTriesError(int(LENGTH.total_seconds()))
    answer = RedirectResponse(place, status_code=303)
    answer.set_cookie(
        f"{site.cookie}-begun",
        browser,
        max_age=int(LENGTH.total_seconds()),
        path="/",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@routes.get(CALLBACK)
def oidc_callback(request: Request) -> Response:
    """A session for whom the provider says that this is, with the roles that the groups give."""
    site, provided = site_of(request), _provided(request)
    query = {name: value for name, value in request.query_params.items() if len(value) <= 10_000}  # noqa: PLR2004
    waiting = provided.waiting.take(query.get("state", ""), site.people.clock())
    brought = request.cookies.get(f"{site.cookie}-begun", "")
    if waiting is None or not secrets.compare_digest(waiting.browser.encode(), brought.encode()):
        return _refused(request, "It was used, is too old, or was begun in another browser.")
    try:
        identity = provided.provider.finish(waiting.began, query)
    except IdentityRefusedError as error:
        if error.reason not in {Refusal.ANSWER, Refusal.CODE}:  # what anybody can bring about is no event
            fields = {"by": PROVIDER, "reason": error.reason.value}
            site.people.accounts.tell(Event(type="sign_in_refused", fields=fields), at=site.people.clock())
        return _refused(request, str(error))
    grants = provided.settings.granted(identity.groups)
    found = sign_in_by_identity(site.people, identity, grants, agent=agent_of(request))
    if found is None:
        told = "Your account has no role here, or is disabled."
        return _refused(request, told, "ask an admin for a group that has one")
    answer = signed_in(request, found[0], waiting.to)
    answer.delete_cookie(f"{site.cookie}-begun", path="/", secure=site.secure, httponly=True, samesite="lax")
    return answer


@routes.get("/sign-in/ended")
def signed_out(request: Request) -> Response:
    """Tells that the session with us is over, and where the one with the provider ends.

    A link and no redirect: a form of ours may lead to no other site, and whoever shares the machine must choose.
    """
    provided = _provided(request)
    try:
        place = provided.provider.sign_out_place()
    except HeadgateError:  # it does not answer, and what matters is done
        place = None
    return page(request, "ended.html", None, provider=provided.settings.name, place=place)


def _provided(request: Request) -> Provided:
    provided = site_of(request).provided
    if provided is None:
        raise NotFoundError("No provider is set up here. Next: sign in by name and password.")
    return provided


def _refused(request: Request, why: str, next_step: str = "begin again at the sign-in page") -> Response:
    message = f"{why} Next: {next_step}."
    return page(request, "told.html", None, status=403, heading="You are not signed in", message=message)
