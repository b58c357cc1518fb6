"""The store on a real disk, with a clock that stands where the test says."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate.core.errors import ConfigurationError, EvidenceError, UploadRefusedError
from headgate.uploads.checksums import Checksum
from headgate.uploads.records import Limits, NewUpload, Upload, UploadState
from headgate.uploads.refusals import Refusal
from headgate.uploads.store import UploadStore

START = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(upload_bytes=1000, owner_bytes=1500, owner_open=3, idle_s=60, checkpoint_bytes=8)


class World:
    """A folder, a clock, and what was taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = START
        self.taken: list[tuple[str, bytes, str]] = []
        self.broken = False
        self.dying = False
        self._ids = itertools.count()
        self.store = self._open()

    def _open(self) -> UploadStore:
        return UploadStore(
            self.folder,
            take=self._take,
            clock=lambda: self.now,
            random_bytes=lambda count: next(self._ids).to_bytes(count, "big"),
            limits=LIMITS,
        )

    def _take(self, upload: Upload, path: Path, sha256: str) -> None:
        if self.broken:
            raise OSError("no room in the vault")
        self.taken.append((upload.upload_id, path.read_bytes(), sha256))
        if self.dying:
            raise KeyboardInterrupt

    def reopen(self) -> UploadStore:
        """As after a kill: nothing of the old store's is ended."""
        self.store.close()
        self.store = self._open()
        return self.store

    def begin(self, length_bytes: int | None = 10, owner: str = "ann", **more: object) -> str:
        return self.store.create(NewUpload(owner=owner, length_bytes=length_bytes, **more)).upload_id  # type: ignore[arg-type]

    def send(self, upload_id: str, at: int, content: bytes, owner: str = "ann", **more: object) -> Upload:
        append = self.store.append(upload_id, owner, at, **more)  # type: ignore[arg-type]
        try:
            append.write(content)
            return append.finish()
        finally:
            append.drop()

    def offset(self, upload_id: str) -> int:
        return self.store.look(upload_id, "ann").offset_bytes


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path / "uploads")
    yield one
    one.store.close()


def refused_with(code: str, call: Callable[..., object], *given: object, **named: object) -> str:
    with pytest.raises(UploadRefusedError) as refused:
        call(*given, **named)
    assert refused.value.code == code
    return refused.value.message


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_whole_file_is_taken_once(world: World) -> None:
    upload_id = world.begin(metadata={"sha256": sha256(b"helloworld")})
    world.send(upload_id, 0, b"hello")
    assert world.taken == []
    done = world.send(upload_id, 5, b"world")
    assert (done.state, done.done, done.proven_by_sender) == (UploadState.TAKEN, True, True)
    assert world.taken == [(upload_id, b"helloworld", sha256(b"helloworld"))]
    assert world.send(upload_id, 10, b"").offset_bytes == 10
    world.reopen().resume()
    assert len(world.taken) == 1
    assert [path.name for path in world.folder.iterdir() if path.suffix == ".bytes"] == []


def test_the_hash_is_found_again_after_a_restart(world: World) -> None:
    upload_id = world.begin(metadata={"sha256": sha256(b"helloworld")})
    world.send(upload_id, 0, b"hello")
    world.reopen()
    world.send(upload_id, 5, b"world")
    assert world.taken == [(upload_id, b"helloworld", sha256(b"helloworld"))]


@pytest.mark.parametrize("restart", [False, True])
def test_a_file_that_is_another_one_is_removed(world: World, *, restart: bool) -> None:
    upload_id = world.begin(metadata={"sha256": sha256(b"other")})
    world.send(upload_id, 0, b"hello")
    if restart:
        world.reopen()
    message = refused_with(Refusal.DIGEST, world.send, upload_id, 5, b"world")
    assert sha256(b"helloworld") in message
    assert sha256(b"other") in message
    assert not list(world.folder.glob("*.bytes"))
    assert refused_with(Refusal.GONE, world.store.look, upload_id, "ann") == message
    world.reopen().resume()
    assert refused_with(Refusal.GONE, world.store.look, upload_id, "ann") == message
    world.store.sweep(START + timedelta(seconds=60))
    refused_with(Refusal.UNKNOWN, world.store.look, upload_id, "ann")
    assert world.taken == []


def test_what_was_not_taken_waits(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.broken = True
    upload_id = world.begin(metadata={"sha256": sha256(b"helloworld")})
    assert world.send(upload_id, 0, b"helloworld").state is UploadState.COMPLETE
    assert "an upload was not taken" in caplog.text
    world.now += timedelta(days=9)
    assert world.store.sweep(world.now) == 0  # it was acknowledged, so it stays
    assert world.reopen().resume() == 0
    world.broken = False
    assert world.reopen().resume() == 1
    assert world.taken == [(upload_id, b"helloworld", sha256(b"helloworld"))]


def test_a_kill_while_it_is_taken_has_it_taken_again(world: World) -> None:
    upload_id = world.begin()
    world.dying = True
    with pytest.raises(KeyboardInterrupt):
        world.send(upload_id, 0, b"helloworld")
    world.dying = False
    assert world.reopen().resume() == 1
    assert world.taken == [(upload_id, b"helloworld", sha256(b"helloworld"))] * 2  # hence it must not mind


def test_what_counts_was_synced_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    upload_id = world.begin()
    for name in ("pwrite", "fdatasync", "fsync", "replace"):
        monkeypatch.setattr(os, name, _heard(heard, name, getattr(os, name)))
    world.send(upload_id, 0, b"hello")
    data, state = f"{upload_id}.bytes", f"{upload_id}.new"
    assert heard == [f"pwrite {data}", f"fdatasync {data}", f"fsync {state}", f"replace {state}", "fsync uploads"]


def _heard(heard: list[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def hear(*given: Any) -> Any:  # noqa: ANN401  whatever the call takes and gives
        path = given[0] if isinstance(given[0], Path) else Path(f"/proc/self/fd/{given[0]}").readlink()
        heard.append(f"{name} {path.name}")
        return call(*given)

    return hear


@pytest.mark.parametrize("broken", ["fdatasync", "fsync", "replace"])
def test_bytes_that_were_not_synced_do_not_count(world: World, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    upload_id = world.begin()
    world.send(upload_id, 0, b"he")
    with monkeypatch.context() as patch:
        patch.setattr(os, broken, _failing)
        with pytest.raises(OSError, match="Input/output"):
            world.send(upload_id, 2, b"XXXX")
    assert world.offset(upload_id) == 2
    assert (world.folder / f"{upload_id}.bytes").read_bytes() == b"he"
    world.send(upload_id, 2, b"lloworld")
    assert world.taken == [(upload_id, b"helloworld", sha256(b"helloworld"))]


def test_an_upload_that_could_not_be_kept_is_not_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _failing)
        for _ in range(9):
            with pytest.raises(OSError, match="Input/output"):
                world.begin(1000)
    world.begin(1000)


def _failing(*_: object) -> None:
    raise OSError(5, "Input/output error")


def test_bytes_behind_the_counted_ones_are_nobodys(world: World) -> None:
    upload_id = world.begin(length_bytes=20)
    world.send(upload_id, 0, b"hello")
    lost = world.store.append(upload_id, "ann", 5, checksum=Checksum("sha1", b"x" * 20))
    lost.write(b"XXXXXXXXXX")
    world.reopen()  # killed before the chunk was proven
    assert world.offset(upload_id) == 5
    world.send(upload_id, 5, b" world")
    assert (world.folder / f"{upload_id}.bytes").read_bytes() == b"hello world"


def test_a_file_has_no_tail_of_a_chunk_that_was_lost(world: World) -> None:
    upload_id = world.begin(length_bytes=None)
    lost = world.store.append(upload_id, "ann", 0, checksum=Checksum("sha1", b"x" * 20))
    lost.write(b"XXXXXXXXXX")
    world.reopen()
    world.send(upload_id, 0, b"hello", length_bytes=5)
    assert world.taken == [(upload_id, b"hello", sha256(b"hello"))]


def test_checkpoints_count_what_a_kill_would_lose(world: World) -> None:
    upload_id = world.begin(length_bytes=100)
    lost = world.store.append(upload_id, "ann", 0)
    for _ in range(5):
        lost.write(b"abc")
    world.reopen()
    assert world.offset(upload_id) == 9


def test_a_disk_that_lost_bytes_moves_the_offset_back(world: World) -> None:
    upload_id = world.begin()
    world.send(upload_id, 0, b"hello")
    (world.folder / f"{upload_id}.bytes").write_bytes(b"he")
    world.reopen()
    assert world.offset(upload_id) == 2
    world.send(upload_id, 2, b"llo--end")
    assert world.taken == [(upload_id, b"hello--end", sha256(b"hello--end"))]


def test_one_request_at_a_time(world: World) -> None:
    upload_id = world.begin()
    first = world.store.append(upload_id, "ann", 0)
    for call in (world.store.append, world.store.terminate):
        refused_with(Refusal.LOCKED, call, upload_id, "ann", *([0] if call == world.store.append else []))
    assert world.store.sweep(START + timedelta(days=1)) == 0
    first.write(b"hello")
    first.cut()
    assert world.offset(upload_id) == 5
    world.send(upload_id, 5, b"world")


def test_an_upload_is_its_owners(world: World) -> None:
    upload_id = world.begin()
    refused_with(Refusal.UNKNOWN, world.store.look, upload_id, "bob")
    refused_with(Refusal.UNKNOWN, world.store.append, upload_id, "bob", 0)
    refused_with(Refusal.UNKNOWN, world.store.terminate, upload_id, "bob")
    refused_with(Refusal.UNKNOWN, world.store.look, "../uploads", "ann")


def test_an_upload_expires_after_its_last_chunk(world: World) -> None:
    upload_id = world.begin()
    world.now += timedelta(seconds=59)
    world.send(upload_id, 0, b"hello")
    world.now += timedelta(seconds=59)
    assert world.store.sweep(world.now) == 0
    world.now += timedelta(seconds=1)
    refused_with(Refusal.GONE, world.store.look, upload_id, "ann")
    refused_with(Refusal.GONE, world.store.append, upload_id, "ann", 5)
    assert world.store.sweep(world.now) == 1
    refused_with(Refusal.UNKNOWN, world.store.look, upload_id, "ann")
    assert [path.name for path in world.folder.iterdir()] == [".lock"]


def test_an_owner_has_a_quota(world: World) -> None:
    refused_with(Refusal.TOO_LARGE, world.begin, 1001)
    first = world.begin(1000)
    refused_with(Refusal.QUOTA, world.begin, 501)
    world.begin(1000, owner="bob")
    second = world.begin(None)  # counts by what it holds
    append = world.store.append(second, "ann", 0)
    append.write(b"x" * 500)
    refused_with(Refusal.QUOTA, append.write, b"x")
    append.cut()
    refused_with(Refusal.QUOTA, world.begin, 1)
    refused_with(Refusal.QUOTA, world.store.append, second, "ann", 500, length_bytes=501)
    refused_with(Refusal.QUOTA, world.store.append, second, "ann", 500, body_bytes=1)
    world.store.terminate(first, "ann")
    assert world.send(second, 500, b"x", length_bytes=501).done
    world.begin(1000)  # what was taken does not count


def test_an_owner_has_so_many_open_uploads(world: World) -> None:
    uploads = [world.begin(1) for _ in range(3)]
    refused_with(Refusal.TOO_MANY, world.begin, 1)
    world.begin(1, owner="bob")
    world.send(uploads[0], 0, b"x")
    world.begin(1)


def test_bytes_beyond_the_length_are_refused(world: World) -> None:
    upload_id = world.begin(5)
    append = world.store.append(upload_id, "ann", 0)
    append.write(b"hello")
    refused_with(Refusal.TOO_LARGE, append.write, b"!")
    append.drop()
    assert world.offset(upload_id) == 0
    assert world.taken == []
    refused_with(Refusal.TOO_LARGE, world.store.append, upload_id, "ann", 0, body_bytes=6)


def test_parts_are_kept_until_they_are_joined(world: World) -> None:
    first, second = (world.begin(5, partial=True) for _ in range(2))
    world.send(first, 0, b"hello")
    refused_with(Refusal.PART, world.store.create, NewUpload(owner="ann", length_bytes=None, parts=(first, second)))
    world.send(second, 0, b"world")
    world.reopen().resume()
    assert world.taken == []
    final = world.store.create(NewUpload(owner="ann", length_bytes=None, parts=(first, second)))
    assert world.taken == [(final.upload_id, b"helloworld", sha256(b"helloworld"))]
    refused_with(Refusal.UNKNOWN, world.store.look, first, "ann")


def test_a_part_at_which_a_request_is_cannot_be_joined(world: World) -> None:
    part = world.begin(5, partial=True)
    append = world.store.append(part, "ann", 0)
    append.write(b"hello")
    refused_with(Refusal.LOCKED, world.store.create, NewUpload(owner="ann", length_bytes=None, parts=(part,)))
    append.finish()
    world.store.create(NewUpload(owner="ann", length_bytes=None, parts=(part,)))
    assert len(world.taken) == 1


def test_joining_is_within_the_limits(world: World) -> None:
    part = world.begin(400, partial=True)
    world.send(part, 0, b"x" * 400)
    refused_with(Refusal.TOO_LARGE, world.store.create, NewUpload(owner="ann", length_bytes=None, parts=(part,) * 3))
    world.begin(1000)
    refused_with(Refusal.QUOTA, world.store.create, NewUpload(owner="ann", length_bytes=None, parts=(part,) * 2))
    assert [path.stem for path in world.folder.glob("*.bytes")] == [part]


def test_nothing_of_nobody_is_left(world: World) -> None:
    upload_id = world.begin()
    world.send(upload_id, 0, b"hello")
    for name in ("a" * 32 + ".bytes", "a" * 32 + ".new"):
        (world.folder / name).write_bytes(b"left by a kill")
    world.reopen()
    assert {path.name for path in world.folder.iterdir()} == {".lock", f"{upload_id}.bytes", f"{upload_id}.json"}


def test_a_folder_has_one_process(world: World) -> None:
    with pytest.raises(ConfigurationError, match="Another process"):
        World(world.folder)


def test_a_state_that_the_disk_changed_is_told(world: World, tmp_path: Path) -> None:
    upload_id = world.begin()
    (world.folder / f"{upload_id}.json").write_bytes(b"{}")
    world.store.close()
    with pytest.raises(EvidenceError, match=upload_id):
        World(world.folder)
    world.folder = tmp_path / "another"
    world.reopen()


def test_a_full_disk_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = world.begin()
    world.send(upload_id, 0, b"hello")
    append = world.store.append(upload_id, "ann", 5)
    monkeypatch.setattr("os.pwrite", _full)
    refused_with(Refusal.DISK, append.write, b"world")
    append.drop()
    monkeypatch.undo()
    assert world.offset(upload_id) == 5
    world.send(upload_id, 5, b"world")
    assert world.taken == [(upload_id, b"helloworld", sha256(b"helloworld"))]


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


def test_all_senders_together_have_so_much_room(tmp_path: Path) -> None:
    store = UploadStore(
        tmp_path / "shared",
        take=lambda *_: None,
        clock=lambda: START,
        random_bytes=os.urandom,
        limits=Limits(stored_bytes=100),
    )

    def fits(owner: str, length_bytes: int) -> bool:
        try:
            store.create(NewUpload(owner=owner, length_bytes=length_bytes))
        except UploadRefusedError as error:
            return error.code != Refusal.FULL
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda number: fits(f"owner-{number}", 30), range(16))) == 3
    assert fits("another", 10)
    store.close()
