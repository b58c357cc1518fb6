"""Acts of and on accounts, each one function without HTTP and without printing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Protocol

import msgspec

from headgate.core.accounts import (
    SESSION_LENGTH,
    Account,
    Accounts,
    Link,
    Purpose,
    Session,
    checked_name,
    secret_id,
)
from headgate.core.errors import NotFoundError, TransientError, UsageError
from headgate.core.ports import Clock, Secrets
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Permission, may_everywhere
from headgate.core.sign_in_rules import SignInRules

LINK_LENGTH = {
    Purpose.SIGN_IN: timedelta(minutes=15),
    Purpose.INVITE: timedelta(days=3),
    Purpose.RESET: timedelta(hours=1),
}
COMMAND = "command"  # who did it, in events, where it was whoever can write to the project's folder
SECRET_BYTES = 32
LEAST_PASSWORD, MOST_PASSWORD = 12, 256
SEEN_EVERY = timedelta(minutes=1)  # a session's use is noted no more often


class Passwords(Protocol):
    """How passwords are kept."""

    def kept(self, password: str) -> str:
        """What is kept of a password."""

    def fits(self, kept: str, password: str) -> bool:
        """Whether it is the password of which that was kept; takes as long where nothing was."""

    def refusal(self, password: str, name: str) -> str | None:
        """Why an account of that name may not have the password, however long it is; None where it may."""


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts, and what acts on them need."""

    accounts: Accounts
    clock: Clock
    random: Callable[[int], bytes]  # that nobody can foretell
    secrets: Secrets | None = None  # under one of which second factors are sealed
    rules: SignInRules = SignInRules()

    def secret(self) -> str:
        """A secret to hand out."""
        return self.random(SECRET_BYTES).hex()


def add_account(people: People, name: str, grants: Iterable[Grant], *, by: str) -> Account:
    """Enter an account that signs in by link until it has a password; UsageError for a name that does not do."""
    account = Account(
        id=f"a-{people.random(8).hex()}",
        name=checked_name(name),
        grants=tuple(sorted(set(grants))),
        made_at=people.clock(),
    )
    people.accounts.add(account, by=by)
    return account


def one_account(people: People, name: str) -> Account:
    """The account of that name; NotFoundError for none."""
    found = people.accounts.accounts(name=name)
    if not found:
        raise NotFoundError(f"There is no account {name[:80]!r}. Next: `headgate accounts list`.")
    return found[0]


def make_link(people: People, account: Account, purpose: Purpose, *, by: str) -> str:
    """The secret of a new link for the account; it stands nowhere else."""
    if account.disabled_at is not None:
        raise UsageError(f"{account.name} is disabled and cannot sign in. Next: `headgate accounts enable`.")
    _check_own(account)
    now, secret = people.clock(), people.secret()
    link = Link(id=secret_id(secret), account=account.id, purpose=purpose, expires_at=now + LINK_LENGTH[purpose])
    people.accounts.add_link(link, at=now, by=by)
    return secret


def account_by_link(people: People, secret: str) -> tuple[Account, Purpose] | None:
    """Whom a link signs in, and what for; None where it was used, has expired or never was."""
    link = people.accounts.use_link(secret_id(secret), at=people.clock())
    if link is None:
        return None
    (account,) = people.accounts.accounts(ids=[link.account])
    return None if account.disabled_at is not None else (account, link.purpose)


def account_by_password(people: People, passwords: Passwords, name: str, password: str) -> Account | None:
    """Whom a name and a password sign in; None for a wrong name or password, with no word which it was."""
    account = next(iter(people.accounts.accounts(name=name)), None)
    tries = people.accounts.count_try(account.id, at=people.clock()) if account is not None else None
    kept = account.password if account is not None and tries is not None else None
    try:
        fits = passwords.fits(kept or "", password[:MOST_PASSWORD])  # as long for a name that there is not
    except TransientError:  # it was not looked at
        if account is not None and tries is not None:
            people.accounts.forgive_try(account.id, tries)
        raise
    if account is None or tries is None:
        return None
    if not fits or account.disabled_at is not None:
        tell_refused(people, account, tries)
        return None
    people.accounts.forgive_try(account.id, tries)
    return account


def shows_password(people: People, passwords: Passwords, account: Account, password: str) -> bool:
    """Whether somebody who is signed in knows the account's password, or it has none; a wrong one counts as a try.

    So whoever found a browser that is signed in cannot try passwords there for ever.
    """
    if account.password is None:
        return True
    tries = people.accounts.count_try(account.id, at=people.clock())
    if tries is None:
        return False
    if not passwords.fits(account.password, password[:MOST_PASSWORD]):
        tell_refused(people, account, tries)
        return False
    people.accounts.forgive_try(account.id, tries)
    return True


def tell_refused(people: People, account: Account, tries: int) -> None:
    """Write the event of a password or code that was wrong, the so-manieth in a row."""
    fields = {"account": account.id, "failures": tries}
    people.accounts.tell(Event(type="sign_in_refused", fields=fields), at=people.clock())


def set_password(people: People, passwords: Passwords, account: Account, password: str, *, keep: str) -> None:
    """Give the account a password, and end all its sessions but `keep`. UsageError for one that is too easy."""
    _check_own(account)
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise UsageError(
            f"A password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters; this one has {len(password)}."
        )
    why = passwords.refusal(password, account.name)
    if why is not None:
        raise UsageError(why)
    now = people.clock()
    event = Event(type="password_set", fields={"account": account.id, "by": account.id})
    people.accounts.change(replace(account, password=passwords.kept(password)), event, at=now)
    others = [session.id for session in people.accounts.sessions(account.id) if session.id != keep]
    people.accounts.end_sessions(others, at=now, by=account.id)


def change_grants(people: People, account: Account, grants: Iterable[Grant], *, by: str) -> Account:
    """Give the account these roles and no others; they count from its next request on."""
    _check_own(account)
    changed = replace(account, grants=tuple(sorted(set(grants))))
    _keep_an_admin(people, account, changed)
    fields = {"account": account.id, "by": by, "grants": [str(grant) for grant in changed.grants]}
    people.accounts.change(changed, Event(type="grants_changed", fields=fields), at=people.clock())
    return changed


def set_disabled(people: People, account: Account, *, disabled: bool, by: str) -> Account:
    """Shut an account out and end its sessions at once, or let it in again."""
    now = people.clock()
    changed = replace(account, disabled_at=now if disabled else None)
    _keep_an_admin(people, account, changed)
    fields = {"account": account.id, "by": by}
    event = Event(type="account_disabled" if disabled else "account_enabled", fields=fields)
    people.accounts.change(changed, event, at=now)
    if disabled:
        people.accounts.end_sessions([one.id for one in people.accounts.sessions(account.id)], at=now, by=by)
    return changed


def visitor_of(people: People, secret: str) -> tuple[Account, Session] | None:
    """Who a cookie speaks for, read anew each time; None where its session ended, or its account is disabled."""
    now = people.clock()
    session = people.accounts.session(secret_id(secret))
    if session is None or session.ends_at() <= now:
        return None
    (account,) = people.accounts.accounts(ids=[session.account])
    if account.disabled_at is not None:
        return None
    if now - session.seen_at >= SEEN_EVERY:
        people.accounts.touch_session(session.id, seen_at=now)
    return account, session


def new_session(
    people: People, account: Account, agent: str, *, length: timedelta = SESSION_LENGTH
) -> tuple[str, Session]:
    """A session of an account that has shown all it must, and the secret for its cookie, which stands nowhere else."""
    now, secret = people.clock(), people.secret()
    session = Session(
        id=secret_id(secret),
        account=account.id,
        csrf=people.secret(),
        made_at=now,
        seen_at=now,
        expires_at=now + length,
        agent=agent[:200],
    )
    people.accounts.start_session(session, most=people.rules.sessions)
    return secret, session


def _check_own(account: Account) -> None:
    """Refuse to do by hand what the account's provider does: two masters would make it open what one has shut."""
    if account.issuer:
        raise UsageError(
            f"{account.name} signs in by {account.issuer}, which says what it may. Next: change its groups there, "
            "or `headgate accounts disable` it here."
        )


def _keep_an_admin(people: People, before: Account, after: Account) -> None:
    """Refuse what would leave nobody who can give roles."""
    if not _gives_roles(before) or _gives_roles(after):
        return
    if not any(_gives_roles(one) for one in people.accounts.accounts() if one.id != before.id):
        raise UsageError(f"{before.name} is the only admin that can sign in; give another account that role first.")


def _gives_roles(account: Account) -> bool:
    return account.disabled_at is None and may_everywhere(account.grants, Permission.ACCOUNTS)
