"""The anchor as a file beside the ledger: signed checkpoints one after the other, a line of dashes behind each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from headgate.core.ports import Anchor

_END = "-----\n"  # no line of a signed note begins so
_TAIL_BYTES = 64 << 10  # more than the longest checkpoint with all its signatures


class FileAnchor(Anchor):
    """An append-only file; every append is synced before it returns."""

    def __init__(self, path: Path) -> None:
        """The file is made at the first append."""
        self._path = path

    def append(self, size: int, note: str) -> None:
        """Add a signed checkpoint, durably. An unfinished last one, left by a power loss, is cut off first."""
        del size
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            file.truncate(self._whole(file))
            file.write((note + _END).encode())
            file.flush()
            os.fsync(file.fileno())

    @staticmethod
    def _whole(file: BinaryIO) -> int:
        """Bytes up to the end of the last whole checkpoint, found from the end."""
        size = file.seek(0, os.SEEK_END)
        span = _TAIL_BYTES
        while size:
            start = max(0, size - span)
            file.seek(start)
            found = file.read(size - start).rfind(_END.encode())
            if found >= 0:
                return start + found + len(_END)
            if start == 0:
                return 0
            span *= 8
        return 0

    def notes(self) -> list[str]:
        """All signed checkpoints, oldest first."""
        if not self._path.exists():
            return []
        return self._path.read_text(encoding="utf-8").split(_END)[:-1]

    def last_size(self) -> int:
        """Size of the log at the newest checkpoint; 0 where there is none."""
        if not self._path.exists():
            return 0
        with self._path.open("rb") as file:
            end = self._whole(file)
            start = max(0, end - _TAIL_BYTES)
            file.seek(start)
            notes = file.read(end - start).decode(errors="replace").split(_END)
        return int(notes[-2].split("\n")[1]) if len(notes) > 1 else 0
