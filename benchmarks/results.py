"""What was measured, as JSON files to keep and a Markdown page to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
from benchmarks.machine import Machine
from benchmarks.process_tree import Run

MIB = 1 << 20
NAMES = ("compare", "growth", "document", "many", "startup")  # in the order of the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a table."""

    name: str
    about: str
    records: int  # 0 where none are read
    files: int
    size_bytes: int
    runs: list[Run]

    @property
    def wall_s(self) -> float:
        return median(run.wall_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        return median(run.cpu_s for run in self.runs)

    @property
    def peak_mib(self) -> float:
        return median(run.peak_bytes for run in self.runs) / MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One scenario."""

    name: str
    title: str
    taken_at: str
    machine: Machine
    versions: dict[str, dict[str, str]]  # of the product and of the peers
    entries: list[Entry]
    findings: list[str]  # ratios, in words


def save(result: Result, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.name}.json"
    kept = _without_output(msgspec.to_builtins(result))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    return path


def _without_output(document: object) -> object:
    """What a contestant printed names folders of the machine; only figures are kept."""
    if isinstance(document, dict):
        return {name: "" if name == "output" else _without_output(value) for name, value in document.items()}
    if isinstance(document, list | tuple):
        return [_without_output(value) for value in document]
    return document


def load(folder: Path) -> list[Result]:
    """Every result that was kept, in the order of the page."""
    paths = [folder / f"{name}.json" for name in NAMES]
    return [msgspec.json.decode(path.read_bytes(), type=Result) for path in paths if path.exists()]


def render(results: Sequence[Result]) -> str:
    """The Markdown page: a table a scenario, then machine and versions."""
    head = [
        "# Benchmark results",
        "",
        "Written by `python -m benchmarks.run`; how stands in `README.md`. Medians of runs in turn, each a",
        "cold process; memory is the peak of the summed resident memory of the process tree, sampled every 50 ms.",
    ]
    return "\n".join(head + [line for result in results for line in ["", *table(result)]]) + "\n"


def table(result: Result) -> list[str]:
    first = result.entries[0]
    lines = [
        f"## {result.title}",
        "",
        "| | records | files | MB | median s | min-max s | processor s | memory MiB | time against the first |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [row(entry, first) for entry in result.entries]
    lines += ["", *(f"- `{entry.name}`: {entry.about}" for entry in result.entries)]
    lines += ["", *result.findings, ""] if result.findings else [""]
    machine = result.machine
    lines.append(
        f"{len(first.runs)} runs, {result.taken_at}, on {machine.cores} cores of {machine.processor}, "
        f"{machine.memory_bytes / (1 << 30):.0f} GiB, {machine.kernel}, Python {machine.python}, "
        f"load before the first run {machine.load:g}."
    )
    lines += [
        f"{owner}: {', '.join(f'{k} {v}' for k, v in names.items())}." for owner, names in result.versions.items()
    ]
    return lines


def row(entry: Entry, first: Entry) -> str:
    walls = [run.wall_s for run in entry.runs]
    cells = [
        f"`{entry.name}`",
        f"{entry.records:,}" if entry.records else "",
        f"{entry.files:,}" if entry.files else "",
        f"{entry.size_bytes / 1e6:,.0f}" if entry.size_bytes else "",
        f"{entry.wall_s:.2f}",
        f"{min(walls):.2f}-{max(walls):.2f}",
        f"{entry.cpu_s:.2f}",
        f"{entry.peak_mib:,.0f}",
        f"{entry.wall_s / first.wall_s:.2f}",
    ]
    return f"| {' | '.join(cells)} |"
