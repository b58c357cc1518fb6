"""The anchor takes every checkpoint that it lacks, however many, and none of an empty log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.harness.small import contract, shop, write_flow

from headgate.archive.anchoring import FEW, anchor
from headgate.core.errors import TransientError
from headgate.core.platform import Platform
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.settings import read_settings
from headgate.testing import Fault, faulty
from headgate.wiring import open_platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = shop(tmp_path / "project")
    yield made
    made.ledger.close()


@pytest.mark.parametrize("lost", [1, FEW, 3 * FEW, 40])
def test_an_anchor_that_was_away_catches_up_in_order(platform: Platform, lost: int) -> None:
    anchor(platform)
    before = len(platform.anchor.notes())
    away = replace(
        platform, anchor=faulty(platform.anchor, *(Fault(method="append", call=call) for call in range(1, lost + 1)))
    )
    for number in range(lost):
        platform.ledger.append([Event(type="note", fields={"n": number})], at=platform.clock())
        with pytest.raises(TransientError):
            anchor(away)
    last = anchor(platform)
    notes = platform.anchor.notes()
    assert len(notes) == before + lost
    assert notes == [note for _, note in platform.ledger.checkpoints()]
    assert notes[-1] == last
    assert anchor(platform) == last
    assert platform.anchor.notes() == notes


def test_an_empty_log_has_no_head(tmp_path: Path) -> None:
    write_flow(tmp_path, 'source: {files: "*.json"}', contract_text=contract())
    platform = open_platform(read_settings(tmp_path, {}), {})
    try:
        assert platform.ledger.log_size() == 0
        assert anchor(platform) is None
        assert platform.anchor.notes() == []
    finally:
        platform.ledger.close()
