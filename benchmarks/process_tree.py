"""Time, processor time and memory of a command with all that it starts.

Memory is the peak of the summed resident memory of the process tree, sampled every 50 ms. Pages that processes share
count once in each, so the figure is never too low for work spread over processes; a peak shorter than the interval may
be missed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

INTERVAL_S = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
OUTPUT_TAIL_BYTES = 4096
PARENT, SESSION, RESIDENT = 1, 3, 21  # fields of /proc/PID/stat after the name, see proc_pid_stat(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One line of /proc."""

    pid: int
    parent: int
    session: int
    resident_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one command took."""

    wall_s: float
    cpu_s: float  # user and system, of the command and of what it waited for
    peak_bytes: int
    samples: int
    exit_code: int
    output: str  # the end of what it wrote to standard output and error


def parse_stat(text: str) -> Process:
    """One process from /proc/PID/stat; its name may hold spaces and brackets, so the fields count from the last one."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return Process(
        pid=int(head.split(" ", 1)[0]),
        parent=int(fields[PARENT]),
        session=int(fields[SESSION]),
        resident_bytes=int(fields[RESIDENT]) * PAGE_BYTES,
    )


def processes(proc: Path = Path("/proc")) -> list[Process]:
    """Every process that can be read; one that ends meanwhile is left out."""
    found = []
    for entry in os.scandir(proc):
        if not entry.name.isdigit():
            continue
        try:
            found.append(parse_stat(Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def tree(root: int, found: Sequence[Process]) -> list[Process]:
    """The process, its descendants, and orphans of its session (`root` leads a session of its own)."""
    members = {root}
    grew = True
    while grew:
        more = {p.pid for p in found if p.parent in members or p.session == root} - members
        members |= more
        grew = bool(more)
    return [p for p in found if p.pid in members]


class Sampler:
    """Samples a tree in a thread until it is closed."""

    def __init__(self, root: int, *, interval_s: float = INTERVAL_S) -> None:
        self.peak_bytes = 0
        self.samples = 0
        self._root = root
        self._interval_s = interval_s
        self._done = Event()
        self._thread = Thread(target=self._sample, name="process-tree", daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while True:
            resident = sum(p.resident_bytes for p in tree(self._root, processes()))
            self.peak_bytes = max(self.peak_bytes, resident)
            self.samples += 1
            if self._done.wait(self._interval_s):
                return

    def close(self) -> None:
        self._done.set()
        self._thread.join()


def run_sampled(command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> Run:
    """Runs the command to its end in a session of its own; standard output and error go to `log`.

    Does not raise on a failing command: `exit_code` tells, negative for a signal.
    """
    with log.open("wb") as output:
        begin = perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
        sampler = Sampler(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = perf_counter() - begin
        sampler.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=sampler.peak_bytes,
        samples=sampler.samples,
        exit_code=process.returncode,
        output=_tail(log),
    )


def _tail(log: Path) -> str:
    return log.read_bytes()[-OUTPUT_TAIL_BYTES:].decode("utf-8", errors="replace")
