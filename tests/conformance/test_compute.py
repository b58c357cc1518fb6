"""What every Compute does, shown on each implementation: workers as processes, workers as threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.harness.damaged_files import make_flows
from tests.harness.project import all_deliveries, arrived, open_project

from headgate import operations, pipeline
from headgate.adapters.process_compute import ProcessCompute
from headgate.adapters.worker_pool import REPLACEMENTS
from headgate.core.platform import Platform
from headgate.core.ports import Compute
from headgate.core.states import DeliveryState as State
from headgate.testing import ThreadCompute

PATIENCE_S = 60.0
FILES = 12


def until(true: Callable[[], bool]) -> None:
    late = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < late:
        time.sleep(0.02)
    assert true()


def told(pool: Compute, count: int) -> list[str]:
    """The first owners that the pool tells."""
    found: list[str] = []

    def enough() -> bool:
        found.extend(pool.reap())
        return len(found) >= count

    until(enough)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose batches are single deliveries, with some that wait to be checked."""
    folder = tmp_path / "project"
    make_flows(folder)
    with (folder / "headgate.toml").open("a") as settings:
        settings.write("[run]\nbatch_deliveries = 1\n")
    files = [tmp_path / f"readings{number}.csv" for number in range(FILES)]
    for number, file in enumerate(files):
        file.write_text(f"id,value,count,ratio,read_at,day,sound,note\nr{number},1,1,1,,,,\n")
    platform = open_project(folder)
    pipeline.take_in(arrived(files), platform, "r-1")
    platform.close()
    return folder


@pytest.fixture
def platform(project: Path) -> Iterator[Platform]:
    opened = open_project(project)
    yield opened
    opened.close()


def in_state(platform: Platform, state: State) -> int:
    return sum(one.state is state for one in all_deliveries(platform))


class ComputeContract:
    """Inherit and give the fixtures `compute`, over `project`, and `doomed`, whose workers can only die."""

    def test_workers_do_what_waits_and_end(self, compute: Compute, platform: Platform) -> None:
        compute.start(2)
        until(lambda: in_state(platform, State.CHECKED) == FILES)
        assert len(set(told(compute, 2))) == 2
        assert compute.reap() == []

    def test_no_worker_is_no_fault(self, compute: Compute, platform: Platform) -> None:
        compute.start(0)
        assert compute.reap() == []
        compute.stop()
        assert in_state(platform, State.LANDED) == FILES

    def test_stopped_workers_finish_the_batch_at_hand(self, compute: Compute, platform: Platform) -> None:
        compute.start(2)
        until(lambda: in_state(platform, State.CHECKED) > 0)
        compute.stop()
        left = in_state(platform, State.LANDED)
        ends = {(one.state, one.note) for one in all_deliveries(platform)}
        assert left + in_state(platform, State.CHECKED) == FILES, ends
        free = 0
        while platform.ledger.claim("other", max_deliveries=1, max_bytes=1, ttl_s=60):
            free += 1
        assert free == left  # no worker went away with a lease
        assert len(compute.reap()) == 2

    def test_stopping_twice_changes_nothing(self, compute: Compute) -> None:
        compute.start(1)
        compute.stop()
        compute.stop()
        assert len(compute.reap()) == 1
        assert compute.reap() == []

    def test_workers_that_die_are_told_and_replaced_three_times(self, doomed: Compute) -> None:
        doomed.start(1)
        assert len(set(told(doomed, REPLACEMENTS + 1))) == REPLACEMENTS + 1
        doomed.stop()
        assert doomed.reap() == []

    def test_a_stopped_pool_replaces_nobody(self, doomed: Compute) -> None:
        doomed.start(2)
        doomed.stop()
        assert len(doomed.reap()) == 2
        assert doomed.reap() == []

    def test_a_run_with_workers_publishes_all(self, compute: Compute, platform: Platform, tmp_path: Path) -> None:
        result = operations.run(platform, [], reports=tmp_path / "reports", compute=compute, workers=1)
        assert len(result.in_state(State.ARCHIVED)) == FILES


class TestProcesses(ComputeContract):
    @pytest.fixture
    def compute(self, project: Path) -> Iterator[Compute]:
        pool = ProcessCompute(project, processes=2)
        yield pool
        pool.stop()

    @pytest.fixture
    def doomed(self, tmp_path: Path) -> Iterator[Compute]:
        pool = ProcessCompute(tmp_path / "no-project", processes=2)
        yield pool
        pool.stop()

    def test_the_dead_say_why(self, doomed: Compute, capfd: pytest.CaptureFixture[str]) -> None:
        doomed.start(1)
        assert told(doomed, 1)
        doomed.stop()
        assert "headgate init" in capfd.readouterr().err


class TestThreads(ComputeContract):
    @pytest.fixture
    def compute(self, project: Path) -> Iterator[Compute]:
        pool = ThreadCompute(lambda: open_project(project))
        yield pool
        pool.stop()

    @pytest.fixture
    def doomed(self, tmp_path: Path) -> Iterator[Compute]:
        pool = ThreadCompute(lambda: open_project(tmp_path / "no-project"))
        yield pool
        pool.stop()

    def test_the_dead_say_why(self, doomed: Compute, caplog: pytest.LogCaptureFixture) -> None:
        doomed.start(1)
        assert told(doomed, 1)
        doomed.stop()
        assert "headgate init" in caplog.text
