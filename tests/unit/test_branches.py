"""The figure that `make coverage` enforces."""

from __future__ import annotations

from typing import Any

import pytest
from tests.harness.branches import branches_of, lines, share


def report(**taken: int) -> dict[str, Any]:
    """As `coverage json` writes it: each module has ten branches; lines count for nothing."""
    files = {
        f"src/headgate/core/{name}.py": {
            "summary": {"covered_branches": count, "num_branches": 10, "percent_covered": 100.0},
            "missing_branches": [[number, -1] for number in range(10 - count)],
        }
        for name, count in taken.items()
    }
    return {"files": {**files, "src/headgate/cli/main.py": {"summary": {"covered_branches": 0, "num_branches": 99}}}}


def test_the_share_is_over_all_modules_of_the_places() -> None:
    found = branches_of(report(a=10, b=8), ["src/headgate/core/"])
    assert share(found) == 90.0
    assert share([]) == 100.0


def test_modules_that_miss_some_are_told_the_worst_first() -> None:
    told = lines(branches_of(report(a=9, b=10, c=8), ["src/headgate/core/"]))
    assert [line.split()[2].rpartition("/")[2] for line in told[:-1]] == ["c.py", "a.py"]
    assert "0->-1, 1->-1" in told[0]
    assert told[-1].endswith("27/30")


def test_a_place_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(SystemExit, match="no module under src/headgate/land/"):
        branches_of(report(a=10), ["src/headgate/land/"])
