"""Why a request for an upload was not followed; `docs/uploads.md` lists them all."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """The code of an UploadRefusedError."""

    UNKNOWN = "upload_unknown"  # no such upload, or another owner's
    GONE = "upload_gone"  # expired, or refused as a whole
    LOCKED = "upload_locked"  # another request is at it
    OFFSET = "offset_differs"  # the bytes belong elsewhere than where the upload stands
    LENGTH = "length_refused"  # it was told otherwise before, or does not fit what is there
    TOO_LARGE = "too_large"  # for the upload's length, or for any upload
    QUOTA = "quota_exceeded"  # the owner's bytes
    FULL = "storage_full"  # the room that all uploads have together
    DAY = "day_quota_exceeded"  # the owner's bytes of the last 24 hours
    LINK = "link_over"  # it expired, was revoked, never was, or all of its files are sent
    LINK_FULL = "link_size_exceeded"  # more bytes than the link has left
    TOO_MANY = "too_many_uploads"  # the owner's open ones
    METADATA = "metadata_refused"  # no metadata of the protocol, or a value that cannot be kept
    NAME = "name_refused"  # a file's name that is none
    CHECKSUM_HEADER = "checksum_refused"  # unknown algorithm, or no checksum of it
    CHECKSUM = "checksum_differs"  # of a chunk
    DIGEST = "digest_differs"  # of the whole file
    FINAL = "upload_is_final"  # made of parts: takes no bytes
    PART = "part_refused"  # not partial, or not complete
    SCAN = "scan_refused"  # the virus scan found something
    DISK = "disk_full"
