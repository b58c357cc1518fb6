from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from benchmarks.process_tree import PAGE_BYTES, Process, parse_stat, resident_bytes, run_sampled, tree
from hypothesis import given
from hypothesis import strategies as st

MIB = 1 << 20


def process(pid: int, parent: int, session: int = 0) -> Process:
    return Process(pid=pid, parent=parent, session=session)


@pytest.mark.parametrize("name", ["python", "two words", "a) S 1 (b", "((", ")"])
def test_stat_line_is_read_whatever_the_name(name: str) -> None:
    fields = ["S", "7", "42", "40", *["0"] * 17, "300", *["0"] * 28]
    read = parse_stat(f"42 ({name}) {' '.join(fields)}\n")
    assert read == Process(pid=42, parent=7, session=40)


def test_tree_holds_descendants_and_orphans_of_the_session() -> None:
    found = [
        process(9, parent=8),  # before its parent in the listing
        process(5, parent=1, session=5),
        process(8, parent=5, session=5),
        process(6, parent=1, session=5),  # its parent ended
        process(7, parent=6, session=7),  # child of that orphan, in a session of its own
        process(3, parent=1, session=3),
        process(4, parent=3, session=3),
    ]
    assert tree(5, found) == {5, 6, 7, 8, 9}


def test_memory_is_the_resident_pages_and_none_of_a_process_that_ended(tmp_path: Path) -> None:
    (tmp_path / "42").mkdir()
    (tmp_path / "42" / "statm").write_text("9000 300 200 1 0 800 0\n")
    assert resident_bytes(42, tmp_path) == 300 * PAGE_BYTES
    assert resident_bytes(43, tmp_path) == 0
    assert resident_bytes(os.getpid()) > MIB


@given(parents=st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=30))
def test_tree_is_what_following_parents_upwards_reaches(parents: list[int]) -> None:
    parent_of = dict(enumerate(parents, start=1))
    found = [process(pid, parent) for pid, parent in parent_of.items()]

    def below_one(pid: int) -> bool:
        seen: set[int] = set()
        while pid in parent_of and pid not in seen:
            if pid == 1:
                return True
            seen.add(pid)
            pid = parent_of[pid]
        return False

    below = {pid for pid in parent_of if below_one(pid)}
    assert tree(1, found) == below
    for seen_before in range(len(found)):  # what is known of the first need not be read again
        known = tree(1, found[:seen_before])
        assert known <= tree(1, found[seen_before:], known) <= below


def test_peak_sums_parent_and_child(tmp_path: Path) -> None:
    child = "import time; block = b'x' * (64 << 20); time.sleep(0.4)"
    parent = f"import subprocess, sys; block = b'x' * (64 << 20); subprocess.run([sys.executable, '-c', {child!r}])"
    run = run_sampled([sys.executable, "-c", parent], log=tmp_path / "log")
    assert run.exit_code == 0
    assert 128 * MIB < run.peak_bytes < 220 * MIB
    assert run.samples >= 5
    assert run.wall_s > 0.4


def test_processor_time_is_the_commands_and_not_its_waiting(tmp_path: Path) -> None:
    run = run_sampled([sys.executable, "-c", "import time; time.sleep(0.5)"], log=tmp_path / "log")
    assert run.wall_s > 0.5
    assert 0 < run.cpu_s < 0.4


def test_failure_keeps_exit_code_and_output(tmp_path: Path) -> None:
    code = "import sys; print('out', flush=True); sys.exit('no such document')"
    run = run_sampled([sys.executable, "-c", code], log=tmp_path / "log")
    assert run.exit_code == 1
    assert run.output == "out\nno such document\n"


def test_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    run = run_sampled([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], log=tmp_path / "log")
    assert run.exit_code == -9
