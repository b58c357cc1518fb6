"""People who sign in: accounts, their sessions, and links that work once. And the port that keeps them."""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from headgate.core.errors import UsageError
from headgate.core.records import Event, require_utc
from headgate.core.roles import Grant
from headgate.core.tokens import Tokens
from headgate.core.totp import Factors

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
SESSION_LENGTH = timedelta(days=7)
SESSION_IDLE = timedelta(hours=8)
MOST_SESSIONS = 20  # of one account, unless the project says another number
FREE_TRIES = 4  # before each further wrong password makes the next one wait
FIRST_WAIT = timedelta(seconds=15)  # doubled with each, up to
LONGEST_WAIT = timedelta(hours=1)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can sign in."""

    id: str  # a- and 16 hex digits; what events name, so that the log holds no name of a person
    name: str  # what one signs in with
    grants: tuple[Grant, ...]
    made_at: datetime
    password: str | None = None  # as its hash is written; None: by link only
    disabled_at: datetime | None = None
    failures: int = 0  # wrong passwords since the last right one
    locked_until: datetime | None = None
    issuer: str = ""  # of the provider that says who it is and what it may; empty: an account of our own
    subject: str = ""  # what the issuer calls it, for ever
    second_factor: bool = False  # whether a code is asked for after the password or the link

    def __post_init__(self) -> None:
        require_utc(self.made_at)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in."""

    id: str  # SHA-256 of what its cookie holds, in hex
    account: str
    csrf: str  # each form of the session carries it
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str = ""  # as the browser calls itself, for the person to know it again

    def ends_at(self) -> datetime:
        """When it ends unless it is used before: idle for too long, or old."""
        return min(self.expires_at, self.seen_at + SESSION_IDLE)


class Purpose(StrEnum):
    """What a link is for."""

    SIGN_IN = "sign-in"
    INVITE = "invite"  # signs in, to set the first password
    RESET = "reset"  # signs in, to set another password; ends all other sessions


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link that signs its account in, once."""

    id: str  # SHA-256 of what stands in the link, in hex
    account: str
    purpose: Purpose
    expires_at: datetime


def secret_id(secret: str) -> str:
    """What is kept of a cookie or a link: who reads the database cannot sign in with it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def wait_after(failures: int) -> timedelta:
    """How long the next try waits after so many wrong passwords in a row.

    >>> [wait_after(failures).total_seconds() for failures in (4, 5, 6, 30)]
    [0.0, 15.0, 30.0, 3600.0]
    """
    if failures <= FREE_TRIES:
        return timedelta()
    doublings = min(failures - FREE_TRIES - 1, 16)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def checked_name(name: str) -> str:
    """The name, where it can be one; UsageError says what it may hold."""
    if NAME.fullmatch(name) is None:
        raise UsageError(
            f"{name[:80]!r} cannot be an account's name: it is of a-z, 0-9, '.', '_' and '-', at most 63 characters."
        )
    return name


class Accounts(Tokens, Factors):
    """Accounts and how they sign in, beside the ledger. Each change and its event are one transaction."""

    @abstractmethod
    def add(self, account: Account, *, by: str) -> None:
        """Enter a new account; UsageError where its name or its identity is taken. `by` is who did it, in events."""

    @abstractmethod
    def accounts(self, *, ids: Collection[str] | None = None, name: str | None = None) -> list[Account]:
        """Accounts by name."""

    @abstractmethod
    def account_of(self, issuer: str, subject: str) -> Account | None:
        """The account of an identity that a provider vouches for."""

    @abstractmethod
    def change(self, account: Account, event: Event, *, at: datetime) -> None:
        """Write an account's password, grants and state as they shall stand; NotFoundError where there is none."""

    @abstractmethod
    def count_try(self, id_: str, *, at: datetime) -> int | None:
        """Count a password or code as wrong before it is looked at; how many in a row that makes.

        None, and nothing is counted, while the account waits: so of many at the same moment no more are looked at
        than one after the other. After some the next must wait.
        """

    @abstractmethod
    def forgive_try(self, id_: str, tries: int) -> None:
        """It was right after all, or not looked at: take back the try that `count_try` counted as this one.

        The wait goes with it where this one began it, or where too few are left for one.
        """

    @abstractmethod
    def start_session(self, session: Session, *, most: int = MOST_SESSIONS) -> None:
        """Enter a session, with the event `signed_in`; wrong passwords before it are forgotten.

        Of more sessions than `most` the account's oldest end, with the event `signed_out`.
        """

    @abstractmethod
    def session(self, id_: str) -> Session | None:
        """The session of that id."""

    @abstractmethod
    def sessions(self, account: str) -> list[Session]:
        """An account's sessions, the newest first."""

    @abstractmethod
    def touch_session(self, id_: str, *, seen_at: datetime) -> None:
        """Note that a session was used."""

    @abstractmethod
    def end_sessions(self, ids: Sequence[str], *, at: datetime, by: str) -> int:
        """End sessions, with the event `signed_out` each; how many there were."""

    @abstractmethod
    def add_link(self, link: Link, *, at: datetime, by: str) -> None:
        """Enter a link."""

    @abstractmethod
    def use_link(self, id_: str, *, at: datetime) -> Link | None:
        """Take a link, so that nobody else can; None where it was used, has expired or never was."""

    @abstractmethod
    def tell(self, event: Event, *, at: datetime) -> None:
        """Write an event that changes nothing: a refused access, a look at personal values."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""
