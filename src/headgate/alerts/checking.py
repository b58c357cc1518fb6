"""What is looked at beside the ledger's figures: the log and the folder's size. Dear, so not each time."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from headgate.alerts.conditions import Checks
from headgate.alerts.settings import AlertSettings
from headgate.core.cases import Case, CaseFilter
from headgate.core.errors import EvidenceError
from headgate.core.platform import Platform
from headgate.core.ports import Clock
from headgate.serve.audit import verify_project
from headgate.serve.key_files import keys_of

STORAGE_EVERY_S = 600
TABLES_EVERY_S = 300

T = TypeVar("T")


class Seldom(Generic[T]):
    """A call that is made at most once in so many seconds; what it gave stands meanwhile, an error does not."""

    def __init__(self, call: Callable[[], T], *, every_s: float, clock: Clock) -> None:
        self._call = call
        self._every = timedelta(seconds=every_s)
        self._clock = clock
        self._last: tuple[datetime, T] | None = None

    def __call__(self) -> T:
        """What the call gave last, or gives now."""
        now = self._clock()
        if self._last is None or now - self._last[0] >= self._every:
            self._last = (now, self._call())
        return self._last[1]


def make_checks(
    platform: Platform,
    settings: AlertSettings,
    *,
    folder: Path,
    stopped_flows: Callable[[], Collection[str]],
    cases: Callable[[CaseFilter], Sequence[Case]],
    clock: Clock,
) -> Checks:
    """The checks of a project in a folder, each as often as the settings say."""
    return Checks(
        stopped_flows=Seldom(stopped_flows, every_s=TABLES_EVERY_S, clock=clock),
        log_faults=Seldom(lambda: log_faults(platform), every_s=settings.audit_every_s, clock=clock),
        used_bytes=Seldom(lambda: folder_bytes(folder), every_s=STORAGE_EVERY_S, clock=clock),
        cases=cases,
    )


def log_faults(platform: Platform) -> Mapping[str, Any] | None:
    """Facts about a log that does not prove what it says; None where all of it fits."""
    keys = keys_of(platform.secrets.public_keys())
    try:
        report = verify_project(platform, keys)
        if not report.ok:
            report = verify_project(platform, keys)  # the anchor may have been read while a line was written
    except EvidenceError as error:
        return {"fault": type(error).__name__, "findings": 1, "events": platform.ledger.log_size()}
    if report.ok:
        return None
    return {"fault": report.findings[0].fault.value, "findings": len(report.findings), "events": report.size}


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder, however deep; links are not followed, what vanishes meanwhile counts nothing."""
    total = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return total
