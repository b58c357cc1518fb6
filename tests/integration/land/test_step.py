"""Files on their way into the vault: big ones, and those that change while they are read."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from tests.harness.project import all_deliveries, arrived, run_files
from tests.harness.small import rows_of, shop, table_rows, write_rows

from headgate import pipeline
from headgate.core.errors import TransientError
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform, Progress
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState as State
from headgate.land import copying, step
from headgate.testing import Fault, faulty

ROWS = 1000
PIECE_BYTES = mmap.ALLOCATIONGRANULARITY


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = shop(tmp_path / "project")
    yield made
    made.ledger.close()


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of over a hundred bytes are big ones, and copied by pages."""
    monkeypatch.setattr(step, "IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(copying, "PIECE_BYTES", PIECE_BYTES)


def many(folder: Path, name: str = "big.json") -> Path:
    return write_rows(folder / "in", name, rows_of(*(f"r{number}" for number in range(ROWS))))


def content(stream: BinaryIO) -> bytes:
    with stream:
        return stream.read()


@pytest.mark.usefixtures("small_pieces")
def test_a_big_file_is_copied_piece_by_piece_and_moved_in(platform: Platform, tmp_path: Path) -> None:
    file = many(tmp_path)
    told: list[Progress] = []
    pipeline.take_in(arrived([file]), replace(platform, progress=told.append), "r-1")
    (one,) = all_deliveries(platform)
    assert one.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert content(platform.vault.open(vault_name(one.sha256))) == file.read_bytes()
    size = file.stat().st_size
    assert size > 2 * PIECE_BYTES
    assert [one.done for one in told if one.total is None] == [*range(PIECE_BYTES, size, PIECE_BYTES), size]
    assert list(Path(platform.stage).glob("landing-*")) == []
    pipeline.work(platform)
    assert len(table_rows(platform, "shop/silver/rows", "id")) == ROWS


@pytest.mark.usefixtures("small_pieces")
def test_a_copy_that_fails_leaves_nothing_behind(platform: Platform, tmp_path: Path) -> None:
    faults = [Fault(method="adopt", call=call) for call in range(1, pipeline.TRIES + 1)]
    broken = replace(platform, random=lambda: -0.5, vault=faulty(platform.vault, *faults))
    with pytest.raises(TransientError, match="adopt"):
        pipeline.take_in(arrived([many(tmp_path)]), broken, "r-1")
    assert list(Path(platform.stage).glob("landing-*")) == []
    assert all_deliveries(platform) == []


@pytest.mark.usefixtures("small_pieces")
def test_a_copy_whose_move_is_not_heard_of_is_taken_once(platform: Platform, tmp_path: Path) -> None:
    broken = replace(platform, random=lambda: -0.5, vault=faulty(platform.vault, Fault(method="adopt", after=True)))
    run_files(broken, [many(tmp_path)])
    assert [one.state for one in all_deliveries(platform)] == [State.ARCHIVED]


@pytest.mark.usefixtures("small_pieces")
def test_a_file_that_grows_while_it_is_read_is_left_for_later(platform: Platform, tmp_path: Path) -> None:
    """Only a whole file is a delivery; the others that came with it are taken."""
    growing, whole = many(tmp_path, "growing.json"), write_rows(tmp_path / "in", "whole.json", rows_of("w"))
    grown: list[int] = []

    def grow(progress: Progress) -> None:
        if progress.total is None and not grown:
            with cast("BinaryIO", growing.open("ab")) as file:
                grown.append(file.write(b" "))

    taken = pipeline.take_in(arrived([growing, whole]), replace(platform, progress=grow), "r-1")
    assert [one.name for one in taken] == ["whole.json"]
    assert grown == [1]
    again = pipeline.take_in(arrived([growing]), platform, "r-1")
    assert [(one.name, one.size_bytes) for one in again] == [("growing.json", growing.stat().st_size)]
