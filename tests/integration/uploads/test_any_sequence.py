"""Chunks, cuts, wrong checksums, kills and restarts in any order come to the same bytes, taken once."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.errors import UploadRefusedError
from headgate.uploads.appending import Append
from headgate.uploads.checksums import Checksum
from headgate.uploads.records import Limits, NewUpload, Upload
from headgate.uploads.store import UploadStore

CONTENT = bytes(index * 7 % 251 for index in range(2000))
CHECKPOINT = 64

End = Literal["finish", "cut", "drop", "kill"]
Step = tuple[int, int, bool | None, End]  # bytes, pieces, checksum right or wrong or none, how it ends
STEPS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(1, 4),
        st.sampled_from([True, False, None]),
        st.sampled_from(["finish", "finish", "cut", "drop", "kill"]),
    ),
    max_size=12,
)


class Model:
    """A store, and what its offset may be after each step."""

    def __init__(self, folder: Path, *, claimed: bool) -> None:
        self.folder = folder
        self.taken: list[tuple[bytes, str]] = []
        self.ids = itertools.count()
        self.store = self._open()
        metadata = {"sha256": hashlib.sha256(CONTENT).hexdigest()} if claimed else {}
        self.upload_id = self.store.create(
            NewUpload(owner="ann", length_bytes=len(CONTENT), metadata=metadata)
        ).upload_id

    def _open(self) -> UploadStore:
        return UploadStore(
            self.folder,
            take=self._take,
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            random_bytes=lambda count: next(self.ids).to_bytes(count, "big"),
            limits=Limits(checkpoint_bytes=CHECKPOINT),
        )

    def _take(self, _upload: Upload, path: Path, sha256: str) -> None:
        self.taken.append((path.read_bytes(), sha256))

    def offset(self) -> int:
        return self.store.look(self.upload_id, "ann").offset_bytes

    def step(self, step: Step) -> None:
        size, pieces, right, end = step
        before = self.offset()
        content = CONTENT[before : before + size]
        append = self.store.append(self.upload_id, "ann", before, checksum=_checksum(content, right=right))
        cut = max(1, -(-len(content) // pieces))
        for at in range(0, len(content), cut):
            append.write(content[at : at + cut])
        self.end(append, end, right=right)
        low, high = _bounds(before, len(content), end, right=right)
        assert low <= self.offset() <= high
        if not append.upload.done:
            there = (self.folder / f"{self.upload_id}.bytes").read_bytes()
            assert there[: self.offset()] == CONTENT[: self.offset()]

    def end(self, append: Append, end: End, *, right: bool | None) -> None:
        act = {"finish": append.finish, "cut": append.cut, "drop": append.drop, "kill": self.kill}[end]
        if end == "finish" and right is False:
            with pytest.raises(UploadRefusedError, match="the sender says"):
                act()
        else:
            act()

    def kill(self) -> None:
        """Leave everything as it stands, and begin anew over the same folder."""
        self.store.close()
        self.store = self._open()
        self.store.resume()


def _checksum(content: bytes, *, right: bool | None) -> Checksum | None:
    if right is None:
        return None
    return Checksum("sha256", hashlib.sha256(content if right else content + b"!").digest())


def _bounds(before: int, sent: int, end: End, *, right: bool | None) -> tuple[int, int]:
    """Between which offsets an upload must stand: what was acknowledged counts, what was not proven does not."""
    if right is not None:
        counted = before + (sent if right and end == "finish" else 0)
        return counted, counted
    if end in {"finish", "cut"}:
        return before + sent, before + sent
    return before, before + sent


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, claimed=st.booleans())
def test_any_sequence_comes_to_the_same_bytes(steps: list[Step], *, claimed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = Model(Path(folder), claimed=claimed)
        for step in steps:
            model.step(step)
        while (at := model.offset()) < len(CONTENT):
            model.step((min(700, len(CONTENT) - at), 2, True, "finish"))
        model.kill()
        assert model.taken == [(CONTENT, hashlib.sha256(CONTENT).hexdigest())]
        model.store.close()
