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

UNCOUNTED = ("/live", "/files")  # what stays open, and the parts of files: those have limits of their own
SAFE = frozenset({"GET", "HEAD"})
MOST_INDEX = (1 << 53) - 1  # of what a query may ask for: every reader of JSON has it exactly


class SignInNeededError(HeadgateError):
    """Nobody is signed in."""


class FactorNeededError(HeadgateError):
    """A role of the account asks for a second factor, and the account has none. Next: set it up at `/me`."""


class TooManyCallsError(HeadgateError):
    """The account calls too often."""

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(f"This account called too often within a minute. Nothing was done. Next: wait {wait_s} s.")


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
    """Who the request's token or cookie speaks for, with all that their roles ask of them.

    SignInNeededError, or an error of `bearer`, for nobody. FactorNeededError for who must first set up a second
    factor; TooManyCallsError for who calls too often.
    """
    who = entering(request)
    _check_factor(request, who)
    return who


def entering(request: Request) -> Visitor:
    """The same, but who must still set up a second factor comes through."""
    who = _speaking(request)
    site = site_of(request)
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    if not path.startswith(UNCOUNTED):
        wait_s = site.calls.wait_s(who.account.id, site.people.rules.calls_per_minute, site.people.clock())
        if wait_s:
            raise TooManyCallsError(wait_s)
    return who


def _speaking(request: Request) -> Visitor:
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


def _check_factor(request: Request, who: Visitor) -> None:
    """FactorNeededError where a role asks for a second factor that the account has not; a token is its account's."""
    people, account = site_of(request).people, who.account
    if not people.rules.second_factor:
        return
    if who.token is not None:  # it may hold none of the roles that ask
        (account,) = people.accounts.accounts(ids=[account.id])
    if not people.rules.lacks_factor(account):
        return
    if who.token is not None or request.method not in SAFE:  # a page only leads on to where it is set up
        route = getattr(request.scope.get("route"), "path", "")
        fields = {"account": account.id, "reason": "second_factor", "route": route}
        people.accounts.tell(Event(type="access_refused", fields=fields), at=people.clock())
    raise FactorNeededError(
        "Your role asks for a second factor, and your account has none. Next: sign in with a browser and set it up."
    )


SignedIn = Annotated[Visitor, Depends(visitor)]
Entering = Annotated[Visitor, Depends(entering)]


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
            require_own_form(request, who, csrf)
        if permission is not None and not who.may(permission):
            raise refuse(request, who, permission, f"{who.account.name} may not do this.")
        return who

    allowed.permission = permission  # type: ignore[attr-defined]
    allowed.changes = True  # type: ignore[attr-defined]
    return allowed


def changing_while_entering(request: Request, who: Entering, csrf: Annotated[str, Form()] = "") -> Visitor:
    """The same for the few forms that are for who must still set up a second factor, too."""
    require_own_form(request, who, csrf)
    return who


changing_while_entering.permission = None  # type: ignore[attr-defined]
changing_while_entering.changes = True  # type: ignore[attr-defined]


def require_own_form(request: Request, who: Visitor, csrf: str) -> None:
    """RefusedError for a form that was not given to this session; that one was sent is an event."""
    if not secrets.compare_digest(csrf.encode(), who.session.csrf.encode()):
        tell_foreign_form(request, who.account.id, "form")
        raise RefusedError("This form is of another session. Next: open the page again, and send it from there.")


def tell_foreign_form(request: Request, account: str, reason: str) -> None:
    """Write the event of a form that came with somebody's session, and not from our page."""
    people, route = site_of(request).people, getattr(request.scope.get("route"), "path", "")
    fields = {"account": account, "reason": reason, "route": route}
    people.accounts.tell(Event(type="access_refused", fields=fields), at=people.clock())


def tell_other_site(request: Request) -> None:
    """Write the event of a change that another site sent with somebody's session.

    Without a session it could have changed nothing, and is a line of the request log only: anybody can send those.
    """
    site = site_of(request)
    secret = request.cookies.get(site.cookie, "")
    found = visitor_of(site.people, secret) if secret else None
    if found is not None:
        tell_foreign_form(request, found[0].id, "other_site")


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
