"""Big files are copied once, hashed on the way; a copy begun early is taken by landing or removed."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.core.batches import Arrived
from headgate.land import copying
from headgate.land.copying import IN_MEMORY_BYTES, begun_early, copy_aside

BIG = bytes(range(256)) * (IN_MEMORY_BYTES // 256 + 1)


def arrived(path: Path) -> Arrived:
    return Arrived(path=str(path), name=path.name, size_bytes=path.stat().st_size)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    place = tmp_path / "big.json"
    place.write_bytes(BIG)
    return place


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    return tmp_path / "stage"


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(copying, "PIECE_BYTES", mmap.ALLOCATIONGRANULARITY)
    return mmap.ALLOCATIONGRANULARITY


def failing(number: int) -> Callable[..., int]:
    """A call of the kernel that gives this error."""

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("by_kernel", [True, False])
@pytest.mark.parametrize("pieces", [0, 1, 3])
@pytest.mark.parametrize("more_bytes", [0, 1, 7])
def test_the_copy_is_the_file(
    tmp_path: Path, small_pieces: int, pieces: int, more_bytes: int, monkeypatch: pytest.MonkeyPatch, *, by_kernel: bool
) -> None:
    if not by_kernel:
        monkeypatch.setattr(os, "copy_file_range", failing(errno.EINVAL), raising=False)  # as for some file systems
    content = BIG[: pieces * small_pieces + more_bytes]
    place = tmp_path / "one"
    place.write_bytes(content)
    told: list[int] = []
    copied = copy_aside(str(place), str(tmp_path), told.append)
    assert Path(copied.aside).read_bytes() == content
    assert (copied.sha256, copied.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert copied.head == content[: len(copied.head)]
    assert len(copied.head) == min(len(content), small_pieces, 64 << 10)
    assert told[-1:] == ([len(content)] if content else [])


def test_what_comes_behind_the_last_piece_is_not_copied(tmp_path: Path, small_pieces: int) -> None:
    """A file that grows is told by its size afterwards, not by an error in the middle."""
    place = tmp_path / "growing"
    place.write_bytes(BIG[: small_pieces + 7])

    def grow(done: int) -> None:
        if done > small_pieces:
            with place.open("ab") as file:
                file.write(b"more")

    copied = copy_aside(str(place), str(tmp_path), grow)
    assert Path(copied.aside).read_bytes() == BIG[: small_pieces + 7]
    assert copied.sha256 == hashlib.sha256(BIG[: small_pieces + 7]).hexdigest()
    assert place.stat().st_size == copied.size_bytes + 4


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "copy_file_range", failing(errno.ENOSPC), raising=False)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        copy_aside(str(big), str(tmp_path))
    assert list(tmp_path.iterdir()) == [big]


def test_nothing_is_left_of_a_copy_that_fails(tmp_path: Path, big: Path) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_aside(str(big), str(tmp_path), stop)
    assert list(tmp_path.iterdir()) == [big]


def test_an_early_copy_that_is_not_taken_is_removed(big: Path, stage: Path) -> None:
    with begun_early([arrived(big)], stage) as (early,):
        assert early.copied is not None
        assert Path(early.copied().aside).read_bytes() == BIG
    assert list(stage.iterdir()) == []


def test_an_early_copy_may_be_taken(big: Path, stage: Path, tmp_path: Path) -> None:
    with begun_early([arrived(big)], stage) as (early,):
        assert early.copied is not None
        Path(early.copied().aside).rename(tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == BIG


def test_a_file_that_is_gone_is_told_by_landing_not_before(big: Path, stage: Path) -> None:
    file = arrived(big)
    big.unlink()
    with begun_early([file], stage) as (early,):
        assert early.copied is not None
        with pytest.raises(FileNotFoundError):
            early.copied()
    assert list(stage.iterdir()) == []


def test_small_files_and_none_are_handed_on(tmp_path: Path, stage: Path) -> None:
    small = tmp_path / "small"
    small.write_bytes(b"{}")
    with begun_early([arrived(small)], stage) as (same,):
        assert same.copied is None
    with begun_early([], stage) as none:
        assert none == []
    assert not stage.exists()
