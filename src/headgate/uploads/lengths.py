"""Whether a length, an offset, a claim and an upload fit together."""

from __future__ import annotations

from headgate.core.errors import UploadRefusedError
from headgate.core.replacing import replace
from headgate.uploads.records import Upload
from headgate.uploads.refusals import Refusal


def check_most(length_bytes: int | None, most_bytes: int) -> None:
    """UploadRefusedError for a length beyond what an upload may have."""
    if length_bytes is not None and length_bytes > most_bytes:
        raise UploadRefusedError(
            Refusal.TOO_LARGE,
            f"{length_bytes} bytes are more than the {most_bytes} that an upload may have.",
            "Split the file.",
        )


def check_offset(upload: Upload, offset_bytes: int) -> None:
    """UploadRefusedError where bytes for this offset cannot be taken."""
    if upload.parts:
        raise UploadRefusedError(Refusal.FINAL, "A final upload takes no bytes.", "Send them to a partial one.")
    if offset_bytes != upload.offset_bytes:
        raise UploadRefusedError(
            Refusal.OFFSET,
            f"The bytes are for offset {offset_bytes}, and the upload stands at {upload.offset_bytes}.",
            "Ask for the offset, and send from there.",
        )


def check_body(offset_bytes: int, body_bytes: int, most_bytes: int) -> None:
    """UploadRefusedError where so many bytes go beyond the end of the upload."""
    if offset_bytes + body_bytes > most_bytes:
        raise UploadRefusedError(
            Refusal.TOO_LARGE,
            f"{body_bytes} bytes at {offset_bytes} go beyond {most_bytes}, where the upload ends.",
            "Ask for the offset, and send what is missing.",
        )


def with_length(upload: Upload, length_bytes: int | None) -> Upload:
    """The upload with the length that is told now; once told it cannot change."""
    if length_bytes is None or length_bytes == upload.length_bytes:
        return upload
    if upload.length_bytes is not None:
        raise UploadRefusedError(
            Refusal.LENGTH,
            f"The length was told before as {upload.length_bytes}, now as {length_bytes}.",
            "Leave Upload-Length out, or begin a new upload.",
        )
    if length_bytes < upload.offset_bytes:
        raise UploadRefusedError(
            Refusal.LENGTH,
            f"The length {length_bytes} is less than the {upload.offset_bytes} bytes that are there.",
            "Tell the right length, or begin a new upload.",
        )
    return replace(upload, length_bytes=length_bytes)


def with_claim(upload: Upload, sha256: str | None) -> Upload:
    """The upload with what its sender says of the whole file; once told it cannot change."""
    if sha256 is None or sha256 == upload.claimed_sha256:
        return upload
    if upload.claimed_sha256 is not None:
        raise UploadRefusedError(
            Refusal.CHECKSUM_HEADER,
            f"The file's SHA-256 was told before as {upload.claimed_sha256}, now as {sha256}.",
            "Leave Repr-Digest out, or begin a new upload.",
        )
    return replace(upload, claimed_sha256=sha256)
