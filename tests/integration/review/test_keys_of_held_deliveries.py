"""A delivery that is held takes no key from others, and stays what it was when it was held."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.project import all_deliveries, make_project, make_sales, open_project, run_files

from headgate.core.records import Counts
from headgate.core.states import DeliveryState as State


def write(folder: Path, number: int, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"sales_batch_2026112{number}_060000.json"
    path.write_text(json.dumps({"transactions": rows}), encoding="utf-8")
    return path


def broken(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    return [row | {"status": "lost"} for row in rows[:count]] + rows[count:]


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    made = make_sales(tmp_path / "made", count=60, seed=5)
    found: list[dict[str, Any]] = json.loads(made.files[0].read_bytes())["transactions"]
    return found


@pytest.mark.parametrize("together", [1, 256])
def test_a_duplicate_that_tips_its_delivery_below_the_threshold(
    rows: list[dict[str, Any]], tmp_path: Path, together: int
) -> None:
    """38 of 40 are accepted, just enough; but one of them is a duplicate, and 37 of 39 are too few."""
    files = [write(tmp_path, 1, [rows[39], *rows[40:]]), write(tmp_path, 2, broken(rows[:40], 2))]
    platform = open_project(make_project(tmp_path / "project", "sales"), batch_deliveries=together)
    run_files(platform, files)
    first, second = all_deliveries(platform)
    assert (first.state, first.counts) == (State.ARCHIVED, Counts(received=21, accepted=21))
    assert (second.state, second.counts) == (State.HELD, Counts(received=40, held=39, duplicate=1))
    assert proof.faults(platform) == []
    platform.ledger.close()


@pytest.mark.parametrize("together", [1, 256])
def test_rows_of_a_held_delivery_leave_their_keys_to_others(
    rows: list[dict[str, Any]], tmp_path: Path, together: int
) -> None:
    twice = [*broken(rows[:20], 10), rows[19]]
    files = [write(tmp_path, 1, twice), write(tmp_path, 2, rows[15:40]), write(tmp_path, 3, rows[30:])]
    platform = open_project(make_project(tmp_path / "project", "sales"), batch_deliveries=together)
    run_files(platform, files)
    held, second, third = all_deliveries(platform)
    assert (held.state, held.counts) == (State.HELD, Counts(received=21, held=20, duplicate=1))
    assert (second.state, second.counts) == (State.ARCHIVED, Counts(received=25, accepted=25))
    assert (third.state, third.counts) == (State.ARCHIVED, Counts(received=30, accepted=20, duplicate=10))
    assert proof.faults(platform) == []
    platform.ledger.close()
