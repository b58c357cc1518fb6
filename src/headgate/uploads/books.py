"""What counts of an upload, and what becomes of a whole one: refused, kept for joining, or handed over."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from headgate.core.errors import UploadRefusedError
from headgate.core.replacing import replace
from headgate.uploads.checksums import Hash, new_hash
from headgate.uploads.records import Upload, UploadState
from headgate.uploads.refusals import Refusal
from headgate.uploads.register import Register
from headgate.uploads.state_files import StateFiles

Take = Callable[[Upload, Path, str], None]
"""Takes over a proven file: the upload, where its bytes lie, their SHA-256. It links or copies them and leaves the file
there. Called once; after a kill during the call it is called again with the same upload. UploadRefusedError where the
file as a whole is not wanted: its sender hears why, and nothing of it is kept."""

_log = logging.getLogger(__name__)


class Books:
    """Keeps the offsets of a folder's uploads, and the hashes of their bytes while the process lives."""

    def __init__(
        self, register: Register, files: StateFiles, *, take: Take, clock: Callable[[], datetime], idle_s: float
    ) -> None:
        self._register = register
        self._files = files
        self._take = take
        self._clock = clock
        self._idle = timedelta(seconds=idle_s)
        self._running: dict[str, tuple[int, Hash]] = {}  # the offset that each hash stands at

    def expiry(self) -> datetime:
        """When an upload expires that got bytes now."""
        return self._clock() + self._idle

    def running_hash(self, upload: Upload) -> Hash | None:
        """A SHA-256 that stands at the upload's offset, to go on with; None where another process counted the bytes."""
        if upload.offset_bytes == 0:
            return new_hash("sha256")
        offset_bytes, running = self._running.get(upload.upload_id, (0, None))
        return running.copy() if running is not None and offset_bytes == upload.offset_bytes else None

    def count(self, upload: Upload, running: Hash | None) -> Upload:
        """Count bytes that are synced; durable once it has returned."""
        counted = self._register.put(replace(upload, expires_at=self.expiry()))
        if running is not None:
            self._running[upload.upload_id] = upload.offset_bytes, running.copy()
        return counted

    def complete(self, upload: Upload, running: Hash | None) -> Upload:
        """Count the last bytes if the whole is what the sender claims; else refuse the upload. The caller hands over.

        Without a hash that ran along the bytes are read again.
        """
        sha256 = sha256_of(self._files.bytes_path(upload.upload_id)) if running is None else running.hexdigest()
        self._running.pop(upload.upload_id, None)
        try:
            check_digest(upload, sha256)
        except UploadRefusedError as error:
            self._refuse(upload, error.message)
            raise
        whole = replace(upload, state=UploadState.COMPLETE, sha256=sha256, expires_at=self.expiry())
        return self._register.put(whole)

    def grow(self, upload: Upload, to_bytes: int) -> None:
        """Claim room of the owner's quota for bytes that come."""
        self._register.grow(upload, to_bytes)

    def release(self, upload_id: str) -> None:
        """Let others have the upload."""
        self._register.release(upload_id)

    def forget(self, upload_id: str) -> None:
        """Remove an upload and its bytes."""
        self._running.pop(upload_id, None)
        self._register.forget(upload_id)

    def hand_over(self, upload: Upload) -> bool:
        """Hand over what waits, unless somebody is at it; True where it was taken."""
        try:
            with self._register.held(upload.upload_id):
                now = self.hand_over_held(self._register.get(upload.upload_id, upload.owner))
        except UploadRefusedError:
            return False
        return now.state is UploadState.TAKEN

    def hand_over_held(self, upload: Upload) -> Upload:
        """Hand over what waits and the caller holds, and tell what became of it.

        Where that fails the upload waits, since its sender did all there is to do, and it is tried again.
        """
        if not upload.waits or upload.sha256 is None:
            return upload
        try:
            self._take(upload, self._files.bytes_path(upload.upload_id), upload.sha256)
        except UploadRefusedError as error:
            self._refuse(upload, error.message)
            raise
        except Exception:  # noqa: BLE001  whatever it is: the bytes are safe, and `resume` and `sweep` try again
            _log.exception("an upload was not taken", extra={"action": "take", "upload": upload.upload_id})
            return upload
        taken = self._register.put(replace(upload, state=UploadState.TAKEN))
        self._files.drop_bytes(upload.upload_id)
        return taken

    def _refuse(self, upload: Upload, reason: str) -> None:
        """Remove the bytes, and keep for a while why: the sender may not have heard it."""
        refused = replace(upload, offset_bytes=0, state=UploadState.REFUSED, reason=reason, expires_at=self.expiry())
        self._register.put(refused)
        self._files.drop_bytes(upload.upload_id)


def check_digest(upload: Upload, sha256: str) -> None:
    """UploadRefusedError for a whole file that is not the one that its sender claims."""
    if upload.claimed_sha256 not in {None, sha256}:
        raise UploadRefusedError(
            Refusal.DIGEST,
            f"The file's SHA-256 is {sha256}, and the sender says {upload.claimed_sha256}; it was removed.",
            "Begin a new upload of the right file.",
        )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
