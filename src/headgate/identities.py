"""Signing in as whom a provider says somebody is: the account of an identity, and the roles that its groups give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from headgate.core.accounts import Account, Session
from headgate.core.errors import UsageError
from headgate.core.identities import Identity
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.core.roles import Grant
from headgate.people import People, new_session

PROVIDER = "provider"  # who did it, in events, where the provider's word did
PROVIDED_SESSION_LENGTH = timedelta(hours=12)  # groups are read at sign-in only: so long may a change take at most

_STRANGE = re.compile(r"[^a-z0-9._-]+")


def sign_in_by_identity(
    people: People, identity: Identity, grants: tuple[Grant, ...], *, agent: str
) -> tuple[str, Session] | None:
    """The cookie's secret and the session; None where no group gives a role, or the account is disabled.

    The account's grants become exactly these. Without any its sessions end, and it keeps nothing.
    """
    account = people.accounts.account_of(identity.issuer, identity.subject)
    if account is None:
        if not grants:
            _refused(people, "")
            return None
        account = _added(people, identity, grants)
    if account.grants != grants:
        account = _regranted(people, account, grants)
    if not grants or account.disabled_at is not None:
        standing = [session.id for session in people.accounts.sessions(account.id)]
        people.accounts.end_sessions(standing, at=people.clock(), by=PROVIDER)
        _refused(people, account.id)
        return None
    return new_session(people, account, agent, length=PROVIDED_SESSION_LENGTH)


def _refused(people: People, account: str) -> None:
    fields = {"account": account, "by": PROVIDER} if account else {"by": PROVIDER}
    people.accounts.tell(Event(type="sign_in_refused", fields=fields), at=people.clock())


def _regranted(people: People, account: Account, grants: tuple[Grant, ...]) -> Account:
    changed = replace(account, grants=grants)
    fields = {"account": account.id, "by": PROVIDER, "grants": [str(grant) for grant in grants]}
    people.accounts.change(changed, Event(type="grants_changed", fields=fields), at=people.clock())
    return changed


def _added(people: People, identity: Identity, grants: tuple[Grant, ...]) -> Account:
    """A new account under the first free name; the one that there is where another sign-in was faster."""
    for name in _names(people, identity.name):
        account = Account(
            id=f"a-{people.random(8).hex()}",
            name=name,
            grants=grants,
            made_at=people.clock(),
            issuer=identity.issuer,
            subject=identity.subject,
        )
        try:
            people.accounts.add(account, by=PROVIDER)
        except UsageError:
            there = people.accounts.account_of(identity.issuer, identity.subject)
            if there is not None:
                return there
            continue
        return account
    raise UsageError("No free name was found for this account.")  # of 2^32 each


def _names(people: People, wished: str) -> Iterator[str]:
    """`Ann.Smith@lake.example.org` -> ann.smith, then ann.smith-3f9a2c41 and so on."""
    plain = _STRANGE.sub("-", wished.partition("@")[0].lower()).strip("._-")[:50].rstrip("._-")
    if plain:
        yield plain
    for _ in range(3):
        yield f"{plain or 'person'}-{people.random(4).hex()}"
