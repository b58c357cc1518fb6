"""Who may begin how much: what a store asks before an upload counts, and tells when it counts no more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from headgate.uploads.records import Upload


class Admission(Protocol):
    """Limits that outlive an upload, such as those of a link or of a day."""

    def enter(self, upload: Upload, size_bytes: int, *, instead_of: Collection[str] = ()) -> None:
        """Count the upload with so many bytes, anew where it is counted; UploadRefusedError where it does not fit.

        `instead_of` are uploads that it takes the place of.
        """

    def leave(self, upload_id: str) -> None:
        """Let an upload that ended without being taken count no more."""


class OpenToAll:
    """No limit beyond those of the store."""

    def enter(self, upload: Upload, size_bytes: int, *, instead_of: Collection[str] = ()) -> None:
        """Let it in."""

    def leave(self, upload_id: str) -> None:
        """Nothing was counted."""
