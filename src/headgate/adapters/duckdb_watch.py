"""Statements that take longer than they may are interrupted, by one thread that watches all of a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import msgspec

AGAIN_S = 0.1  # an interrupt that comes between two steps of a statement is lost
IDLE_S = 1.0  # after which it looks again where nothing runs: so most statements need not wake it


class Watched(msgspec.Struct, eq=False):
    """One statement that runs."""

    connection: duckdb.DuckDBPyConnection
    ends: float  # by the monotonic clock
    interrupted: bool = False


class Watch:
    """Looks after what runs. Safe in threads; its own is started with the first statement."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._changed = threading.Condition()
        self._running: list[Watched] = []
        self._wakes = 0.0  # when the thread looks next
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, connection: duckdb.DuckDBPyConnection, left_s: float) -> Iterator[Watched]:
        """While this is entered, and longer than `left_s`, the connection is interrupted again and again."""
        one = Watched(connection=connection, ends=time.monotonic() + left_s)
        with self._changed:
            self._running.append(one)
            if self._thread is None or not self._thread.is_alive():  # nor is it in a process that was forked
                self._thread = threading.Thread(target=self._look, name="statement limits", daemon=True)
                self._thread.start()
            elif one.ends < self._wakes:
                self._changed.notify()
        try:
            yield one
        finally:
            with self._changed:
                self._running.remove(one)

    def _look(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                self._wakes = self._interrupted(now)
                self._changed.wait(self._wakes - now)

    def _interrupted(self, now: float) -> float:
        """Interrupt what is over its time; when to look again. Keeps no connection while the thread sleeps."""
        for one in self._running:
            if one.ends <= now:
                one.interrupted = True
                one.connection.interrupt()
        return min((now + AGAIN_S if one.interrupted else one.ends for one in self._running), default=now + IDLE_S)


WATCH = Watch()
