"""The bytes of one request on their way into an upload.

What counts is the offset in the state file, and it moves only after the bytes before it are synced and, where the
sender gave a checksum or a digest, proven. Bytes behind it are nobody's: the next request writes over them.
"""

from __future__ import annotations

import os
from pathlib import Path

from headgate.core.replacing import replace
from headgate.uploads.books import Books
from headgate.uploads.checksums import Checksum
from headgate.uploads.disk import full_disk_told, write_all
from headgate.uploads.lengths import check_body
from headgate.uploads.records import Upload

_NO_FILE = -1  # of a complete upload, which takes no bytes: they are proven or no longer here


class Append:
    """One request at an upload, which it has for itself until one of `finish`, `cut` and `drop` ends it."""

    def __init__(
        self,
        upload: Upload,
        path: Path,
        books: Books,
        *,
        checksum: Checksum | None,
        most_bytes: int,
        checkpoint_bytes: int,
    ) -> None:
        self.upload = upload  # as it is counted; `length_bytes` may be newer
        self.ended = False
        self._books = books
        self._checksum = checksum
        self._most_bytes = most_bytes  # the offset that must not be passed
        self._checkpoint_bytes = checkpoint_bytes
        self._hash = books.running_hash(upload)
        self._end = upload.offset_bytes
        self._file = _NO_FILE if upload.done else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not upload.done:
            os.ftruncate(self._file, self._end)  # what was written and never counted

    def write(self, piece: bytes | bytearray) -> None:
        """Take the next bytes; they count only after a checkpoint, `finish` or `cut`."""
        check_body(self._end, len(piece), self._most_bytes)
        end = self._end + len(piece)
        if self.upload.length_bytes is None:
            self._books.grow(self.upload, end)
        write_all(self._file, piece, self._end)
        for hash_ in (self._hash, self._checksum):
            if hash_ is not None:
                hash_.update(piece)
        self._end = end
        if self._is_due():
            self._count()

    def finish(self) -> Upload:
        """All bytes of the request came: check and count them; the upload as it now stands.

        UploadRefusedError where they are not what the sender said; of a chunk that differs nothing is kept, and a
        file that differs is refused as a whole.
        """
        try:
            if self._checksum is not None:
                self._checksum.check()
            self._count()
        finally:
            self._close()
        return self.upload

    def cut(self) -> Upload:
        """The connection ended early: count what came, but nothing of a chunk that has a checksum."""
        try:
            if self._checksum is None and self._end > self.upload.offset_bytes:
                self._count()
        finally:
            self._close()
        return self.upload

    def drop(self) -> None:
        """Forget what came since the last checkpoint."""
        self._close()

    def _is_due(self) -> bool:
        """True at a checkpoint; none in a chunk that is not proven, nor at the end, which `finish` judges."""
        return (
            self._checksum is None
            and self._end - self.upload.offset_bytes >= self._checkpoint_bytes
            and self._end != self.upload.length_bytes
        )

    def _count(self) -> None:
        if self.upload.done:
            return
        with full_disk_told():
            os.fdatasync(self._file)
        moved = replace(self.upload, offset_bytes=self._end)
        if self._end == self.upload.length_bytes:
            self.upload = self._books.complete(moved, self._hash)  # from here on its bytes are not ours to cut off
            self.upload = self._books.hand_over_held(self.upload)
            return
        self.upload = self._books.count(moved, self._hash)

    def _close(self) -> None:
        """Leave on the disk what counts, and let others have the upload."""
        if self.ended:
            return
        self.ended = True
        try:
            if not self.upload.done:
                os.ftruncate(self._file, self.upload.offset_bytes)
        finally:
            if self._file != _NO_FILE:
                os.close(self._file)
            self._books.release(self.upload.upload_id)
