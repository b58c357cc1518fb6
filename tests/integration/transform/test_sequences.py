"""Whatever happens to a project in whatever order, gold follows from silver and the counts balance."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.sequences import run_orders, run_sequence


@pytest.mark.parametrize("seed", [901, 902, 903, 904])
def test_a_random_sequence(seed: int, tmp_path: Path) -> None:
    steps, wrong = run_sequence(tmp_path, seed)
    assert wrong == [], steps
    assert len(steps) > 1


def test_batches_windows_and_order_change_nothing(tmp_path: Path) -> None:
    assert run_orders(tmp_path, 905) == []
