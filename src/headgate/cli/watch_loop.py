"""Watching folders: each time something came to rest or is due, one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

from watchfiles import watch as watch_files

from headgate import operations
from headgate.cli.watch_folders import Resting, Schedules
from headgate.core.batches import Arrived
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.states import DeliveryState
from headgate.settings import Settings

TICK_MS = 500
LOOK_EVERY = 60  # ticks
UNDER_WAY = (DeliveryState.LANDED, DeliveryState.CHECKED, DeliveryState.PUBLISHING)


def runs(
    platform: Platform,
    settings: Settings,
    places: Sequence[Path],
    stop: Event,
    *,
    once: bool = False,
    came: Event | None = None,
    decided: Callable[[], int] = lambda: 0,
) -> Iterator[operations.RunResult]:
    """What each run came to, until it is stopped; with `once` one run, of what is there and at rest.

    `came` is set by whoever landed something in another way, and cleared here. `decided` executes the decisions that
    are due: how many there were.
    """
    came = came or Event()
    resting, schedules = Resting(places, settings, platform.clock), Schedules(platform.flows, platform.clock)
    pending: list[Arrived] = []
    left = bool(platform.ledger.deliveries(DeliveryFilter(states=UNDER_WAY, limit=1)))  # by a process that was killed
    for changed in _ticks(places, stop):
        due = schedules.due()
        if changed or due or resting.moving:
            pending += resting.take()
        landed = bool(decided()) or came.is_set() or left
        came.clear()
        left = False
        if (once and resting.moving) or not (pending or due or landed or once):
            continue
        yield operations.run(platform, pending, reports=settings.reports, stop=stop.is_set)
        if once:
            return
        pending = []


def _ticks(places: Sequence[Path], stop: Event) -> Iterator[bool]:
    """Twice a second until it is stopped: whether something may have changed in the folders.

    So it is at first, and once the folders are listened to, since a file that came between is told by nobody; and now
    and then, since a system that is busy may drop what it has to tell, and some file systems tell nothing.
    """
    yield True
    if not places:
        while not stop.wait(TICK_MS / 1000):
            yield False
        return
    changes = watch_files(
        *places,
        watch_filter=None,
        stop_event=stop,
        rust_timeout=TICK_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for tick, change in enumerate(changes):
        if stop.is_set():
            return
        yield bool(change) or tick % LOOK_EVERY == 0
