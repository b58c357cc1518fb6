"""Alerts while `serve` runs: one thread looks, others tell, so that a receiver that hangs holds up nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from headgate.alerts.desk import Desk
from headgate.alerts.looking import Looked
from headgate.alerts.sending import AT_ONCE, send_in_turn
from headgate.archive.anchoring import anchor
from headgate.cli.alerts_opening import acting
from headgate.cli.console import note
from headgate.core.platform import Platform
from headgate.settings import Settings

LOOK_EVERY_S = 60.0
SEND_EVERY_S = 5.0
LAST_WAIT_S = 5.0  # for what is being told when the server ends; what is cut off is told again


@contextmanager
def alerting(desk: Desk, platform: Platform, settings: Settings) -> Iterator[None]:
    """Look once a minute while the block runs, and send what waits."""
    anchor(platform)  # what the opening wrote, so that there is something to verify
    with acting(desk, platform, settings) as (look, _):
        yield from _threads(desk, look)


def _threads(desk: Desk, look: Callable[[], Looked]) -> Iterator[None]:
    stop = Event()

    def looking() -> None:
        for kind, why in look().unknown.items():
            note(f"Alerts of the kind {kind} could not be looked at: {why}")

    def sending() -> None:
        if desk.queue.counts().waiting:  # which locks nothing, while a lease takes the write lock
            send_in_turn(desk, stopped=stop.is_set)

    works = [(looking, LOOK_EVERY_S), *[(sending, SEND_EVERY_S)] * AT_ONCE]
    threads = [Thread(target=_again, args=(work, every_s, stop), daemon=True) for work, every_s in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        ends = time.monotonic() + LAST_WAIT_S
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))


def _again(work: Callable[[], None], every_s: float, stop: Event) -> None:
    """Do it until the event is set, with a pause after each time."""
    while not stop.is_set():
        try:
            work()
        except Exception as error:  # noqa: BLE001  the edge: the next time may go through
            note(f"Alerts: {work.__name__} stopped: {type(error).__name__}: {error}")
        stop.wait(every_s)
