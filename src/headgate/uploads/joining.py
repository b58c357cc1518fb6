"""Partial uploads joined in order into one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from headgate.core.errors import UploadRefusedError
from headgate.uploads.checksums import new_hash
from headgate.uploads.disk import full_disk_told, write_all
from headgate.uploads.records import Upload, UploadState
from headgate.uploads.refusals import Refusal

_READ_BYTES = 1 << 20


def check_parts(parts: Sequence[Upload]) -> Sequence[Upload]:
    """The parts, if each is partial and complete."""
    for number, part in enumerate(parts, 1):
        if not part.partial or part.state is not UploadState.COMPLETE:
            what = "is not complete" if part.partial else "is no partial upload"
            raise UploadRefusedError(
                Refusal.PART, f"Part {number} of {len(parts)} {what}.", "Finish all parts, then join them."
            )
    return parts


def join(parts: Sequence[Path], place: Path) -> str:
    """Write the parts one after the other into a new file, synced; its SHA-256."""
    digest = new_hash("sha256")
    with full_disk_told(), place.open("xb", buffering=0) as final:
        end = 0
        for part in parts:
            with part.open("rb", buffering=0) as stream:
                while piece := stream.read(_READ_BYTES):
                    digest.update(piece)
                    write_all(final.fileno(), piece, end)
                    end += len(piece)
        os.fsync(final.fileno())
    return digest.hexdigest()
