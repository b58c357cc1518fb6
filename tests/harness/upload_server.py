"""Starts the server of `upload_app`, kills it, starts it again on the same port, and looks at what it took."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
START_S = 30.0
STOP_S = 5.0
SAMPLE_S = 0.05


class UploadServer:
    """One server process after another over one folder."""

    def __init__(self, folder: Path, *, body_timeout_s: float = 30.0, window_s: float = 60.0, **limits: float) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/files"
        self.peak_bytes = 0  # resident, of all processes so far
        self._arguments = [str(folder), str(self.port), "--limits", json.dumps(limits)]
        self._arguments += ["--body-timeout-s", str(body_timeout_s), "--window-s", str(window_s)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        command = [sys.executable, "-m", "tests.harness.upload_app", *self._arguments]
        process = self._process = subprocess.Popen(command, cwd=ROOT, env=environment)
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise RuntimeError(f"The server did not start; it ended with {process.poll()}.")

    def kill(self) -> None:
        """SIGKILL: nothing of the process's own runs any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """As Ctrl-C does, so that what measures the process can write its figures; killed where that takes too long."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
        self.kill()

    def restart(self) -> None:
        self.kill()
        self.start()

    def taken(self) -> list[dict[str, Any]]:
        """What was handed over, in order."""
        lines = self.folder / "taken" / "taken.ndjson"
        return [json.loads(line) for line in lines.read_text("utf-8").splitlines()] if lines.exists() else []

    def taken_bytes(self, upload_id: str) -> bytes:
        return (self.folder / "taken" / upload_id).read_bytes()

    def kept(self) -> list[str]:
        """Names in the folder of uploads."""
        return sorted(path.name for path in (self.folder / "uploads").iterdir() if path.name != ".lock")

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while process.poll() is None:
            with suppress(OSError, IndexError, ValueError):
                resident = int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1])
                self.peak_bytes = max(self.peak_bytes, resident * page)
            time.sleep(SAMPLE_S)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
