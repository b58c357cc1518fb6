"""The harness of cuts and kills, small enough for each build; `upload_cuts` says how to run the whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.upload_cuts import MEBIBYTE, run


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_cuts_and_kills_lose_nothing(tmp_path: Path, seed: int, *, checked: bool) -> None:
    outcome = run(
        tmp_path, size_bytes=40 * MEBIBYTE, chunk_bytes=2 * MEBIBYTE, cuts=20, kills=3, seed=seed, checked=checked
    )
    assert outcome.problems() == []
