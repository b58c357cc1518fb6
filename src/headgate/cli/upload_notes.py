"""What `headgate upload` remembers of a file, so that it goes on after anything: one small file each, in the state
folder of the user (XDG), beside nothing of the sender's. It holds no secret: an upload is of no use without one.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from headgate.cli.tus_client import Address


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A file and its upload."""

    path: str
    size_bytes: int
    mtime_ns: int
    sha256: str
    upload: str = ""  # its URL; empty before there is one
    done: bool = False


class Notes:
    """Notes of uploads to one address."""

    def __init__(self, address: Address, flow: str | None) -> None:
        self._of = "\n".join((address.endpoint, address.authorization, flow or ""))
        self._folder = _state_folder()

    def read(self, path: Path, status: os.stat_result) -> Note | None:
        """The note of a file that has not changed since."""
        try:
            note = msgspec.json.decode(self._place(path).read_bytes(), type=Note)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        same = (note.path, note.size_bytes, note.mtime_ns) == (str(path.resolve()), status.st_size, status.st_mtime_ns)
        return note if same else None

    def write(self, path: Path, note: Note) -> None:
        """Keep a note; whole or not at all."""
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = place.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(msgspec.json.encode(note))
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(place)

    def forget(self, path: Path) -> None:
        """Remove the note of a file."""
        with suppress(FileNotFoundError):
            self._place(path).unlink()

    def _place(self, path: Path) -> Path:
        key = hashlib.sha256(f"{self._of}\n{path.resolve()}".encode("utf-8", "surrogateescape")).hexdigest()
        return self._folder / f"{key[:32]}.json"


def _state_folder() -> Path:
    given = os.environ.get("XDG_STATE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    return base / "headgate" / "uploads"
