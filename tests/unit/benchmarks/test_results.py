from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.machine import Machine, this_machine
from benchmarks.process_tree import Run
from benchmarks.results import MIB, Entry, Result, load, render, row, save
from benchmarks.run import main, parse


def run(wall_s: float, peak_mib: int = 100) -> Run:
    return Run(wall_s=wall_s, cpu_s=wall_s / 2, peak_bytes=peak_mib * MIB, samples=3, exit_code=0, output="")


def entry(name: str, *runs: Run) -> Entry:
    return Entry(name=name, about=f"about {name}", records=1000, files=1, size_bytes=2_000_000, runs=list(runs))


def result(name: str, *entries: Entry) -> Result:
    return Result(
        name=name,
        title=f"Title of {name}",
        taken_at="2026-01-02T03:04+00:00",
        machine=Machine(processor="P", cores=2, memory_bytes=8 << 30, kernel="K", python="3", load=0.1),
        versions={"Product": {"headgate": "0.1.0"}},
        entries=list(entries),
        findings=["A finding."],
    )


def test_row_gives_median_range_and_ratio_to_the_first() -> None:
    first = entry("first", run(2.0))
    slow = entry("slow", run(9.0, 300), run(5.0, 100), run(6.0, 200))
    assert row(slow, first) == "| `slow` | 1,000 | 1 | 2 | 6.00 | 5.00-9.00 | 3.00 | 200 | 3.00 |"


def test_saved_results_come_back_in_the_order_of_the_page(tmp_path: Path) -> None:
    kept = [result("startup", entry("help", run(0.1))), result("compare", entry("headgate", run(1.0)))]
    for one in kept:
        save(one, tmp_path)
    assert load(tmp_path) == kept[::-1]


def test_page_holds_every_table_once() -> None:
    page = render([result("compare", entry("a", run(1.0)), entry("b", run(2.0))), result("many", entry("c", run(3.0)))])
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## Title of compare", "## Title of many"]
    assert sum(line.startswith("| `") for line in page.splitlines()) == 3
    assert page.count("A finding.") == 2


def test_machine_names_processor_and_memory() -> None:
    machine = this_machine()
    assert machine.processor
    assert machine.cores >= 1
    assert machine.memory_bytes > 1 << 28


@pytest.mark.parametrize("arguments", [["no_such"], ["--runs", "0"], ["--records", "0"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2


def test_too_few_files_to_compare_their_ends_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="give --records 30000 or more"):
        main(["many", "--records", "1000", "--work", str(tmp_path), "--dry"])
