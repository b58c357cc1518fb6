"""Generated defects are found, all of them, and nothing else is stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.answer_key import STATISTICAL, run_seed

from headgate.generate.defects import Defect, FileDefect


@pytest.mark.parametrize("seed", [6_001, 6_002])
def test_every_defect_is_told_and_no_clean_row_is_stopped(seed: int, tmp_path: Path) -> None:
    score = run_seed(seed, count=4_000, defects=0.04, folder=tmp_path)
    assert score.passed, "\n".join(score.lines())
    assert {*map(str, Defect), *map(str, FileDefect)} <= {kind for kind, count in score.expected.items() if count}
    assert all(score.claimed[kind] for kind in STATISTICAL)
    assert score.clean > 3_900
