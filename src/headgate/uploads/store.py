"""Uploads in a folder: begun, filled, joined, ended; each that is whole and proven is handed over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from headgate.core.errors import UploadRefusedError
from headgate.core.replacing import replace
from headgate.uploads.admission import Admission, OpenToAll
from headgate.uploads.appending import Append
from headgate.uploads.books import Books, Take, check_digest
from headgate.uploads.checksums import Checksum
from headgate.uploads.joining import check_parts, join
from headgate.uploads.lengths import check_body, check_most, check_offset, with_claim, with_length
from headgate.uploads.metadata import claimed_sha256
from headgate.uploads.records import Limits, NewUpload, Upload, UploadState
from headgate.uploads.refusals import Refusal
from headgate.uploads.register import Register
from headgate.uploads.state_files import StateFiles

_log = logging.getLogger(__name__)


class UploadStore:
    """Uploads in one folder of one process. After opening, `resume` hands over what a kill left waiting.

    All methods may be called by several threads. They raise UploadRefusedError for what is not followed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        take: Take,
        clock: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        limits: Limits | None = None,
        admission: Admission | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._random_bytes = random_bytes
        self._files = StateFiles(folder)
        self._register = Register(self._files, self.limits, admission or OpenToAll())
        self._books = Books(self._register, self._files, take=take, clock=clock, idle_s=self.limits.idle_s)
        for upload in self._register.all():
            self._recover(upload)

    def close(self) -> None:
        """Let another process have the folder."""
        self._files.close()

    def resume(self) -> int:
        """Hand over what is whole and was not taken; how many were."""
        return sum(self._books.hand_over(upload) for upload in self._register.all() if upload.waits)

    def open_now(self) -> tuple[int, int]:
        """How many uploads are not taken yet, and how many bytes of them came."""
        waiting = [upload for upload in self._register.all() if upload.counts]
        return len(waiting), sum(upload.offset_bytes for upload in waiting)

    def create(self, wanted: NewUpload) -> Upload:
        """Begin an upload; one of no bytes is complete at once, a final one as soon as its parts are joined."""
        if wanted.parts:
            return self._create_final(wanted)
        check_most(wanted.length_bytes, self.limits.upload_bytes)
        upload = self._new(wanted)
        self._register.add(upload)
        if upload.length_bytes == 0:
            return self.append(upload.upload_id, upload.owner, 0).finish()
        return upload

    def look(self, upload_id: str, owner: str) -> Upload:
        """An upload of the owner that is neither expired nor refused."""
        upload = self._register.get(upload_id, owner)
        if upload.state is UploadState.REFUSED:
            raise UploadRefusedError(Refusal.GONE, upload.reason, "Begin a new upload.")
        if _is_over(upload, self._clock()):
            raise UploadRefusedError(
                Refusal.GONE, f"The upload expired at {upload.expires_at.isoformat()}.", "Begin a new upload."
            )
        return upload

    def all(self) -> list[Upload]:
        """All uploads at this moment, those too that were taken or refused a while ago."""
        return self._register.all()

    def is_busy(self, upload_id: str) -> bool:
        """True while a request is at it; what it came to is not counted yet."""
        return self._register.is_held(upload_id)

    def append(
        self,
        upload_id: str,
        owner: str,
        offset_bytes: int,
        *,
        checksum: Checksum | None = None,
        length_bytes: int | None = None,
        body_bytes: int | None = None,
        claimed_sha256: str | None = None,
    ) -> Append:
        """Begin to take bytes at an offset. `length_bytes` where it is told now, `body_bytes` where it is known.

        `claimed_sha256` of the whole file may be told with any bytes before it is whole.
        """
        self.look(upload_id, owner)
        self._register.hold(upload_id)
        try:
            upload = self.look(upload_id, owner)
            check_offset(upload, offset_bytes)
            upload = with_claim(with_length(upload, length_bytes), claimed_sha256)
            check_most(upload.length_bytes, self.limits.upload_bytes)
            most_bytes = self.limits.upload_bytes if upload.length_bytes is None else upload.length_bytes
            check_body(offset_bytes, body_bytes or 0, most_bytes)
            if upload.length_bytes is None or length_bytes is not None:
                self._register.grow(upload, upload.length_bytes or offset_bytes + (body_bytes or 0))
            return Append(
                upload,
                self._files.bytes_path(upload_id),
                self._books,
                checksum=checksum,
                most_bytes=most_bytes,
                checkpoint_bytes=self.limits.checkpoint_bytes,
            )
        except BaseException:
            self._register.release(upload_id)
            raise

    def terminate(self, upload_id: str, owner: str) -> None:
        """Remove an upload and its bytes. What was handed over stays with whom took it."""
        self._register.get(upload_id, owner)
        with self._register.held(upload_id):
            self._books.forget(upload_id)

    def drop(self, upload_id: str, owner: str) -> None:
        """Remove an upload that nobody will go on with; one that was refused as a whole stays known for a while."""
        if self._register.get(upload_id, owner).state is UploadState.OPEN:
            self.terminate(upload_id, owner)

    def sweep(self, now: datetime) -> int:
        """Remove what expired, and hand over again what was not taken; how many were removed."""
        removed = sum(self._remove_expired(upload, now) for upload in self._register.all() if _is_over(upload, now))
        self.resume()
        return removed

    def _recover(self, upload: Upload) -> None:
        """Bring one upload and its bytes into agreement after whatever ended the last process."""
        path = self._files.bytes_path(upload.upload_id)
        if not upload.counts:
            self._files.drop_bytes(upload.upload_id)
            return
        there = path.stat().st_size if path.exists() else 0
        if there < upload.offset_bytes:  # only a disk that lost synced bytes comes to this: the sender sends them again
            _log.error("bytes are missing", extra={"action": "recover", "upload": upload.upload_id, "bytes": there})
            self._register.put(replace(upload, offset_bytes=there, state=UploadState.OPEN, sha256=None))

    def _new(self, wanted: NewUpload) -> Upload:
        upload = Upload(
            upload_id=self._random_bytes(16).hex(),
            owner=wanted.owner,
            created_at=self._clock(),
            expires_at=self._books.expiry(),
            length_bytes=wanted.length_bytes,
            metadata=dict(wanted.metadata),
            metadata_header=wanted.metadata_header,
            concat_header=wanted.concat_header,
            partial=wanted.partial,
            parts=wanted.parts,
            claimed_sha256=claimed_sha256(dict(wanted.metadata)),
        )
        return with_claim(upload, wanted.claimed_sha256)

    def _create_final(self, wanted: NewUpload) -> Upload:
        if (same := self._joined_before(wanted)) is not None:
            return same
        with self._register.held(*dict.fromkeys(wanted.parts)):
            parts = check_parts([self._register.get(part, wanted.owner) for part in wanted.parts])
            length_bytes = sum(part.offset_bytes for part in parts)
            check_most(length_bytes, self.limits.upload_bytes)
            final = self._new(replace(wanted, length_bytes=length_bytes))
            self._register.check(final, instead_of=frozenset(wanted.parts))  # before so much is copied
            final = self._joined(final)
            for part in dict.fromkeys(wanted.parts):
                self._books.forget(part)
        self._books.hand_over(final)
        return self.look(final.upload_id, final.owner)

    def _joined(self, final: Upload) -> Upload:
        """The final upload with the bytes of its parts, proven and durable; nothing of it is left where that fails."""
        try:
            sha256 = join(
                [self._files.bytes_path(part) for part in final.parts], self._files.bytes_path(final.upload_id)
            )
            check_digest(final, sha256)
            final = replace(final, offset_bytes=final.length_bytes or 0, state=UploadState.COMPLETE, sha256=sha256)
            self._register.add(final, instead_of=frozenset(final.parts))
        except BaseException:
            self._files.drop_bytes(final.upload_id)
            raise
        return final

    def _joined_before(self, wanted: NewUpload) -> Upload | None:
        """The upload that the same request made before: its answer was lost, and its parts are gone."""
        for one in self._register.all():
            if (one.owner, one.parts, one.metadata_header) == (wanted.owner, wanted.parts, wanted.metadata_header):
                return one
        return None

    def _remove_expired(self, upload: Upload, now: datetime) -> bool:
        """Remove an upload unless somebody is at it, or was since."""
        try:
            with self._register.held(upload.upload_id):
                if expired := _is_over(self._register.get(upload.upload_id, upload.owner), now):
                    self._books.forget(upload.upload_id)
                return expired
        except UploadRefusedError:
            return False


def _is_over(upload: Upload, now: datetime) -> bool:
    """True where its time is over; what waits to be taken has no such time, its sender was told that it is here."""
    return upload.expires_at <= now and not upload.waits
