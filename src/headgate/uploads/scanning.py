"""A command that looks at a whole file before the pipeline hears of it: a virus scanner, or anything that is like one.

The exit status is the answer, as scanners agree on it: 0 is clean, 1 is not. Anything else is no answer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import BoundedSemaphore

from headgate.core.errors import TransientError
from headgate.uploads.policy import PLACE

AT_ONCE = 2  # scans; the rest wait, and hold no request meanwhile
MOST_TOLD = 200  # characters of what the scanner says
_READ_BYTES = 4096
_CLEAN, _FOUND = 0, 1


class ScanFailedError(TransientError):
    """The scan gave no answer; the file waits, and the scan is tried again."""


class ScanBusyError(ScanFailedError):
    """Other files are being scanned; this one has its turn later."""


class Scan:
    """Runs the command on one file at a time, or a few."""

    def __init__(self, command: Sequence[str], *, timeout_s: float) -> None:
        """`{file}` in a word of the command is where the file lies. No shell reads it."""
        self._command = tuple(command)
        self._timeout_s = timeout_s
        self._slots = BoundedSemaphore(AT_ONCE)

    def refusal(self, path: Path) -> str | None:
        """What the scan found, in the scanner's words without our paths; None for a clean file.

        ScanFailedError where the command cannot run, ends otherwise or takes too long, ScanBusyError where it has to
        wait.
        """
        if not self._slots.acquire(blocking=False):
            raise ScanBusyError(f"{AT_ONCE} files are being scanned; this one waits.")
        try:
            status, said = self._run(path)
        finally:
            self._slots.release()
        if status == _CLEAN:
            return None
        if status == _FOUND:
            return said.replace(str(path), "the file")[:MOST_TOLD] or "it says no more"
        raise ScanFailedError(f"The scan {self._command[0]!r} ended with status {status}: {said[:MOST_TOLD]}")

    def _run(self, path: Path) -> tuple[int, str]:
        words = [word.replace(PLACE, str(path)) for word in self._command]
        with tempfile.TemporaryFile() as output:  # a pipe that nobody empties would stop a scanner that says much
            try:
                process = subprocess.Popen(  # noqa: S603  the words are the project's own, and no shell reads them
                    words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
                )
            except OSError as error:
                raise ScanFailedError(f"The scan {words[0]!r} cannot be run: {error.strerror}.") from error
            try:
                status = process.wait(self._timeout_s)
            except subprocess.TimeoutExpired as error:
                raise ScanFailedError(f"The scan {words[0]!r} took longer than {self._timeout_s:g} s.") from error
            finally:
                _end(process)
            output.seek(0)
            return status, _first_line(output.read(_READ_BYTES))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started, where it has not ended."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _first_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").splitlines()
    line = next((line for line in lines if line.strip()), "")
    return "".join(sign for sign in line if sign.isprintable()).strip()
