"""One's own account, for everybody who is signed in: roles, sessions, password, tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.accounts import Account
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.roles import Permission
from headgate.core.tokens import LONGEST_TOKEN, TOKEN_LENGTH
from headgate.people import set_password, shows_password
from headgate.second_factor import code_fits
from headgate.tokens import longest, make_token, own_flows, own_permissions, revoke_token
from headgate.web.access import SignedIn, Visitor, changing
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()

OTHERS = "others"  # in place of a session's id
JUST_SIGNED_IN = timedelta(minutes=15)

Changes = Annotated[Visitor, Depends(changing(None))]


@routes.get("/me")
def me(request: Request, who: SignedIn) -> Response:
    """One's own account."""
    return me_page(request, who)


@routes.post("/me/sessions/{session}/end")
def end_session(
    request: Request, who: Changes, session: str, proof: Annotated[str, Form(max_length=256)] = ""
) -> Response:
    """End another of one's own sessions, or all others, after showing once more who one is."""
    site = site_of(request)
    if not _shows_itself(request, who, proof):
        return me_page(request, who, failed="No session was ended", fault=_lacking(who.account))
    others = [one.id for one in site.people.accounts.sessions(who.account.id) if one.id != who.session.id]
    ended = others if session == OTHERS else [one for one in others if one == session]
    site.people.accounts.end_sessions(ended, at=site.people.clock(), by=who.account.id)
    return back_to_me(request)


def _shows_itself(request: Request, who: Visitor, proof: str) -> bool:
    """Whether somebody at a browser that is signed in is its owner: by the password, else a code.

    Who has neither signs in by a link or a provider, and has just done so.
    """
    site = site_of(request)
    if who.account.password is not None:
        return shows_password(site.people, site.passwords, who.account, proof)
    if who.account.second_factor:
        return code_fits(site.people, who.account, proof)
    return site.people.clock() - who.session.made_at <= JUST_SIGNED_IN


def _lacking(account: Account) -> str:
    if account.password is None and not account.second_factor:
        minutes = int(JUST_SIGNED_IN.total_seconds()) // 60
        return f"You signed in longer than {minutes} minutes ago. Next: sign out, sign in again, then end them."
    return "What you gave is another one, or the account waits after wrong ones."


@routes.post("/me/password")
def change_password(
    request: Request,
    who: Changes,
    password: Annotated[str, Form(max_length=256)],
    before: Annotated[str, Form(max_length=256)] = "",
) -> Response:
    """Another password; all other sessions end."""
    site, failed = site_of(request), "The password was not changed"
    if not shows_password(site.people, site.passwords, who.account, before):
        fault = "The password that was given as the present one is another one, or the account waits after wrong ones."
        return me_page(request, who, failed=failed, fault=fault)
    try:
        set_password(site.people, site.passwords, who.account, password, keep=who.session.id)
    except UsageError as error:
        return me_page(request, who, failed=failed, fault=str(error))
    return me_page(request, who, done="The password is set; other sessions have ended.")


@routes.post("/me/tokens")
def add_token(
    request: Request,
    who: Changes,
    *,
    name: Annotated[str, Form(max_length=200)],
    may: Annotated[list[Permission] | None, Form()] = None,
    flow: Annotated[str, Form(max_length=200)] = "",
    days: Annotated[int, Form(ge=1, le=LONGEST_TOKEN.days)] = TOKEN_LENGTH.days,
) -> Response:
    """A token, shown this once."""
    people, length = site_of(request).people, timedelta(days=days)
    try:
        secret, token = make_token(
            people, who.account, name.strip(), may or [], by=who.account.id, flow=flow, length=length
        )
    except UsageError as error:
        return me_page(request, who, failed="No token was made", fault=str(error))
    return me_page(request, who, made={"secret": secret, "name": token.name})


@routes.post("/me/tokens/{token}/revoke")
def end_token(request: Request, who: Changes, token: str) -> Response:
    """End one of one's own tokens, at once."""
    try:
        revoke_token(site_of(request).people, who.account, token, by=who.account.id)
    except NotFoundError:
        raise NotFoundError("You have no such token.") from None
    return back_to_me(request)


def me_page(
    request: Request,
    who: Visitor,
    *,
    failed: str = "",
    fault: str = "",
    done: str = "",
    made: dict[str, Any] | None = None,
) -> Response:
    """One's own account, with what an act on it gave: what failed and why, what is done, or a token that was made."""
    people = site_of(request).people
    now = people.clock()
    return page(
        request,
        "me.html",
        who,
        status=400 if fault else 200,
        failed=failed,
        fault=fault,
        done=done,
        made=made,
        sessions=[one for one in people.accounts.sessions(who.account.id) if one.ends_at() > now],
        tokens=people.accounts.tokens(who.account.id),
        asked=people.rules.asks(who.account),
        recovery_left=people.accounts.recovery_left(who.account.id),
        permissions=own_permissions(who.account),
        flows=own_flows(who.account, who.known_flows),
        days=min(TOKEN_LENGTH, longest(who.account)).days,
        most_days=longest(who.account).days,
    )


def back_to_me(request: Request) -> RedirectResponse:
    """The page once more, so that a reload repeats nothing."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/me", status_code=303)
