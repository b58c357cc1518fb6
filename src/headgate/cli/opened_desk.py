"""The project's cases, opened for one command, and who speaks: the account of the token in the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from headgate.cli.opening import opened
from headgate.core.accounts import Account
from headgate.core.cases import CaseFilter, CaseState
from headgate.core.errors import UsageError
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.roles import Permission, may
from headgate.core.voting import deciders
from headgate.deciding.desk import Desk
from headgate.people import People
from headgate.serve.delivery_words import going_on
from headgate.settings import Settings
from headgate.tokens import VARIABLE, account_of_token
from headgate.wiring import open_accounts, open_cases, open_upload_links

_ACTS = {Permission.DECIDE: "deciding", Permission.UPLOAD: "answering"}


@contextmanager
def opened_desk(settings: Settings) -> Iterator[Desk]:
    """The project with its cases; what was done is anchored at the end."""
    from headgate.archive.anchoring import anchor

    with opened(settings) as found, desk_beside(settings, found.platform) as desk:
        try:
            yield desk
        finally:
            anchor(found.platform)


@contextmanager
def desk_beside(settings: Settings, platform: Platform) -> Iterator[Desk]:
    """The cases of a project that is open."""
    accounts, cases, links = open_accounts(settings), open_cases(settings), open_upload_links(settings)
    try:
        people = People(accounts=accounts, clock=platform.clock, random=secrets.token_bytes)
        yield Desk(platform=platform, cases=cases, people=people, links=links)
    finally:
        links.close()
        cases.close()
        accounts.close()


def speaker(desk: Desk, flow: str, permission: Permission = Permission.DECIDE) -> Account:
    """The account whose token stands in the environment, with what it may by that; UsageError where that is not enough.

    An operating-system user has no vote: whoever owns the folder could vote for everybody.
    """
    secret = os.environ.get(VARIABLE, "")
    if not secret:
        raise UsageError(
            f"{_ACTS[permission]} needs a personal API token in {VARIABLE}. "
            f"Next: `headgate accounts token NAME --may {permission}`, or use the web application."
        )
    found = account_of_token(desk.people, secret)
    if found is None:
        raise UsageError(f"the token in {VARIABLE} is not known here, or does not hold any more.")
    account, _ = found
    if not may(account.grants, permission, flow):
        raise UsageError(f"{account.name} may not {permission} in flow {flow} by this token. Nothing was done.")
    return account


def require_nobody_decides(settings: Settings, one: Delivery) -> None:
    """UsageError where an account decides in the delivery's flow: then whoever owns the folder does not.

    Before there are such accounts the owner is the only one who can let a delivery go on.
    """
    if names := _deciding(settings, one.flow or ""):
        raise UsageError(
            f"{', '.join(names[:3])} decide in flow {one.flow}, so {one.id} goes on by their votes. "
            f"Next: `{going_on(one.id, accounts_decide=True)}`."
        )


def require_nobody_decides_rules(settings: Settings, flow: str, change: str) -> None:
    """UsageError where an account decides in the flow: then its rules change by votes. `change` as options say it."""
    if names := _deciding(settings, flow):
        raise UsageError(
            f"{', '.join(names[:3])} decide in flow {flow}, so its rules change by their votes. Nothing was "
            f"changed. Next: `headgate cases propose {flow} {change} --reason TEXT`."
        )


def _deciding(settings: Settings, flow: str) -> list[str]:
    """Names of accounts that decide in the flow."""
    accounts = open_accounts(settings)
    try:
        return [account.name for account in deciders(accounts.accounts(), flow)]
    finally:
        accounts.close()


def case_of(desk: Desk, prefix: str) -> str:
    """The id of the one case that begins so, an open one before closed ones."""
    known = desk.cases.cases(CaseFilter(state=None))
    found = [one for one in known if one.id.startswith(prefix)]
    waiting = [one for one in found if one.state is CaseState.OPEN]
    chosen = waiting or found
    if len(chosen) != 1 or not prefix.startswith("c-"):
        told = ", ".join(one.id for one in chosen[:5]) or "none"
        raise UsageError(f"{prefix[:40]!r} names {told}, not one case. Next: `headgate cases list`.")
    return chosen[0].id
