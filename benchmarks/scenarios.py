"""What is measured: five scenarios, each from options to the lines of its table."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.data import Dataset, product, sales, warm
from benchmarks.lineup import Contestant, headgate, peers
from benchmarks.measure import Start, fresh, interleaved, timed
from benchmarks.process_tree import Run
from benchmarks.results import Entry

FILE_RECORDS = 50  # of each of the many small files
WINDOW_FILES = 200  # compared at both ends
DEFECTS = 0.02
STARTS_A_RUN = 4  # starting is short: more of them for a steady median


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    records: int  # of the comparison; the others are multiples of it
    runs: int
    work: Path
    peers_python: Path | None
    only: frozenset[str] = field(default_factory=frozenset)  # contestants; empty: all
    given: Path | None = None  # a document to use instead of a generated one


Scenario = Callable[[Options], tuple[list[Entry], list[str]]]


def compare(options: Options) -> tuple[list[Entry], list[str]]:
    """The product against its peers and the floor on one clean document, and the product on one with defects."""
    clean = _document(options)
    starts = [Start(contestant=headgate(), dataset=clean)]
    if options.given is None:
        about = f"the same with {DEFECTS:.0%} of the records defective"
        starts += [Start(contestant=headgate("headgate_defects", about), dataset=_defective(options))]
    if options.peers_python:
        starts += [Start(contestant=peer, dataset=clean) for peer in peers(options.peers_python)]
    return _entries(_wanted(starts, options.only), options), []


def growth(options: Options) -> tuple[list[Entry], list[str]]:
    """Ten times the records: time and memory against one times."""
    about = "the whole path on one document"
    datasets = [sales(options.work, records=options.records * factor) for factor in (1, 10)]
    starts = [Start(contestant=headgate(f"records_{d.records}", about), dataset=d) for d in datasets]
    small, large = entries = _entries(starts, options)
    time, memory = large.wall_s / small.wall_s, large.peak_mib / small.peak_mib
    return entries, [f"Ten times the records take {time:.1f} times the time and {memory:.2f} times the memory."]


def document(options: Options) -> tuple[list[Entry], list[str]]:
    """One document a hundred times as large, once: at 100,000 records 8 GB."""
    dataset = sales(options.work, records=options.records * 100)
    start = Start(contestant=headgate("document", "the whole path on one document"), dataset=dataset)
    (entry,) = entries = _entries([start], options, runs=1)
    return entries, [f"{entry.size_bytes / 1e6 / entry.wall_s:.0f} MB/s in {entry.peak_mib:.0f} MiB."]


def many(options: Options) -> tuple[list[Entry], list[str]]:
    """Thousands of small files: all at once, and the first against the last of them in one project."""
    files = options.records // FILE_RECORDS
    if files < 3 * WINDOW_FILES:
        raise SystemExit(f"many: {files} files are too few, give --records {3 * WINDOW_FILES * FILE_RECORDS} or more")
    dataset = sales(options.work, records=options.records, files=files)
    warm(dataset)
    parts = {
        "all": dataset.paths,
        "first": dataset.paths[:WINDOW_FILES],
        "between": dataset.paths[WINDOW_FILES:-WINDOW_FILES],
        "last": dataset.paths[-WINDOW_FILES:],
    }
    runs: dict[str, list[Run]] = {name: [] for name in parts}
    for number in range(options.runs):
        for name, run in _one_pass(parts, options.work / "runs").items():
            runs[name].append(run)
            print(f"{number + 1}/{options.runs} {name}: {run.wall_s:.2f} s", file=sys.stderr)
    about = {
        "all": "every file in one call, in a project of its own",
        "first": f"the first {WINDOW_FILES} files, in a new project",
        "between": "the files between, in the same project",
        "last": f"the last {WINDOW_FILES} files, in the same project, after all the others",
    }
    entries = [
        Entry(
            name=name,
            about=about[name],
            records=len(paths) * FILE_RECORDS,
            files=len(paths),
            size_bytes=sum(path.stat().st_size for path in paths),
            runs=runs[name],
        )
        for name, paths in parts.items()
    ]
    whole, first, _, last = entries
    rate, drift = whole.files / whole.wall_s, last.wall_s / first.wall_s
    return entries, [f"{rate:,.0f} files a second; the last {WINDOW_FILES} take {drift:.2f} times the first's time."]


def startup(options: Options) -> tuple[list[Entry], list[str]]:
    """`headgate --help` beside an interpreter that does nothing."""
    commands = {"help": [product(), "--help"], "python": [sys.executable, "-c", "pass"]}
    about = {"help": "`headgate --help`", "python": "the interpreter alone"}
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    log = fresh(options.work / "runs" / "startup") / "startup.log"
    for _ in range(options.runs * STARTS_A_RUN):
        for name, command in commands.items():
            runs[name].append(timed(command, log=log))
    entries = [
        Entry(name=name, about=about[name], records=0, files=0, size_bytes=0, runs=runs[name]) for name in commands
    ]
    return entries, [f"The product adds {1000 * (entries[0].wall_s - entries[1].wall_s):.0f} ms to the interpreter."]


SCENARIOS: dict[str, Scenario] = {
    "compare": compare,
    "growth": growth,
    "document": document,
    "many": many,
    "startup": startup,
}


def _document(options: Options) -> Dataset:
    if options.given:
        return Dataset(records=options.records, paths=(options.given,), defects=0.0)
    return sales(options.work, records=options.records)


def _defective(options: Options) -> Dataset:
    return sales(options.work, records=options.records, defects=DEFECTS)


def _wanted(starts: Sequence[Start], only: frozenset[str]) -> list[Start]:
    names = [start.contestant.name for start in starts]
    if unknown := only - set(names):
        raise SystemExit(f"--only: no contestant {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return [start for start in starts if not only or start.contestant.name in only]


def _entries(starts: Sequence[Start], options: Options, *, runs: int | None = None) -> list[Entry]:
    taken = interleaved(starts, runs=runs or options.runs, folder=options.work / "runs")
    return [_entry(start.contestant, start.dataset, taken[start.contestant.name]) for start in starts]


def _entry(contestant: Contestant, dataset: Dataset, runs: list[Run]) -> Entry:
    return Entry(
        name=contestant.name,
        about=contestant.about,
        records=dataset.records,
        files=len(dataset.paths),
        size_bytes=dataset.size_bytes,
        runs=runs,
    )


def _one_pass(parts: dict[str, tuple[Path, ...]], folder: Path) -> dict[str, Run]:
    """All files in one project; then first, between and last in another, one after the other."""
    contestant = headgate()
    runs = {}
    for project, names in {"whole": ["all"], "parts": ["first", "between", "last"]}.items():
        output = fresh(folder / f"many_{project}")
        for command in contestant.prepare(output):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for name in names:
            runs[name] = timed(contestant.command(parts[name], output), log=folder / "many.log")
        shutil.rmtree(output)
    return runs
