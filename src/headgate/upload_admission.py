"""What outlives an upload: the limits of links and of a day, and the scan that a whole file must pass."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from headgate.core.errors import UploadRefusedError
from headgate.core.ports import Clock
from headgate.core.records import Event
from headgate.core.upload_links import Room, SentUpload, UploadLinks
from headgate.uploading import name_of
from headgate.uploads.books import Take
from headgate.uploads.records import Upload
from headgate.uploads.refusals import Refusal
from headgate.uploads.scanning import Scan, ScanBusyError, ScanFailedError
from headgate.uploads.store import UploadStore

TOLD_AFTER = 3  # failed scans of a file


class SenderLimits:
    """An Admission that counts in the ledger's database, so that neither a restart nor a second request goes around."""

    def __init__(self, links: UploadLinks, *, day_bytes: int) -> None:
        self._links = links
        self._day_bytes = day_bytes

    def enter(self, upload: Upload, size_bytes: int, *, instead_of: Collection[str] = ()) -> None:
        """Count the upload; UploadRefusedError where its link or its sender's day has no room for it."""
        sent = SentUpload(
            upload=upload.upload_id,
            owner=upload.owner,
            name=name_of(upload.metadata),
            size_bytes=size_bytes,
            begun_at=upload.created_at,
        )
        room = self._links.enter(sent, day_bytes=self._day_bytes, instead_of=instead_of)
        if room is not Room.FITS:
            raise self._refusal(room, size_bytes)

    def leave(self, upload_id: str) -> None:
        """Let an upload that ended without being taken count no more."""
        self._links.leave(upload_id)

    def _refusal(self, room: Room, size_bytes: int) -> UploadRefusedError:
        match room:
            case Room.LINK_FULL:
                return UploadRefusedError(
                    Refusal.LINK_FULL,
                    f"The file has {size_bytes} bytes, more than this link has left.",
                    "Send a smaller file, or ask who gave you the link for another one.",
                )
            case Room.DAY_FULL:
                return UploadRefusedError(
                    Refusal.DAY,
                    f"{size_bytes} bytes more exceed the {self._day_bytes} that you may send in 24 hours.",
                    "Send the rest later, or ask who keeps the server for more.",
                )
            case _:
                return link_over()


def link_over() -> UploadRefusedError:
    """What an expired, a revoked, a used up and an unknown link all answer."""
    return UploadRefusedError(
        Refusal.LINK, "This upload link takes no files (any more).", "Ask who gave it to you for another one."
    )


def let_go_lost(links: UploadLinks, store: UploadStore) -> int:
    """Before anybody is served: what a kill left counted, and the store does not know, counts no more."""
    return links.leave_all_but([upload.upload_id for upload in store.all() if upload.counts])


def scanned(take: Take, scan: Scan, links: UploadLinks, clock: Clock, warn: Callable[[str], object]) -> Take:
    """The same, but a file that does not pass the scan is refused, and one whose scan fails waits.

    After some failures of a file `warn` hears of it, once; its scan is still tried again.
    """
    failures: dict[str, int] = {}

    def take_clean(upload: Upload, path: Path, sha256: str) -> None:
        fields = {"owner": upload.owner, "upload": upload.upload_id, "sha256": sha256}
        try:
            refusal = scan.refusal(path)
        except ScanBusyError:
            raise
        except ScanFailedError as error:
            failures[upload.upload_id] = failures.get(upload.upload_id, 0) + 1
            if failures[upload.upload_id] == TOLD_AFTER:
                links.tell(Event(type="upload_scan_failed", fields=fields), at=clock())
                warn(f"The scan of upload {upload.upload_id} failed {TOLD_AFTER} times; it waits. {error}")
            raise
        failures.pop(upload.upload_id, None)
        if refusal is not None:
            links.tell(Event(type="upload_refused_by_scan", fields=fields), at=clock())
            raise UploadRefusedError(
                Refusal.SCAN,
                f"The file did not pass the scan ({refusal}); it was removed.",
                "Look at the file on your side, and send it again once it is clean.",
            )
        take(upload, path, sha256)

    return take_clean
