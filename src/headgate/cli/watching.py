"""`watch`: take files in as they come."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer, note
from headgate.cli.options import examples, json_option, project_option

if TYPE_CHECKING:
    from threading import Event

    from headgate.core.batches import Arrived
    from headgate.operations import RunResult

TICK_MS = 500


@click.command("watch", epilog=examples("headgate watch incoming", "headgate watch --once --json"))
@click.argument(
    "folders", metavar="[FOLDER]...", nargs=-1, type=Path, help="Default: [watch] folders of headgate.toml."
)
@click.option("--once", is_flag=True, help="Take what is there and at rest, then end.")
@project_option
@json_option
def watch(folders: tuple[Path, ...], *, once: bool, project: Path | None, as_json: bool) -> None:
    """Take files in as they come, and work at the times of the flows' schedules (cron, UTC). One line a delivery.

    A file is taken once its size and time stood still for two seconds. Sources are never changed or deleted. SIGINT and
    SIGTERM end it after the batch at hand. With --json each line is an object; with --once there is one, as of `run`.
    """
    import signal
    from threading import Event

    from headgate import operations
    from headgate.cli.opening import opened
    from headgate.cli.run_output import run_document, run_lines
    from headgate.cli.running import end_with
    from headgate.cli.watch_folders import Resting, Schedules, watched_folders
    from headgate.settings import project_settings

    settings = project_settings(project)
    places = watched_folders(settings, folders)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with opened(settings) as found:
        platform = found.platform
        resting, schedules = Resting(places, settings, platform.clock), Schedules(platform.flows, platform.clock)
        note(f"Watching {', '.join(map(str, places))}")
        pending: list[Arrived] = []
        for changed in _ticks(places, stop):
            due = schedules.due()
            if changed or due or resting.moving:
                pending += resting.take()
            if (once and resting.moving) or not (pending or due or once):
                continue
            result = operations.run(platform, pending, reports=settings.reports, stop=stop.is_set)
            if once:
                answer(run_document(result), list(run_lines(result)), as_json=as_json)
                end_with(result)
                return
            _tell(result, as_json=as_json)
            pending = []


def _ticks(places: list[Path], stop: Event) -> Iterator[bool]:
    """Twice a second until it is stopped: whether something changed in the folders; the first time always."""
    from watchfiles import watch as watch_files

    yield True
    changes = watch_files(
        *places,
        watch_filter=None,
        stop_event=stop,
        rust_timeout=TICK_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for change in changes:
        if stop.is_set():
            return
        yield bool(change)


def _tell(result: RunResult, *, as_json: bool) -> None:
    """A line for each delivery that was worked on, at once."""
    from headgate.cli.console import columns
    from headgate.cli.run_output import balance_line
    from headgate.serve.deliveries import delivery_document

    for one in result.deliveries:
        if as_json:
            line = json.dumps(delivery_document(one, result.receipts), ensure_ascii=False)
        else:
            balance = balance_line(one.counts) if one.counts is not None else one.note
            (line,) = columns([(one.id, one.flow or "no flow", one.state, one.name, balance)])
        sys.stdout.write(f"{line}\n")
    for fault in result.faults:
        note(fault)
    sys.stdout.flush()
