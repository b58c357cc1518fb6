"""Runs in turn: A B C A B C, each a cold process on a fresh output folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import Dataset, warm
from benchmarks.lineup import Command, Contestant
from benchmarks.process_tree import Run, run_sampled


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A contestant with what it is given."""

    contestant: Contestant
    dataset: Dataset


def interleaved(starts: Sequence[Start], *, runs: int, folder: Path) -> dict[str, list[Run]]:
    """Runs of each contestant by name. Stops the whole benchmark when one fails: a failed run has no time."""
    taken: dict[str, list[Run]] = {start.contestant.name: [] for start in starts}
    for start in starts:
        warm(start.dataset)
    for number in range(runs):
        for start in starts:
            name = start.contestant.name
            output = fresh(folder / name)
            for command in start.contestant.prepare(output):
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            run = timed(start.contestant.command(start.dataset.paths, output), log=folder / f"{name}.log")
            taken[name].append(run)
            print(f"{number + 1}/{runs} {name}: {run.wall_s:.2f} s, {run.peak_bytes >> 20} MiB", file=sys.stderr)
            shutil.rmtree(output)
    return taken


def fresh(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def timed(command: Command, *, log: Path) -> Run:
    """One run, after what earlier runs wrote has reached the disk. Raises `SystemExit` when it fails."""
    os.sync()
    run = run_sampled(command, log=log)
    if run.exit_code:
        raise SystemExit(
            f"{' '.join(command)[:200]} ended with {run.exit_code} after {run.wall_s:.1f} s:\n{run.output}"
        )
    return run
