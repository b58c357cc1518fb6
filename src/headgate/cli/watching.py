"""`watch`: take files in as they come."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer, note
from headgate.cli.options import examples, json_option, log_options, project_option

if TYPE_CHECKING:
    from threading import Event

    from headgate.operations import RunResult


@click.command("watch", epilog=examples("headgate watch incoming", "headgate watch --once --json"))
@click.argument(
    "folders", metavar="[FOLDER]...", nargs=-1, type=Path, help="Default: [watch] folders of headgate.toml."
)
@click.option("--once", is_flag=True, help="Take what is there and at rest, then end.")
@log_options
@project_option
@json_option
def watch(folders: tuple[Path, ...], *, once: bool, project: Path | None, as_json: bool) -> None:
    """Take files in as they come, and work at the times of the flows' schedules (cron, UTC). One line a delivery.

    A file is taken once its size and time stood still for two seconds. Sources are never changed or deleted. SIGINT and
    SIGTERM end it after the batch at hand. With --json each line is an object; with --once there is one, as of `run`.
    """
    from functools import partial

    from headgate.cli.opening import opened
    from headgate.cli.run_output import run_document, run_lines
    from headgate.cli.running import end_with
    from headgate.cli.running_project import execute_decided
    from headgate.cli.watch_folders import watched_folders
    from headgate.cli.watch_loop import runs
    from headgate.settings import project_settings

    settings = project_settings(project)
    places = watched_folders(settings, folders)
    stop = stopped_by_signal()
    with opened(settings) as found:
        note(f"Watching {', '.join(map(str, places))}")
        decided = partial(execute_decided, settings, found.platform)
        for result in runs(found.platform, settings, places, stop, once=once, decided=decided):
            if once:
                answer(run_document(result), list(run_lines(result)), as_json=as_json)
                end_with(result)
            else:
                _tell(result, as_json=as_json)


def stopped_by_signal() -> Event:
    """What SIGINT and SIGTERM set from now on."""
    import signal
    from threading import Event

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


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
