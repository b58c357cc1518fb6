"""Workers as processes of this machine, behind the Compute port. They take their work from the ledger."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

from headgate.core.ports import Compute

REPLACEMENTS = 3  # of workers that died, in all; what kills each new one is not mended by another
STOP_S = 60.0  # for the batch at hand


class ProcessCompute(Compute):
    """Starts `python -m headgate.cli.worker`; a new interpreter each, since a fork would share the engines' threads.

    Workers stay in the caller's process group, so that an interrupt from the terminal reaches them too.
    """

    def __init__(self, project: Path, *, processes: int) -> None:
        """`processes` is how many share the project's memory limit, the caller among them."""
        self._project = project
        self._processes = processes
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._replaced = 0
        self._stopping = False

    def start(self, workers: int) -> None:
        """Start so many workers."""
        for _ in range(workers):
            owner = f"worker-{secrets.token_hex(6)}"
            command = [sys.executable, "-m", "headgate.cli.worker", str(self._project), owner, str(self._processes)]
            self._running[owner] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603  our own module

    def reap(self) -> list[str]:
        """Owners that ended since the last call; those that died are replaced, three times in all."""
        ended = {owner: process for owner, process in self._running.items() if process.poll() is not None}
        for owner, process in ended.items():
            del self._running[owner]
            if process.returncode != 0 and not self._stopping and self._replaced < REPLACEMENTS:
                self._replaced += 1
                self.start(1)
        return list(ended)

    def stop(self) -> None:
        """End the workers after the batch at hand; one that does not end in a minute is killed."""
        self._stopping = True
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
