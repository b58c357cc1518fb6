"""Time, processor time and memory of a command with all that it starts.

Memory is the peak of the summed resident memory of the process tree, sampled every 50 ms. Pages that processes share
count once in each, so the figure is never too low for work spread over processes; a peak shorter than the interval may
be missed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

INTERVAL_S = 0.05
PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
OUTPUT_TAIL_BYTES = 4096
PARENT, SESSION = 1, 3  # fields of /proc/PID/stat after the name, see proc_pid_stat(5)
RESIDENT = 1  # field of /proc/PID/statm, in pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One line of /proc."""

    pid: int
    parent: int
    session: int


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
    )


def pids() -> set[int]:
    """Every process there is."""
    return {int(name) for name in os.listdir(PROC) if name.isdigit()}  # noqa: PTH208  a path for each costs more


def read(these: Iterable[int]) -> list[Process]:
    """What /proc says of processes; one that ends meanwhile is left out."""
    found = []
    for pid in these:
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append(parse_stat((PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")))
    return found


def resident_bytes(pid: int, proc: Path = PROC) -> int:
    """Memory of a process, 0 for one that has ended."""
    try:
        return int((proc / str(pid) / "statm").read_text(encoding="ascii").split()[RESIDENT]) * PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0


def tree(root: int, found: Sequence[Process], known: Collection[int] = ()) -> set[int]:
    """The process, its descendants, and orphans of its session (`root` leads a session of its own).

    `known` were in the tree before and need not be in `found`.
    """
    members = {root, *known}
    grew = True
    while grew:
        more = {p.pid for p in found if p.parent in members or p.session == root} - members
        members |= more
        grew = bool(more)
    return members


class Sampler:
    """Samples a tree in a thread until it is closed.

    Whether a process belongs to it is asked once for each: to read all of /proc every time took 4 % of a core, which a
    command that uses all cores felt, and one that uses one of them did not.
    """

    def __init__(self, root: int, *, interval_s: float = INTERVAL_S) -> None:
        self.peak_bytes = 0
        self.samples = 0
        self._root = root
        self._members, self._others = {root}, set[int]()
        self._interval_s = interval_s
        self._done = Event()
        self._thread = Thread(target=self._sample, name="process-tree", daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while True:
            self._look_for_new()
            self.peak_bytes = max(self.peak_bytes, sum(map(resident_bytes, self._members)))
            self.samples += 1
            if self._done.wait(self._interval_s):
                return

    def _look_for_new(self) -> None:
        alive = pids()
        self._members &= alive
        self._others &= alive
        new = alive - self._members - self._others
        if new:
            self._members = tree(self._root, read(new), self._members)
            self._others |= new - self._members

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
