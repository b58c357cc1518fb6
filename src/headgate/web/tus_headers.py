"""The headers of the tus protocol: read strictly from a request, and written from an upload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime

from starlette.requests import Request

from headgate.core.errors import HeadgateError
from headgate.uploads.checksums import ALGORITHMS, parse_repr_digest
from headgate.uploads.metadata import parse_metadata
from headgate.uploads.records import Limits, NewUpload, Upload, UploadState

VERSION = "1.0.0"
EXTENSIONS = (
    "creation",
    "creation-defer-length",
    "creation-with-upload",
    "expiration",
    "checksum",
    "termination",
    "concatenation",
)
BYTES_TYPE = "application/offset+octet-stream"
ALWAYS: Mapping[str, str] = {"Tus-Resumable": VERSION, "X-Content-Type-Options": "nosniff"}
_NUMBER = re.compile(r"[0-9]{1,18}")
_PART = re.compile(r"[0-9a-f]{32}")


class HeaderError(HeadgateError):
    """A header is missing or is not what the protocol says."""

    def __init__(self, message: str, next_step: str) -> None:
        self.next_step = next_step
        super().__init__(message)


def number(request: Request, name: str) -> int | None:
    """A header that is a number of bytes; None where there is none."""
    text = request.headers.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise HeaderError(f"{name} is {text[:40]!r}.", "Send a number of bytes, in digits.")
    return int(text)


def has_body(request: Request) -> bool:
    """True where the request says that bytes follow."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def holds_bytes(request: Request) -> bool:
    """True where the body is of the one type that the protocol knows."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == BYTES_TYPE


def creation(request: Request, owner: str) -> NewUpload:
    """What a POST asks for."""
    metadata_header = request.headers.get("upload-metadata", "").strip()
    concat = request.headers.get("upload-concat", "")
    parts = _parts(concat)
    return NewUpload(
        owner=owner,
        length_bytes=_length(request, final=bool(parts)),
        metadata=parse_metadata(metadata_header),
        metadata_header=metadata_header,
        concat_header=concat,
        partial=concat == "partial",
        parts=parts,
        claimed_sha256=parse_repr_digest(request.headers.get("repr-digest", "")),
    )


def about(limits: Limits) -> dict[str, str]:
    """What this server can do."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(limits.upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def progress(upload: Upload) -> dict[str, str]:
    """How far an upload is, and until when it can go on."""
    headers = {"Upload-Offset": str(upload.offset_bytes)}
    if upload.state is UploadState.OPEN or (upload.partial and upload.done):
        headers["Upload-Expires"] = format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)
    return headers


def description(upload: Upload) -> dict[str, str]:
    """All that is told of an upload. Nothing of it may be cached: the next chunk changes it."""
    headers = {"Cache-Control": "no-store", **progress(upload)}
    if upload.length_bytes is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(upload.length_bytes)
    if upload.metadata_header:
        headers["Upload-Metadata"] = upload.metadata_header
    if upload.concat_header:
        headers["Upload-Concat"] = upload.concat_header
    return headers


def _length(request: Request, *, final: bool) -> int | None:
    length_bytes = number(request, "Upload-Length")
    deferred = request.headers.get("upload-defer-length")
    if deferred not in {None, "1"}:
        raise HeaderError(f"Upload-Defer-Length is {deferred[:40]!r}.", "Send 1, or leave it out.")
    given = (length_bytes is not None) + (deferred is not None)
    if final and given:
        raise HeaderError("A final upload has the length of its parts.", "Leave Upload-Length out.")
    if not final and given != 1:
        raise HeaderError(
            f"The request has {given} of Upload-Length and Upload-Defer-Length.", "Send exactly one of them."
        )
    return length_bytes


def _parts(concat: str) -> tuple[str, ...]:
    """The ids of the uploads that a final one is made of; their addresses may be relative, or of any proxy."""
    if concat in {"", "partial"}:
        return ()
    kind, _, addresses = concat.partition(";")
    parts = tuple(address.rpartition("/")[2] for address in addresses.split())
    if kind != "final" or not parts or not all(_PART.fullmatch(part) for part in parts):
        raise HeaderError(
            f"Upload-Concat is {concat[:80]!r}.", "Send `partial`, or `final;` and the addresses of the parts."
        )
    return parts
