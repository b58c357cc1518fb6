"""A project opened for one command, and closed with it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from headgate.core.platform import Platform, Progress
from headgate.memo_file import opened_memo
from headgate.project import enter_flows, load_flows
from headgate.settings import Settings
from headgate.wiring import open_platform


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What a command works on."""

    settings: Settings
    platform: Platform


@contextmanager
def opened(
    settings: Settings, *, processes: int = 1, tell: Callable[[Progress], None] | None = None, ahead: bool = False
) -> Iterator[Project]:
    """The project with its flows, ready to work: what the ledger must know of them is entered.

    With `ahead` engines are opened beside that, since work waits for them.
    """
    with opened_memo(settings) as memo:
        flows = load_flows(settings, memo=memo)
        platform = open_platform(settings, flows, processes=processes, progress=tell, memo=memo, ahead=ahead)
        try:
            enter_flows(platform)
            collect_rarely()
            yield Project(settings=settings, platform=platform)
        finally:
            platform.close()


def collect_rarely() -> None:
    """Switch the garbage collector on, for what is made from now on.

    Batches are Arrow's and the engine's, not objects of ours: looking often only takes time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@contextmanager
def opened_to_read(settings: Settings) -> Iterator[Project]:
    """The project without its flows, so that what stands can be read while a flow is broken."""
    platform = open_platform(settings, {})
    collect_rarely()
    try:
        yield Project(settings=settings, platform=platform)
    finally:
        platform.close()
