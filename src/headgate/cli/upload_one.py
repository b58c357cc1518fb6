"""One file sent by tus: hashed first, then sent part by part from wherever the server stands, until it is there."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from headgate.cli.tus_client import BrokenError, ServerRefusedError, TusServer
from headgate.cli.upload_notes import Note, Notes
from headgate.core.errors import HeadgateError
from headgate.core.naming import as_text
from headgate.core.platform import Progress
from headgate.core.replacing import replace

Answer = TypeVar("Answer")

CHUNK_BYTES = 8 << 20
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 15.0
MOST_DAMAGED = 5  # times that a part arrives damaged, one after the other
_READ_BYTES = 1 << 20
_GONE = frozenset({404, 410})


class SentOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file."""

    state: str  # sent, resumed, already
    sha256: str
    upload: str = ""
    sent_bytes: int = 0
    from_bytes: int = 0  # where it went on


class ChangedError(HeadgateError):
    """The file is not what it was when its sending began; nothing of it is kept there."""


class FileSender:
    """Sends files to one server; `patience_s` is how long it goes on trying while nothing gets through."""

    def __init__(
        self,
        server: TusServer,
        notes: Notes,
        *,
        flow: str | None,
        patience_s: float,
        tell: Callable[[Progress], None],
    ) -> None:
        self._server = server
        self._notes = notes
        self._flow = flow
        self._patience_s = patience_s
        self._tell = tell
        self._since = time.monotonic()  # when a byte last got through
        self._pause_s = FIRST_PAUSE_S

    def send(self, path: Path, *, again: bool = False) -> SentOutcome:
        """Send a file from where an earlier call came to. ServerRefusedError, ChangedError, BrokenError or OSError."""
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            note = None if again else self._notes.read(path, status)
            if note is not None and note.done:
                return SentOutcome(state="already", sha256=note.sha256, upload=_id(note.upload))
            if note is None:
                note = self._new_note(path, stream, status)
            self._since, self._pause_s = time.monotonic(), FIRST_PAUSE_S
            note, offset = self._begun(path, note)
            sent = self._send_rest(path, stream, note, offset)
        self._notes.write(path, replace(note, done=True))
        state = "resumed" if offset else "sent"
        return SentOutcome(state=state, sha256=note.sha256, upload=_id(note.upload), sent_bytes=sent, from_bytes=offset)

    def _new_note(self, path: Path, stream: BinaryIO, status: os.stat_result) -> Note:
        digest, done = hashlib.sha256(), 0
        while piece := stream.read(_READ_BYTES):
            digest.update(piece)
            done += len(piece)
            self._tell(Progress(step=f"reading {path.name}", done=done, total=status.st_size))
        _check_same(path, stream, status.st_size, status.st_mtime_ns)
        return Note(
            path=str(path.resolve()),
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            sha256=digest.hexdigest(),
        )

    def _begun(self, path: Path, note: Note) -> tuple[Note, int]:
        """The note with an upload that goes on, and the offset from which."""
        if note.upload:
            try:
                return note, self._patient(lambda: self._server.offset(note.upload))
            except ServerRefusedError as error:
                if error.status not in _GONE:
                    raise
        metadata = {"filename": as_text(path.name), "sha256": note.sha256} | (
            {"flow": self._flow} if self._flow else {}
        )
        upload = self._patient(lambda: self._server.create(note.size_bytes, metadata))
        note = replace(note, upload=upload)
        self._notes.write(path, note)
        return note, 0

    def _send_rest(self, path: Path, stream: BinaryIO, note: Note, offset: int) -> int:
        """Send what is missing; how many bytes went out."""
        sent = damaged = 0
        while offset < note.size_bytes:
            stream.seek(offset)
            chunk = stream.read(CHUNK_BYTES)
            try:
                _check_same(path, stream, note.size_bytes, note.mtime_ns)
            except ChangedError:
                self._give_up(path, note)
                raise
            sent += len(chunk)
            try:
                offset, damaged = self._server.append(note.upload, offset, chunk), 0
                self._since, self._pause_s = time.monotonic(), FIRST_PAUSE_S
            except BrokenError as error:
                self._wait(error)
                offset = self._patient(lambda: self._server.offset(note.upload))
            except ServerRefusedError as error:
                damaged += error.code == "checksum_differs"
                if error.code not in {"checksum_differs", "offset_differs"} or damaged > MOST_DAMAGED:
                    self._forget_refused(path, error)
                    raise
                offset = self._patient(lambda: self._server.offset(note.upload))
            self._tell(Progress(step=f"sending {path.name}", done=offset, total=note.size_bytes))
        return sent

    def _give_up(self, path: Path, note: Note) -> None:
        self._notes.forget(path)
        self._patient(lambda: self._server.terminate(note.upload))

    def _forget_refused(self, path: Path, error: ServerRefusedError) -> None:
        """After a refusal of the whole file there is nothing to go on with."""
        if error.status in {410, 422}:
            self._notes.forget(path)

    def _patient(self, ask: Callable[[], Answer]) -> Answer:
        while True:
            try:
                return ask()
            except BrokenError as error:
                self._wait(error)

    def _wait(self, error: BrokenError) -> None:
        """Pause, longer each time; the error itself once patience has run out."""
        if time.monotonic() - self._since + self._pause_s > self._patience_s:
            raise BrokenError(f"{error} Next: call the same again, it goes on where it stopped.") from error
        time.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)


def _check_same(path: Path, stream: BinaryIO, size_bytes: int, mtime_ns: int) -> None:
    status = os.fstat(stream.fileno())
    if (status.st_size, status.st_mtime_ns) != (size_bytes, mtime_ns):
        raise ChangedError(
            f"{path} changed while it was sent; nothing of it is kept. Next: send it once it is at rest."
        )


def _id(upload: str) -> str:
    return upload.rpartition("/")[2]
