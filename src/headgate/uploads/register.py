"""All uploads as they stand, who is at which of them, and what each owner may still use."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from headgate.core.errors import UploadRefusedError
from headgate.uploads.admission import Admission
from headgate.uploads.records import Limits, Upload, UploadState
from headgate.uploads.refusals import Refusal
from headgate.uploads.state_files import StateFiles


class Register:
    """The uploads of a folder, by id. A change is on the disk before it is seen here."""

    def __init__(self, files: StateFiles, limits: Limits, admission: Admission) -> None:
        self._files = files
        self._limits = limits
        self._admission = admission
        self._mutex = threading.Lock()
        self._held: set[str] = set()
        self._growing: dict[str, int] = {}  # bytes that a request under way claims beyond what is counted
        self._uploads = {upload.upload_id: upload for upload in files.read_all()}

    def all(self) -> list[Upload]:
        """All uploads at this moment."""
        with self._mutex:
            return list(self._uploads.values())

    def get(self, upload_id: str, owner: str) -> Upload:
        """The owner's upload; UploadRefusedError where there is none, or it is somebody else's."""
        with self._mutex:
            upload = self._uploads.get(upload_id)
        if upload is None or upload.owner != owner:
            raise UploadRefusedError(
                Refusal.UNKNOWN, "There is no such upload; it may have ended or expired.", "Begin a new upload."
            )
        return upload

    def check(self, upload: Upload, *, instead_of: frozenset[str] = frozenset()) -> None:
        """UploadRefusedError where `add` would refuse the upload now."""
        with self._mutex:
            self._check(upload, instead_of)

    def add(self, upload: Upload, *, instead_of: frozenset[str] = frozenset()) -> None:
        """Make a new upload known, within its owner's limits; those it stands instead of do not count."""
        with self._mutex:
            self._check(upload, instead_of)
            self._uploads[upload.upload_id] = upload  # reserved from here on; nobody else knows the id yet
        try:
            self._admission.enter(upload, upload.reserved_bytes, instead_of=instead_of)
            try:
                self._files.write(upload)
            except BaseException:
                self._admission.leave(upload.upload_id)
                raise
        except BaseException:
            with self._mutex:
                del self._uploads[upload.upload_id]
            raise

    def put(self, upload: Upload) -> Upload:
        """Make a changed upload durable, then seen."""
        self._files.write(upload)
        with self._mutex:
            self._uploads[upload.upload_id] = upload
        if upload.state is UploadState.REFUSED:
            self._admission.leave(upload.upload_id)
        return upload

    def forget(self, upload_id: str) -> None:
        """Remove an upload, its bytes with it."""
        self._files.forget(upload_id)
        with self._mutex:
            upload = self._uploads.pop(upload_id, None)
        if upload is not None and upload.state is not UploadState.TAKEN:
            self._admission.leave(upload_id)

    def grow(self, upload: Upload, to_bytes: int) -> None:
        """Claim room for bytes of a request under way; UploadRefusedError where there is none."""
        with self._mutex:
            self._check_room(upload.owner, to_bytes, frozenset({upload.upload_id}))
            self._growing[upload.upload_id] = to_bytes
        self._admission.enter(upload, to_bytes)

    def is_held(self, upload_id: str) -> bool:
        """True while a request is at it."""
        with self._mutex:
            return upload_id in self._held

    def hold(self, upload_id: str) -> None:
        """Have an upload for oneself; UploadRefusedError where another request is at it."""
        with self._mutex:
            if upload_id in self._held:
                raise UploadRefusedError(
                    Refusal.LOCKED, "Another request is at this upload.", "Wait a moment and ask for its offset again."
                )
            self._held.add(upload_id)

    def release(self, upload_id: str) -> None:
        """Let others have it."""
        with self._mutex:
            self._held.discard(upload_id)
            self._growing.pop(upload_id, None)

    @contextmanager
    def held(self, *upload_ids: str) -> Iterator[None]:
        """Hold some uploads, all or none."""
        mine: list[str] = []
        try:
            for upload_id in upload_ids:
                self.hold(upload_id)
                mine.append(upload_id)
            yield
        finally:
            for upload_id in mine:
                self.release(upload_id)

    def _check(self, upload: Upload, instead_of: frozenset[str]) -> None:
        self._check_count(upload.owner, instead_of)
        self._check_room(upload.owner, upload.reserved_bytes, instead_of)

    def _check_count(self, owner: str, instead_of: frozenset[str]) -> None:
        count = sum(1 for upload in self._others(owner, instead_of) if upload.counts)
        if count >= self._limits.owner_open:
            raise UploadRefusedError(
                Refusal.TOO_MANY,
                f"{count} of your uploads are open, and no more than {self._limits.owner_open} may be.",
                "Finish or terminate one, or wait until one expires.",
            )

    def _check_room(self, owner: str, needed_bytes: int, instead_of: frozenset[str]) -> None:
        reserved = self._reserved(self._others(owner, instead_of))
        if reserved + needed_bytes > self._limits.owner_bytes:
            raise UploadRefusedError(
                Refusal.QUOTA,
                f"Your uploads hold {reserved} bytes; {needed_bytes} more exceed the quota of "
                f"{self._limits.owner_bytes} bytes.",
                "Finish or terminate an upload, or wait until one expires.",
            )
        stored = self._reserved(one for one in self._uploads.values() if one.upload_id not in instead_of)
        if stored + needed_bytes > self._limits.stored_bytes:
            raise UploadRefusedError(
                Refusal.FULL,
                f"All uploads that are not taken yet hold {stored} bytes; {needed_bytes} more exceed the "
                f"{self._limits.stored_bytes} bytes that there is room for.",
                "Wait until others have ended, or ask who keeps the server for more room.",
            )

    def _reserved(self, uploads: Iterable[Upload]) -> int:
        return sum(max(one.reserved_bytes, self._growing.get(one.upload_id, 0)) for one in uploads)

    def _others(self, owner: str, but: frozenset[str]) -> Iterator[Upload]:
        return (one for one in self._uploads.values() if one.owner == owner and one.upload_id not in but)
