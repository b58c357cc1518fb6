"""A worker: `python -m headgate.cli.worker PROJECT OWNER PROCESSES` checks what waits until nothing does."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from headgate.cli.failures import explain
from headgate.cli.log_lines import set_up_log
from headgate.core.observed import observing
from headgate.core.replacing import replace
from headgate.memo_file import opened_memo
from headgate.pipeline import check_only
from headgate.project import load_flows
from headgate.settings import read_settings
from headgate.wiring import open_platform


def work(arguments: Sequence[str]) -> None:
    """Check deliveries of the project under the owner's name; SIGTERM ends it after the batch at hand."""
    folder, owner, processes = arguments
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopped.append(number))
    set_up_log()
    settings = read_settings(Path(folder))
    with opened_memo(settings) as memo:
        flows = load_flows(settings, memo=memo)
        platform = replace(open_platform(settings, flows, processes=int(processes), memo=memo), owner=owner)
        try:
            with observing(platform, "work", parent=platform.traceparent):
                check_only(platform, stopped=lambda: bool(stopped))
        finally:
            platform.close()


def main() -> None:
    """Run the worker of this process."""
    status = 0
    try:
        work(sys.argv[1:])
    except BaseException as error:  # noqa: BLE001  the edge: every error is told in words
        status = explain(error, debug=False, as_json=False)
    sys.stderr.flush()
    os._exit(status)  # see main.py


if __name__ == "__main__":
    main()
