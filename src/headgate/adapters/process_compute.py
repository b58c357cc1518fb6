"""Workers as processes of this machine, behind the Compute port. They take their work from the ledger."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from headgate.adapters.worker_pool import Worker, WorkerPool
from headgate.core.log_context import carried_on

STOP_S = 60.0  # for the batch at hand


class ProcessCompute(WorkerPool):
    """Starts `python -m headgate.cli.worker`; a new interpreter each, since a fork would share the engines' threads.

    Workers stay in the caller's process group, so that an interrupt from the terminal reaches them too.
    """

    def __init__(self, project: Path, *, processes: int) -> None:
        """`processes` is how many share the project's memory limit, the caller among them."""
        super().__init__()
        self._project = project
        self._processes = processes

    def _launch(self, owner: str) -> Worker:
        command = [sys.executable, "-m", "headgate.cli.worker", str(self._project), owner, str(self._processes)]
        environment = os.environ | carried_on()
        return _WorkerProcess(
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603  our own module
        )


class _WorkerProcess(Worker):
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ended(self) -> bool | None:
        status = self._process.poll()
        return None if status is None else status == 0

    def tell_to_stop(self) -> None:
        self._process.terminate()

    def wait(self) -> None:
        """Return once it has ended; one that does not in a minute is killed."""
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
