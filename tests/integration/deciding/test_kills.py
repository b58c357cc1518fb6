"""A repair that is killed comes to the same end: every fault point once, and some moments at random."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("given", [("--points",), ("--kills", "6", "--seed", "7")], ids=["points", "random"])
def test_a_killed_repair_comes_to_the_same_end(given: tuple[str, ...]) -> None:
    # in a process of its own: the harness forks, and this one has threads
    done = subprocess.run(
        [sys.executable, "-m", "tests.harness.kills_of_decisions", *given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kills, 0 faults" in done.stdout
    assert ", 0 kills" not in done.stdout
