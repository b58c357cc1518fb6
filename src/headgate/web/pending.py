"""Sign-ins under way, in memory: each is taken once, by the browser that began it, and is soon forgotten.

Nobody is signed in yet, so nothing of this is written to the database; a restart forgets it, and one begins again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from headgate.core.identities import Began

T = TypeVar("T")

LENGTH = timedelta(minutes=10)
MOST = 10_000
MOST_AN_ADDRESS = 100


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that is at the provider."""

    began: Began
    browser: str  # what its cookie holds
    to: str  # where to go on


class Half(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in by password or link that still lacks its code."""

    account: str
    to: str


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A secret for an authenticator of which no code was shown yet."""

    account: str
    secret: bytes


class Pending(Generic[T]):
    """Things kept under a secret for ten minutes. Threads may share one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, tuple[datetime, str, T]] = {}

    def put(self, secret: str, address: str, thing: T, now: datetime) -> bool:
        """Keep a thing; False where the address, or all together, have too many already."""
        with self._lock:
            self._kept = {key: one for key, one in self._kept.items() if now - one[0] < LENGTH}
            of_address = sum(one[1] == address for one in self._kept.values())
            if len(self._kept) >= MOST or of_address >= MOST_AN_ADDRESS:
                return False
            self._kept[secret] = (now, address, thing)
            return True

    def take(self, secret: str, now: datetime) -> T | None:
        """The thing, which nobody can take after that; None where it was taken, is too old or never was."""
        with self._lock:
            since, _, thing = self._kept.pop(secret, (None, "", None))
        return thing if since is not None and now - since < LENGTH else None
