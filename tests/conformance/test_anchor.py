"""What every Anchor does, shown on each implementation."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.adapters.file_anchor import FileAnchor
from headgate.core.ports import Anchor


def note(size: int, *, filler: int = 0) -> str:
    return f"log\n{size}\nAAAA\n\n— log {'x' * filler}\n"


class AnchorContract:
    """Inherit and give the fixture `anchor`: a new, empty one for each test."""

    def test_nothing_at_first(self, anchor: Anchor) -> None:
        assert (anchor.notes(), anchor.last_size()) == ([], 0)

    def test_keeps_notes_in_order(self, anchor: Anchor) -> None:
        for size in (1, 7, 300):
            anchor.append(size, note(size))
        assert anchor.notes() == [note(1), note(7), note(300)]
        assert anchor.last_size() == 300

    def test_knows_the_last_of_many(self, anchor: Anchor) -> None:
        for size in range(1, 60):
            anchor.append(size, note(size, filler=2_000))
        assert anchor.last_size() == 59
        assert len(anchor.notes()) == 59


class TestFile(AnchorContract):
    @pytest.fixture
    def anchor(self, tmp_path: Path) -> Anchor:
        return FileAnchor(tmp_path / "anchor" / "checkpoints.txt")

    @pytest.mark.parametrize("rest", ["log\n9\nAA", "log\n9\nAAAA\n\n— log x\n--", "—".encode()[:2].decode("latin-1")])
    def test_half_a_note_left_by_a_power_loss_is_cut_off(self, tmp_path: Path, rest: str) -> None:
        place = tmp_path / "checkpoints.txt"
        anchor = FileAnchor(place)
        anchor.append(3, note(3))
        whole = place.read_bytes()
        place.write_bytes(whole + rest.encode())
        assert anchor.last_size() == 3
        anchor.append(5, note(5))
        assert anchor.notes() == [note(3), note(5)]

    def test_only_half_a_note_is_none(self, tmp_path: Path) -> None:
        place = tmp_path / "checkpoints.txt"
        place.write_text("log\n9", encoding="utf-8")
        anchor = FileAnchor(place)
        assert anchor.last_size() == 0
        anchor.append(5, note(5))
        assert anchor.notes() == [note(5)]
