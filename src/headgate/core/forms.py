"""What kind of file a delivery is, as landing recognises it and checking reads it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

HEAD_BYTES = 64 << 10  # of a file, from which its form is recognised


class Format(StrEnum):
    """How records lie in the unpacked bytes."""

    JSON_DOCUMENT = "json_document"  # one value; the records are a list somewhere inside, or the value itself
    JSON_ARRAY = "json_array"  # the list stands at the top
    NDJSON = "ndjson"  # one JSON value a line
    CSV = "csv"  # lines of fields, with any delimiter
    PARQUET = "parquet"
    UNKNOWN = "unknown"  # refused; `reason` says why


class Compression(StrEnum):
    """What is around the bytes."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"
    ZIP = "zip"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is, from its first bytes; its name decides only where the bytes leave it open."""

    format: Format
    compression: Compression = Compression.NONE
    encoding: str = "utf-8"  # utf-8, utf-16-le, utf-16-be, utf-32-le, utf-32-be, windows-1252; Parquet: binary
    reason: str = ""  # reason code where the file cannot be read: empty_file, unknown_format, bad_encoding, malformed
