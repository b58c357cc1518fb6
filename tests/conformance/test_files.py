"""What every Files does, shown on each implementation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.store import LocalStore, MemoryStore

from headgate.adapters.folder_files import FolderFiles
from headgate.adapters.obstore_files import WHOLE_BYTES, ObstoreFiles
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.ports import Files
from headgate.testing import MemoryFiles


class FilesContract:
    """Inherit and give the fixture `files`: a new, empty store for each test."""

    def test_gives_back_what_was_put(self, files: Files) -> None:
        assert files.put("ab/cd", iter([b"one", b"", b"two"]))
        with files.open("ab/cd") as stream:
            assert stream.read() == b"onetwo"
        assert files.size("ab/cd") == 6

    def test_a_name_is_taken_once(self, files: Files) -> None:
        content = b"first"
        assert files.put("a", [content])
        assert not files.put("a", [content])
        assert not files.put("a", [b"second"])
        with files.open("a") as stream:
            assert stream.read() == b"first"

    def test_an_empty_object_is_an_object(self, files: Files) -> None:
        assert files.put("empty", [])
        assert files.size("empty") == 0
        assert not files.put("empty", [])

    def test_a_source_that_fails_leaves_nothing(self, files: Files) -> None:
        def chunks() -> Iterator[bytes]:
            yield b"half"
            raise OSError("the sender went away")

        with pytest.raises(OSError, match="went away"):
            files.put("a", chunks())
        assert files.size("a") is None
        assert list(files.list()) == []
        assert files.put("a", [b"whole"])

    def test_puts_many_and_tells_which_were_new(self, files: Files) -> None:
        files.put("x/1", [b"1"])
        assert files.put_all([(f"x/{n}", [b"%d" % n]) for n in range(3)]) == [True, False, True]
        assert files.put_all([]) == []
        assert list(files.list("x/")) == ["x/0", "x/1", "x/2"]

    def test_a_big_object_is_whole_and_can_be_sought(self, files: Files) -> None:
        block = bytes(range(256)) * 4096
        count = WHOLE_BYTES // len(block) + 2
        assert files.put("big", (block for _ in range(count)))
        assert not files.put("big", (block for _ in range(count)))
        assert files.size("big") == count * len(block)
        with files.open("big") as stream:
            stream.seek(-300, 2)
            assert stream.read(10) == (block + block)[-300:-290]
            stream.seek(5)
            assert (stream.read(3), stream.tell()) == (block[5:8], 8)
        assert list(files.list()) == ["big"]

    def test_adopts_a_file(self, files: Files, tmp_path: Path) -> None:
        for content, new in ((b"mine", True), (b"other", False)):
            source = tmp_path / "source"
            source.write_bytes(content)
            assert files.adopt("v/1", str(source)) is new
            assert not source.exists()
        with files.open("v/1") as stream:
            assert stream.read() == b"mine"

    def test_lists_by_prefix_in_order(self, files: Files) -> None:
        for name in ("b/2", "a/1", "b/10", "bc"):
            files.put(name, [b""])
        assert list(files.list()) == ["a/1", "b/10", "b/2", "bc"]
        assert list(files.list("b")) == ["b/10", "b/2", "bc"]
        assert list(files.list("b/1")) == ["b/10"]
        assert list(files.list("zz/")) == []

    def test_what_is_deleted_is_gone_and_its_name_free(self, files: Files) -> None:
        files.put("a/b", [b"1"])
        files.delete("a/b")
        files.delete("a/b")
        files.delete("never/was")
        assert files.size("a/b") is None
        assert files.put("a/b", [b"2"])

    def test_what_is_not_there_is_told_by_name(self, files: Files) -> None:
        assert files.size("a/b") is None
        with pytest.raises(NotFoundError, match="a/b"):
            files.open("a/b")

    @pytest.mark.parametrize(
        "name",
        ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/.b", ".incoming/x", "a b", "ä", "a\n", "a\\b", "x" * 901],
    )
    def test_refuses_names_that_are_not_ours(self, files: Files, name: str) -> None:
        with pytest.raises(UsageError, match="no name of an object"):
            files.put(name, [b""])
        with pytest.raises(UsageError, match="no name of an object"):
            files.size(name)
        with pytest.raises(UsageError, match="no name of an object"):
            files.delete(name)

    def test_of_several_writers_one_wins(self, files: Files) -> None:
        won: list[int] = []
        start = threading.Barrier(8)

        def write(number: int) -> None:
            start.wait()
            if files.put("same/name", [b"%d" % number] * 1000):
                won.append(number)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with files.open("same/name") as stream:
            assert stream.read() == b"%d" % won[0] * 1000
        assert len(won) == 1

    def test_of_two_big_ones_at_once_one_wins(self, files: Files) -> None:
        both_began = threading.Barrier(2, timeout=20)
        won: dict[int, bool] = {}

        def write(number: int) -> None:
            def chunks() -> Iterator[bytes]:
                yield bytes(WHOLE_BYTES + 1)
                both_began.wait()
                yield b"%d" % number

            won[number] = files.put("same/big", chunks())

        threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won.values()) == [False, True]
        with files.open("same/big") as stream:
            stream.seek(-1, 2)
            assert won[int(stream.read())]
        assert list(files.list()) == ["same/big"]

    def test_any_range_of_any_content(self, files: Files) -> None:
        @settings(max_examples=15, deadline=None)
        @given(st.lists(st.binary(max_size=200), max_size=5), st.integers(0, 1000), st.integers(0, 300))
        def check(content: list[bytes], place: int, length: int) -> None:
            files.delete("h/x")
            assert files.put("h/x", content)
            with files.open("h/x") as stream:
                stream.seek(place)
                assert stream.read(length) == b"".join(content)[place : place + length]

        check()


class TestMemoryFiles(FilesContract):
    @pytest.fixture
    def files(self) -> Files:
        return MemoryFiles()


class TestFolderFiles(FilesContract):
    @pytest.fixture
    def files(self, tmp_path: Path) -> Files:
        return FolderFiles(tmp_path / "new" / "store")


class TestFolderFilesWithoutUnnamedFiles(FilesContract):
    @pytest.fixture
    def files(self, tmp_path: Path) -> Files:
        return FolderFiles(tmp_path / "store", unnamed=False)


class TestObstoreMemory(FilesContract):
    @pytest.fixture
    def files(self) -> Files:
        return ObstoreFiles(MemoryStore(), owner="test")


class TestObstoreFolder(FilesContract):
    @pytest.fixture
    def files(self, tmp_path: Path) -> Files:
        return ObstoreFiles(LocalStore(tmp_path / "store", mkdir=True), owner="test")
