from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from benchmarks.data import Dataset
from benchmarks.lineup import Command, Contestant
from benchmarks.measure import Start, interleaved, timed

APPEND = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"


def contestant(name: str, journal: Path) -> Contestant:
    """Writes its name to the journal when it runs, and fails when its folder is not fresh but prepared."""
    code = f"import os, sys; assert os.listdir(sys.argv[3]) == ['ready']; {APPEND}"

    def command(_: Sequence[Path], output: Path) -> Command:
        return [sys.executable, "-c", code, str(journal), name, str(output)]

    def prepare(output: Path) -> list[Command]:
        return [[sys.executable, "-c", APPEND, str(output / "ready"), ""]]

    return Contestant(name=name, about="", command=command, prepare=prepare)


def test_contestants_take_turns_on_fresh_prepared_folders(tmp_path: Path) -> None:
    source = tmp_path / "in.json"
    source.write_text("{}", encoding="utf-8")
    dataset = Dataset(records=0, paths=(source,), defects=0.0)
    journal = tmp_path / "journal"
    starts = [Start(contestant=contestant(name, journal), dataset=dataset) for name in "ab"]
    taken = interleaved(starts, runs=3, folder=tmp_path / "runs")
    assert journal.read_text(encoding="utf-8") == "ababab"
    assert {name: len(runs) for name, runs in taken.items()} == {"a": 3, "b": 3}
    assert all(run.wall_s > 0 for runs in taken.values() for run in runs)


def test_failed_run_stops_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"(?s)ended with 1 after .* s:\nno such flow"):
        timed([sys.executable, "-c", "import sys; sys.exit('no such flow')"], log=tmp_path / "log")
