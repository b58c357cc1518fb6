"""The folder of uploads: for each a file of bytes and a state file, which is replaced whole.

A state file is written beside its name, synced, moved over the name, and the folder synced. So after a kill or a loss
of power it holds the old state or the new one, and once `write` has returned the new one. An upload exists while its
state file does: bytes without one are nobody's, and are removed when the folder is opened.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import msgspec

from headgate.core.errors import ConfigurationError, EvidenceError
from headgate.uploads.disk import full_disk_told
from headgate.uploads.records import Upload

_MODE = 0o600
_STATE = re.compile(r"[0-9a-f]{32}\.json")


class StateFiles:
    """One folder, held by one process: a second one would count bytes that the first takes back."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise ConfigurationError(
                f"Another process works in {folder}, and uploads have one. End the other, or name another folder."
            ) from error

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)

    def bytes_path(self, upload_id: str) -> Path:
        """Where the bytes of an upload lie."""
        return self._folder / f"{upload_id}.bytes"

    def write(self, upload: Upload) -> None:
        """Make a state durable."""
        with full_disk_told():
            self._write(upload)

    def _write(self, upload: Upload) -> None:
        place = self._state_path(upload.upload_id)
        beside = place.with_suffix(".new")
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        try:
            with os.fdopen(file, "wb", closefd=False) as stream:
                stream.write(msgspec.json.encode(upload))
            os.fsync(file)
        finally:
            os.close(file)
        beside.replace(place)
        self.sync()

    def drop_bytes(self, upload_id: str) -> None:
        """Remove the bytes of an upload."""
        self.bytes_path(upload_id).unlink(missing_ok=True)

    def forget(self, upload_id: str) -> None:
        """Remove an upload: first that it is there, then its bytes."""
        self._state_path(upload_id).unlink(missing_ok=True)
        self.sync()
        self.drop_bytes(upload_id)

    def read_all(self) -> list[Upload]:
        """All uploads, and nothing beside them left in the folder. EvidenceError where a state cannot be read."""
        uploads = [self._read(place) for place in sorted(self._folder.iterdir()) if _STATE.fullmatch(place.name)]
        known = {upload.upload_id for upload in uploads}
        for place in self._folder.iterdir():
            if place.suffix == ".new" or (place.suffix == ".bytes" and place.stem not in known):
                place.unlink()
        return uploads

    def sync(self) -> None:
        """Make the folder's names durable."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _state_path(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.json"

    @staticmethod
    def _read(place: Path) -> Upload:
        try:
            return msgspec.json.decode(place.read_bytes(), type=Upload)
        except (msgspec.DecodeError, ValueError) as error:
            raise EvidenceError(
                f"{place} is no state of an upload ({error}); the disk changed it. "
                "Move it and its .bytes file away; the sender then begins anew."
            ) from error
