"""Files that come to rest in watched folders, and when a flow's schedule is due."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from croniter import croniter

from headgate.cli.found_files import find_files
from headgate.core.batches import Arrived
from headgate.core.errors import ConfigurationError
from headgate.core.flow import Flow
from headgate.core.ports import Clock
from headgate.settings import FILE, Settings

STILL = timedelta(seconds=2)

Seen = tuple[int, int]
"""Size and time of change in nanoseconds: what stands still when a file is finished."""


def watched_folders(settings: Settings, given: Sequence[Path]) -> list[Path]:
    """The folders that are named, else those of `[watch] folders` in headgate.toml; ConfigurationError for none."""
    folders = list(given) or named_folders(settings)
    if not folders:
        place = settings.folder / FILE
        raise ConfigurationError(f"no folder to watch. Next: `headgate watch FOLDER`, or [watch] folders in {place}.")
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"{folder} is no folder that can be watched. Next: make it, or name another.")
    return folders


def named_folders(settings: Settings) -> list[Path]:
    """The folders of `[watch] folders` in headgate.toml."""
    place = settings.folder / FILE
    document = tomllib.loads(place.read_text(encoding="utf-8"))
    named = document.get("watch", {}).get("folders", [])
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise ConfigurationError(f'{place}: [watch] folders is {named!r}; write a list such as ["incoming"].')
    return [settings.folder / name for name in named]


class Resting:
    """Which files in the folders came to rest since they were last asked for."""

    def __init__(self, folders: Sequence[Path], settings: Settings, clock: Clock) -> None:
        self._folders = folders
        self._settings = settings
        self._clock = clock
        self._since: dict[str, tuple[Seen, datetime]] = {}
        self._given: dict[str, Seen] = {}

    def take(self) -> list[Arrived]:
        """Files whose size and time stood still for two seconds, each once for each content that it had."""
        now = self._clock()
        ready = []
        for file in find_files(self._folders, self._settings):
            seen = _seen(file)
            if seen is None or self._given.get(file.path) == seen:
                continue
            before, since = self._since.get(file.path, (None, now))
            if before != seen:
                self._since[file.path] = (seen, now)
            elif now - since >= STILL:
                self._given[file.path] = seen
                del self._since[file.path]
                ready.append(file)
        return ready

    @property
    def moving(self) -> bool:
        """Whether files were seen that may still be written."""
        return bool(self._since)


def _seen(file: Arrived) -> Seen | None:
    try:
        status = Path(file.path).stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


class Schedules:
    """When each flow's cron expression, in UTC, is due next."""

    def __init__(self, flows: Mapping[str, Flow], clock: Clock) -> None:
        """ConfigurationError for an expression that is none."""
        self._clock = clock
        self._crons: dict[str, Callable[[datetime], datetime]] = dict(_crons(flows))
        self._next = {name: after(clock()) for name, after in self._crons.items()}

    def due(self) -> list[str]:
        """Flows whose time has come since the last call."""
        now = self._clock()
        found = [name for name, moment in self._next.items() if moment <= now]
        self._next |= {name: self._crons[name](now) for name in found}
        return found


def _crons(flows: Mapping[str, Flow]) -> Iterator[tuple[str, Callable[[datetime], datetime]]]:
    for name, flow in flows.items():
        expression = flow.source.schedule
        if expression is None:
            continue
        if not croniter.is_valid(expression):
            raise ConfigurationError(
                f"flow {name}: schedule {expression!r} is no cron expression, such as '0 2 * * *'."
            )
        yield name, _after(expression)


def _after(expression: str) -> Callable[[datetime], datetime]:
    def after(moment: datetime) -> datetime:
        found: datetime = croniter(expression, moment).get_next(datetime)
        return found

    return after
