"""The anchor as a file beside the ledger: signed checkpoints one after the other, a line of dashes behind each."""

from __future__ import annotations

import os
from pathlib import Path

from headgate.core.ports import Anchor

_END = "-----\n"  # no line of a signed note begins so


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
            file.seek(0)
            written = file.read()
            whole = written.rfind(_END.encode()) + len(_END) if _END.encode() in written else 0
            if whole != len(written):
                file.truncate(whole)
            file.write((note + _END).encode())
            file.flush()
            os.fsync(file.fileno())

    def notes(self) -> list[str]:
        """All signed checkpoints, oldest first."""
        if not self._path.exists():
            return []
        return self._path.read_text(encoding="utf-8").split(_END)[:-1]

    def last_size(self) -> int:
        """Size of the log at the newest checkpoint; 0 where there is none."""
        notes = self.notes()
        return int(notes[-1].split("\n")[1]) if notes else 0
