"""Accounts, for who may give roles."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.accounts import Account, Purpose
from headgate.core.errors import HeadgateError, NotFoundError, UsageError
from headgate.core.roles import Grant, Permission, grant_of
from headgate.people import (
    LINK_LENGTH,
    add_account,
    change_grants,
    make_link,
    set_disabled,
)
from headgate.web.access import Visitor, changing, needs
from headgate.web.rendering import page
from headgate.web.site import Site, site_of

routes = APIRouter()

GivesRoles = Annotated[Visitor, Depends(changing(Permission.ACCOUNTS))]
RolesText = Annotated[str, Form(max_length=500)]


@routes.get("/accounts")
def accounts_page(request: Request, who: Annotated[Visitor, Depends(needs(Permission.ACCOUNTS))]) -> Response:
    """Who may sign in, with which roles."""
    return _page(request, who)


@routes.post("/accounts")
def add(
    request: Request, who: GivesRoles, name: Annotated[str, Form(max_length=63)], roles: RolesText = ""
) -> Response:
    """A new account, with a link to sign in for the first time."""
    site = site_of(request)
    try:
        account = add_account(site.people, name, _grants(roles, site), by=who.account.id)
    except UsageError as error:
        return _page(request, who, fault=str(error))
    return _page_with_link(request, who, account, Purpose.INVITE)


@routes.post("/accounts/{account}/roles")
def change_roles(request: Request, who: GivesRoles, account: str, roles: RolesText = "") -> Response:
    """Other roles, from the account's next request on."""
    site = site_of(request)
    try:
        change_grants(site.people, _account(site, account), _grants(roles, site), by=who.account.id)
    except UsageError as error:
        return _page(request, who, fault=str(error))
    return _back(request)


@routes.post("/accounts/{account}/link")
def link(request: Request, who: GivesRoles, account: str) -> Response:
    """A link that signs the account in once, to set another password."""
    return _page_with_link(request, who, _account(site_of(request), account), Purpose.RESET)


@routes.post("/accounts/{account}/disable")
def disable(request: Request, who: GivesRoles, account: str) -> Response:
    """Shut an account out, at once."""
    return _set_disabled(request, who, account, disabled=True)


@routes.post("/accounts/{account}/enable")
def enable(request: Request, who: GivesRoles, account: str) -> Response:
    """Let an account in again."""
    return _set_disabled(request, who, account, disabled=False)


def _page(request: Request, who: Visitor, *, fault: str = "", link: dict[str, str] | None = None) -> Response:
    accounts = site_of(request).people.accounts.accounts()
    return page(request, "accounts.html", who, status=400 if fault else 200, accounts=accounts, fault=fault, link=link)


def _page_with_link(request: Request, who: Visitor, account: Account, purpose: Purpose) -> Response:
    site = site_of(request)
    try:
        secret = make_link(site.people, account, purpose, by=who.account.id)
    except HeadgateError as error:
        return _page(request, who, fault=str(error))
    until = site.people.clock() + LINK_LENGTH[purpose]
    url = str(request.url_for("link_page", secret=secret))
    return _page(request, who, link={"name": account.name, "url": url, "until": f"{until:%d %b, %H:%M}"})


def _set_disabled(request: Request, who: Visitor, account: str, *, disabled: bool) -> Response:
    site = site_of(request)
    try:
        set_disabled(site.people, _account(site, account), disabled=disabled, by=who.account.id)
    except UsageError as error:
        return _page(request, who, fault=str(error))
    return _back(request)


def _back(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/accounts", status_code=303)


def _account(site: Site, id_: str) -> Account:
    found = site.people.accounts.accounts(ids=[id_])
    if not found:
        raise NotFoundError("There is no such account.")
    return found[0]


def _grants(text: str, site: Site) -> list[Grant]:
    """`reviewer:sales analyst` -> grants; UsageError for a role or a flow that there is not."""
    grants = []
    for word in text.replace(",", " ").split():
        try:
            grant = grant_of(word)
        except ValueError as error:
            raise UsageError(str(error)) from error
        if grant.flow and grant.flow not in site.platform.flows:
            raise UsageError(f"There is no flow {grant.flow!r}; there are {', '.join(sorted(site.platform.flows))}.")
        grants.append(grant)
    return grants
