"""Which format, packing and encoding a file has, from its first 64 KiB. Content counts before the name."""

from __future__ import annotations

import zlib

import msgspec
import pyarrow as pa

from headgate.core.forms import HEAD_BYTES, Compression, Form, Format
from headgate.core.reasons import ReasonCode

_MAGIC = (
    (b"\x1f\x8b", Compression.GZIP),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    (b"PK\x03\x04", Compression.ZIP),
    (b"PK\x05\x06", Compression.ZIP),  # an empty one
)
_MARKS = (  # the longer ones first: UTF-32's begins like UTF-16's
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
_PARQUET = b"PAR1"
_NOT_TEXT = (
    _PARQUET,  # inside a packing
    *(magic for magic, _ in _MAGIC),  # a packing inside a packing
    *(b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!"),
)
_ZIP_HEADER_BYTES = 30
_NAMED = {"csv": Format.CSV, "tsv": Format.CSV, "txt": Format.CSV, "ndjson": Format.NDJSON, "jsonl": Format.NDJSON}
_PACKED_ENDINGS = (".gz", ".zst", ".zip")
_LINES_LOOKED_AT = 20
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r\f")
_SPACE = b" \t\r\n"
_MOST_CONTROLS = 0.01  # share of control characters above which bytes are no text


def recognise(head: bytes, name: str, size: int) -> Form:
    """The form of a file whose first bytes are `head` (64 KiB, or all of its `size` bytes).

    A file that cannot be read has `reason` set: `empty_file` or `unknown_format`.
    """
    compression = next((kind for magic, kind in _MAGIC if head.startswith(magic)), Compression.NONE)
    text, whole = _unpacked(head, compression)
    whole = whole or (compression is Compression.NONE and size <= len(head))
    encoding, plain = _as_utf8(text)
    if not plain.strip(_SPACE):
        return _unreadable(compression, ReasonCode.EMPTY_FILE if whole else ReasonCode.UNKNOWN_FORMAT)
    if text.startswith(_PARQUET) and compression is Compression.NONE:
        return Form(format=Format.PARQUET, encoding="binary")
    if text.startswith(_NOT_TEXT):
        return _unreadable(compression, ReasonCode.UNKNOWN_FORMAT)
    kind = _text_format(plain, name, whole=whole)
    if kind is Format.UNKNOWN:
        return _unreadable(compression, ReasonCode.UNKNOWN_FORMAT)
    return Form(format=kind, compression=compression, encoding=encoding)


def _unreadable(compression: Compression, reason: ReasonCode) -> Form:
    return Form(format=Format.UNKNOWN, compression=compression, reason=reason)


def _unpacked(head: bytes, compression: Compression) -> tuple[bytes, bool]:
    """The first unpacked bytes, and whether they are known to be all."""
    if compression is Compression.GZIP:
        return _inflated(head, 31)
    if compression is Compression.ZIP:
        return _first_member(head)
    if compression is Compression.ZSTD:
        try:
            return pa.CompressedInputStream(pa.BufferReader(head), "zstd").read(HEAD_BYTES), False
        except OSError:
            return _zstandard_bytewise(head), False
    return head, False


def _zstandard_bytewise(head: bytes) -> bytes:
    """A frame that ends in the midst of a block gives its whole blocks only when it is read in small steps."""
    stream = pa.CompressedInputStream(pa.BufferReader(head), "zstd")
    parts: list[bytes] = []
    try:
        while len(parts) < HEAD_BYTES and (part := stream.read(1)):
            parts.append(part)
    except OSError:
        pass
    return b"".join(parts)


def _inflated(packed: bytes, bits: int) -> tuple[bytes, bool]:
    engine = zlib.decompressobj(bits)
    try:
        text = engine.decompress(packed, HEAD_BYTES)
    except zlib.error:
        engine = zlib.decompressobj(bits)
        text = _up_to_damage(engine, packed)
    return text, engine.eof


def _up_to_damage(engine: zlib._Decompress, packed: bytes) -> bytes:
    text = b""
    try:
        for index in range(len(packed)):
            text += engine.decompress(packed[index : index + 1], HEAD_BYTES)
            if len(text) >= HEAD_BYTES:
                break
    except zlib.error:
        pass
    return text[:HEAD_BYTES]


def _first_member(head: bytes) -> tuple[bytes, bool]:
    """The first bytes of a zip's first member."""
    if len(head) < _ZIP_HEADER_BYTES:
        return b"", False
    method = int.from_bytes(head[8:10], "little")
    start = _ZIP_HEADER_BYTES + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    if method == 0:
        size = int.from_bytes(head[18:22], "little")
        text = head[start : start + size] if size else head[start:]
        return text, bool(size) and len(text) == size
    return _inflated(head[start:], -15)


def _as_utf8(text: bytes) -> tuple[str, bytes]:
    """The encoding, by mark, by where zero bytes stand, or by whether the bytes are UTF-8; and the text in UTF-8."""
    for mark, encoding in _MARKS:
        if text.startswith(mark):
            return encoding, text[len(mark) :] if encoding == "utf-8" else _decoded(text[len(mark) :], encoding)
    encoding = _by_zeros(text[:4])
    if encoding != "utf-8":
        return encoding, _decoded(text, encoding)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        cut_at_end = error.reason == "unexpected end of data" and error.end == len(text)
        return ("utf-8" if cut_at_end or _mostly_utf8(text) else "windows-1252"), text
    return "utf-8", text


def _by_zeros(start: bytes) -> str:
    """UTF-16 and UTF-32 without a mark, if the text begins with two ASCII characters (as RFC 4627, section 3 tells)."""
    zeros = "".join("0" if byte == 0 else "x" for byte in start)
    known = {
        "x0x0": "utf-16-le",
        "0x0x": "utf-16-be",
        "x000": "utf-32-le",
        "000x": "utf-32-be",
    }
    return known.get(zeros, "utf-8")


def _decoded(text: bytes, encoding: str) -> bytes:
    unit = 2 if "16" in encoding else 4
    return text[: len(text) - len(text) % unit].decode(encoding, "replace").encode()


def _mostly_utf8(text: bytes) -> bool:
    """True where more multi-byte sequences are whole than broken: a UTF-8 file with some damage."""
    replaced = text.decode("utf-8", "replace")
    broken = replaced.count("\ufffd")
    return sum(1 for character in replaced if ord(character) > 0x7F) - broken > broken  # noqa: PLR2004 - ASCII


def _text_format(text: bytes, name: str, *, whole: bool) -> Format:
    body = text.lstrip(_SPACE)
    if not _is_text(text) or body.startswith(b"<"):
        return Format.UNKNOWN
    stem = name.lower()
    for ending in _PACKED_ENDINGS:
        stem = stem.removesuffix(ending)
    named = _NAMED.get(stem.rpartition(".")[2])
    if body[:1] in {b"{", b"["}:
        if _is_lines(body, whole=whole) or (named is Format.NDJSON and b"\n" not in body.rstrip(_SPACE)):
            return Format.NDJSON
        return Format.JSON_DOCUMENT if body.startswith(b"{") else Format.JSON_ARRAY
    if named is Format.NDJSON:
        return Format.NDJSON
    first = body.splitlines()[0]
    return (
        Format.CSV
        if named is Format.CSV or any(sign in first for sign in (b",", b";", b"\t", b"|"))
        else Format.UNKNOWN
    )


def _is_lines(body: bytes, *, whole: bool) -> bool:
    """True where at least two lines stand, and half of the first ones or more are JSON values by themselves."""
    lines = body.split(b"\n", _LINES_LOOKED_AT)
    if len(lines) > _LINES_LOOKED_AT or not whole:
        lines.pop()
    filled = [line for line in lines if line.strip(_SPACE)]
    return len(filled) > 1 and 2 * sum(map(_is_value, filled)) >= len(filled)


def _is_value(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _is_text(text: bytes) -> bool:
    controls = len(text) - len(text.translate(None, _CONTROLS))
    return controls <= _MOST_CONTROLS * len(text)
