"""The stage of a finished publication goes, whoever finishes it; that of a delivery on its way stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.harness.project import all_deliveries, arrived, make_project, make_sales, open_project

from headgate import pipeline
from headgate.core.faults import VARIABLE
from headgate.core.platform import Platform
from headgate.core.states import DeliveryState as State

LEASE_S = "0.5"  # a dead process holds the flow no longer


def run(project: Path, *files: Path, point: str | None = None) -> int:
    environment = {**os.environ, "HEADGATE_LEASE_S": LEASE_S} | ({VARIABLE: point} if point else {})
    command = [sys.executable, "-m", "headgate.cli.main", "run", *map(str, files)]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False).returncode


def left(project: Path) -> list[Path]:
    return [place for place in project.glob("lake/.stage/sales/*") if place.is_dir()]


@pytest.mark.parametrize("point", ["after intent", "before completion", "after completion"])
def test_a_killed_publication_leaves_no_stage_once_it_is_finished(tmp_path: Path, point: str) -> None:
    project = make_project(tmp_path / "project", "sales")
    made = make_sales(tmp_path / "in", count=20, seed=1)
    assert run(project, *made.files, point=point) == -signal.SIGKILL
    assert len(left(project)) == 1
    assert run(project) == 0
    assert left(project) == []


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_project(make_project(tmp_path / "project", "sales"))
    yield opened
    opened.close()


def test_a_stage_stays_while_a_delivery_in_it_is_on_its_way(platform: Platform, tmp_path: Path) -> None:
    first = make_sales(tmp_path / "first", count=20, seed=1).files[0]
    second = make_sales(tmp_path / "second", count=20, seed=2, first_number=100).files[0]
    # one name, so that one publication cannot take both although they were checked together
    changed = second.rename(second.with_name(first.name))
    pipeline.take_in(arrived([first, changed]), platform, "r-1")
    assert pipeline.check_next(platform)
    flow = platform.flows["sales"]
    assert pipeline.settle_next(flow, platform)
    assert [one.state for one in all_deliveries(platform)] == [State.ARCHIVED, State.CHECKED]
    assert len(left(tmp_path / "project")) == 1
    assert pipeline.settle_next(flow, platform)
    assert [one.state for one in all_deliveries(platform)] == [State.SUPERSEDED, State.ARCHIVED]
    assert left(tmp_path / "project") == []
