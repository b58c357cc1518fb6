"""Whether a server can work: what it depends on, each asked for itself, told without paths and without secrets."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from threading import Lock
from time import monotonic

import msgspec

from headgate.core.errors import HeadgateError
from headgate.core.platform import Platform

LATE_S = 180.0  # three rounds of the keeper


class Pulse:
    """What goes on beside the requests: who is alive, and who was here lately. Nothing is expected until it is told."""

    def __init__(self, clock_s: Callable[[], float] = monotonic) -> None:
        self._clock_s = clock_s
        self._lock = Lock()
        self._alive: dict[str, Callable[[], bool]] = {}
        self._seen_s: dict[str, float] = {}

    def expect_alive(self, name: str, alive: Callable[[], bool]) -> None:
        """From now on this must be alive."""
        with self._lock:
            self._alive[name] = alive

    def beat(self, name: str) -> None:
        """It did its round; from now on it must do so every three minutes."""
        with self._lock:
            self._seen_s[name] = self._clock_s()

    def look(self) -> Iterator[tuple[str, bool]]:
        """Each by name, and whether it is well."""
        with self._lock:
            alive, seen = dict(self._alive), dict(self._seen_s)
        yield from ((name, ask()) for name, ask in alive.items())
        yield from ((name, self._clock_s() - at <= LATE_S) for name, at in seen.items())


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    ready: bool
    checks: dict[str, str]  # name -> ok, or fails


def look_ready(platform: Platform, pulse: Pulse) -> Readiness:
    """Ask everything that the server depends on."""
    found = {"ledger": _ledger_answers(platform), "stage": _stage_takes(platform), **dict(pulse.look())}
    return Readiness(
        ready=all(found.values()), checks={name: "ok" if well else "fails" for name, well in found.items()}
    )


def _ledger_answers(platform: Platform) -> bool:
    try:
        platform.ledger.log_size()
    except HeadgateError:
        return False
    return True


def _stage_takes(platform: Platform) -> bool:
    """A full disk, or one that became read-only, is found by writing only."""
    try:
        with tempfile.TemporaryFile(dir=platform.stage) as probe:
            probe.write(b"ready?")
            probe.flush()
    except OSError:
        return False
    return True
