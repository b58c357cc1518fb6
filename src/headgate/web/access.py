"""Who asks, and whether they may: each route names the permission that it needs, and has none without."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated

import msgspec
from fastapi import Depends, Form
from starlette.requests import Request

from headgate.core.accounts import Account, Session
from headgate.core.errors import HeadgateError, NotFoundError
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery, Event
from headgate.core.roles import Permission, flows_for, may
from headgate.core.tokens import Token
from headgate.people import visitor_of
from headgate.web.bearer import bearer_of, speaker_of
from headgate.web.observing import TOLD
from headgate.web.site import site_of

MOST_INDEX = (1 << 53) - 1  # of what a query may ask for: every reader of JSON has it exactly


class SignInNeededError(HeadgateError):
    """Nobody is signed in."""


class RefusedError(HeadgateError):
    """The account may not do this."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, with the roles that count now."""

    account: Account  # through a token: with the grants that count through it
    known_flows: tuple[str, ...]
    browser: Session | None = None
    token: Token | None = None

    @property
    def session(self) -> Session:
        """The browser's session; SignInNeededError for a program, which has none."""
        if self.browser is None:
            raise SignInNeededError("This is for browsers.")
        return self.browser

    def may(self, permission: Permission, flow: str | None = None) -> bool:
        """Whether a role gives the permission, in that flow or in any."""
        return may(self.account.grants, permission, flow)

    def flows(self, permission: Permission) -> tuple[str, ...]:
        """The flows in which a role gives the permission."""
        return flows_for(self.account.grants, permission, self.known_flows)


def visitor(request: Request) -> Visitor:
    """Who the request's token or cookie speaks for; SignInNeededError, or an error of `bearer`, for nobody."""
    site = site_of(request)
    flows = tuple(sorted(site.platform.flows))
    bearer = bearer_of(request)
    if bearer is not None:
        account, token = speaker_of(request, bearer)
        return Visitor(account=account, token=token, known_flows=flows)
    secret = request.cookies.get(site.cookie, "")
    found = visitor_of(site.people, secret) if secret else None
    if found is None:
        raise SignInNeededError("Sign in to see this.")
    account, session = found
    request.scope.get(TOLD, {})["account"] = account.id
    return Visitor(account=account, browser=session, known_flows=flows)


SignedIn = Annotated[Visitor, Depends(visitor)]


def refuse(request: Request, who: Visitor, permission: Permission, what: str) -> RefusedError:
    """The refusal to raise; that it happened is an event."""
    site = site_of(request)
    route = getattr(request.scope.get("route"), "path", "")  # the pattern: a path may hold what no leaf may
    fields = {"account": who.account.id, "permission": permission.value, "route": route}
    site.people.accounts.tell(Event(type="access_refused", fields=fields), at=site.people.clock())
    return RefusedError(f"{what} Next: ask an admin for a role that may ({permission}).")


def needs(permission: Permission) -> Callable[..., Visitor]:
    """A dependency that lets only those in who have the permission in some flow."""

    def allowed(request: Request, who: SignedIn) -> Visitor:
        if not who.may(permission):
            raise refuse(request, who, permission, f"{who.account.name} may not see this.")
        return who

    allowed.permission = permission  # type: ignore[attr-defined]  # for the table of routes and roles
    return allowed


def changing(permission: Permission | None) -> Callable[..., Visitor]:
    """The same for what changes something: a browser's form must be one that we gave this session."""

    def allowed(request: Request, who: SignedIn, csrf: Annotated[str, Form()] = "") -> Visitor:
        if who.token is None:
            check_form(who, csrf)
        if permission is not None and not who.may(permission):
            raise refuse(request, who, permission, f"{who.account.name} may not do this.")
        return who

    allowed.permission = permission  # type: ignore[attr-defined]
    allowed.changes = True  # type: ignore[attr-defined]
    return allowed


def check_form(who: Visitor, csrf: str) -> None:
    """RefusedError for a form that was not given to this session."""
    if not secrets.compare_digest(csrf.encode(), who.session.csrf.encode()):
        raise RefusedError("This form is of another session. Next: open the page again, and send it from there.")


def seen_delivery(request: Request, who: Visitor, id_: str) -> Delivery:
    """The delivery of that whole id, where its flow is one of the visitor's.

    NotFoundError else, in the same words as where there is none; that it was asked for is an event.
    """
    found = site_of(request).platform.ledger.deliveries(DeliveryFilter(ids=(id_,)))
    if found:
        flow = found[0].flow
        if flow is None or flow in who.flows(Permission.SEE):
            return found[0]
        refuse(request, who, Permission.SEE, "")
    raise NotFoundError(f"There is no delivery {id_[:40]!r} in your flows.")
