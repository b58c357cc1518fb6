"""Work that an account may have under way once, and all accounts together a few times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from headgate.core.errors import ConflictError

MOST = 2  # each takes the memory of an engine


class Turns:
    """Who is at it. Threads share one."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._taken: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def taken(self, account: str) -> Iterator[None]:
        """Hold a turn while the block runs; ConflictError where there is none to be had."""
        with self._lock:
            if account in self._taken:
                raise ConflictError("What you asked for before is still under way. Next: wait for it, then ask again.")
            if len(self._taken) >= self._most:
                raise ConflictError(
                    f"{self._most} others have such work under way, and there is room for no more. "
                    "Next: ask again in a minute."
                )
            self._taken.add(account)
        try:
            yield
        finally:
            with self._lock:
                self._taken.discard(account)
