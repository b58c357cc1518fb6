"""Who is measured. Each contestant is a command that takes files and an output folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import product

SCRIPTS = Path(__file__).parent / "contestants"
Command = list[str]


def nothing(_: Path) -> list[Command]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    name: str
    about: str  # what it does, for the reader of the table
    command: Callable[[Sequence[Path], Path], Command]  # timed
    prepare: Callable[[Path], list[Command]] = nothing  # before it, not timed


def _project(output: Path) -> list[Command]:
    return [[product(), "init", str(output / "project")]]


def _run(paths: Sequence[Path], output: Path) -> Command:
    return [product(), "run", *(str(path) for path in paths), "--project", str(output / "project")]


def headgate(
    name: str = "headgate", about: str = "the whole path: proof, checks, quarantine, Delta, receipt"
) -> Contestant:
    return Contestant(name=name, about=about, command=_run, prepare=_project)


def _script(python: Path, script: str, *options: str) -> Callable[[Sequence[Path], Path], Command]:
    def command(paths: Sequence[Path], output: Path) -> Command:
        (path,) = paths
        return [str(python), str(SCRIPTS / script), str(path), str(output), *options]

    return command


def peers(python: Path) -> tuple[Contestant, ...]:
    """The others, run by their own interpreter."""
    return (
        Contestant(
            name="pandas_gx",
            about="pandas and Great Expectations: load, 5 expectations, 3 aggregates, 4 Delta tables; no row verdicts",
            command=_script(python, "pandas_gx.py"),
        ),
        Contestant(
            name="dlt",
            about="dlt as it comes: transactions and items as Delta tables; no checks, no aggregates",
            command=_script(python, "dlt_load.py"),
        ),
        Contestant(
            name="dlt_tuned",
            about="the same by two processes, with larger files and no compression between the steps",
            command=_script(python, "dlt_load.py", "tuned"),
        ),
        Contestant(
            name="dlt_arrow",
            about="dlt with Arrow tables handed over: one Delta table, items nested; no checks, no aggregates",
            command=_script(python, "dlt_load.py", "arrow"),
        ),
        Contestant(
            name="floor",
            about="DuckDB alone: silver's columns and the flow's aggregates, without medians, as Parquet; no checks",
            command=_script(python, "floor.py"),
        ),
        Contestant(
            name="floor_bare",
            about="the same without currencies, and with aggregates of one sum and one count",
            command=_script(python, "floor.py", "bare"),
        ),
    )
