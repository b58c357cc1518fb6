"""Members of a zip, in the order of their bytes. Their names are data and never paths; what is doubtful is refused."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

import msgspec

from headgate.check.unpack import RAW, Inflated, Plain, Unpacked
from headgate.core.errors import UnreadableError
from headgate.core.reasons import ReasonCode

_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, length of the name, length of the extra field (APPNOTE 4.3.7)
_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_NAME_SHOWN = 80


class Member(msgspec.Struct, frozen=True):
    """One file in a zip."""

    name: str
    stream: Unpacked


class _Stretch:
    """A stretch of a seekable stream."""

    def __init__(self, stream: BinaryIO, offset: int, size_bytes: int) -> None:
        self._stream = stream
        self._at = offset
        self._left = size_bytes

    def read(self, size: int, /) -> bytes:
        self._stream.seek(self._at)
        data = self._stream.read(min(size, self._left))
        self._at += len(data)
        self._left -= len(data)
        return data


class _Checked(Unpacked):
    """Compares the checksum and size that the directory gives, at the end."""

    def __init__(self, inner: Unpacked, info: zipfile.ZipInfo) -> None:
        self._inner = inner
        self._info = info
        self._crc = 0
        self._size = 0

    def read(self, size: int, /) -> bytes:
        data = self._inner.read(size)
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        if not data and size:
            differs = (self._crc, self._size) != (self._info.CRC, self._info.file_size)
            self.problem = self._inner.problem or (
                "checksum or size differ from the zip's directory" if differs else ""
            )
        return data


def zip_members(stream: BinaryIO) -> Iterator[Member]:
    """Members that hold data, in the order of their bytes; read each before the next.

    Raises UnreadableError for a zip that is cut off, and for folders, archives inside, encrypted members, unusual
    compression and members that share bytes.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
            directory = archive.start_dir
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, UnicodeDecodeError) as error:
        _refuse(f"The zip has no readable directory, it may be cut off: {error}.")
    checked = [_locate(stream, info) for info in infos]
    ends = [info.header_offset for info in infos[1:]] + [directory] * bool(infos)
    for info, start, end in zip(infos, checked, ends, strict=True):
        if start + info.compress_size > end:
            _refuse(f"{_shown(info)} shares bytes with what follows it in the zip.")
    for info, start in zip(infos, checked, strict=True):
        yield Member(info.filename, _open(stream, info, start))


def _locate(stream: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Where a member's packed bytes begin."""
    if info.filename.endswith("/"):  # as is_dir() of Python 3.11 asks it, which an empty name stops
        _refuse(f"{_shown(info)} is a folder; pack the files without their folder.")
    if info.flag_bits & _ENCRYPTED:
        _refuse(f"{_shown(info)} is encrypted; pack it without a password.")
    if info.compress_type not in _PACKED:
        _refuse(f"{_shown(info)} is packed by method {info.compress_type}; use deflate or store.")
    stream.seek(max(0, info.header_offset))
    header = stream.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(_SIGNATURE) or info.header_offset < 0:
        _refuse(f"{_shown(info)} is not where the zip's directory says.")
    _, name, extra = _LOCAL_HEADER.unpack(header)
    return int(info.header_offset + _LOCAL_HEADER.size + name + extra)


def _open(stream: BinaryIO, info: zipfile.ZipInfo, start: int) -> Unpacked:
    def bytes_of_member() -> Unpacked:
        packed = _Stretch(stream, start, info.compress_size)
        return Plain(packed) if info.compress_type == zipfile.ZIP_STORED else Inflated(packed, RAW)

    if bytes_of_member().read(8).startswith(_ARCHIVES):
        _refuse(f"{_shown(info)} is an archive or a Parquet file; send it by itself.")
    return _Checked(bytes_of_member(), info)


def _shown(info: zipfile.ZipInfo) -> str:
    return f"Member {info.filename[:_NAME_SHOWN]!r}"


def _refuse(message: str) -> NoReturn:
    raise UnreadableError(ReasonCode.UNKNOWN_FORMAT, message)
