from __future__ import annotations

import time
from pathlib import Path

import pytest

from headgate.adapters.process_compute import REPLACEMENTS, ProcessCompute

PATIENCE_S = 60.0


def test_workers_that_die_are_told_and_replaced_three_times(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pool = ProcessCompute(tmp_path / "no-project", processes=2)  # where a worker can do nothing but die
    pool.start(1)
    ended: list[str] = []
    late = time.monotonic() + PATIENCE_S
    while len(ended) < REPLACEMENTS + 1 and time.monotonic() < late:
        ended += pool.reap()
        time.sleep(0.05)
    pool.stop()
    assert len(set(ended)) == len(ended) == REPLACEMENTS + 1
    assert pool.reap() == []
    assert capfd.readouterr().err.count("headgate init") == REPLACEMENTS + 1


def test_stopping_ends_the_workers_and_tells_them(ran: Path) -> None:
    pool = ProcessCompute(ran, processes=2)
    pool.start(2)
    pool.stop()
    assert len(pool.reap()) == 2
    assert pool.reap() == []
