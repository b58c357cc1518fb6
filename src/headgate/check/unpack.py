"""Unpacked bytes of a delivery, streamed: plain, gzip (RFC 1952), Zstandard (RFC 8878).

What is cut off or broken gives up all bytes before the break; the break itself is told in `problem`.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from typing import BinaryIO, Final

import pyarrow as pa

from headgate.check.windows import ByteStream
from headgate.core.errors import UnreadableError
from headgate.core.forms import Compression
from headgate.core.reasons import ReasonCode

GZIP: Final = 31  # window bits that ask zlib for a gzip header and its checksum
RAW: Final = -15  # deflate without any header, as in a zip

_PACKED_BYTES = 64 << 10  # read at a time
_GZIP_MAGIC = b"\x1f\x8b"


class Unpacked(ABC):
    """A stream of unpacked bytes that may break off."""

    problem = ""  # why it ended early or not cleanly; empty where all is well

    @abstractmethod
    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end or at the break."""


class Plain(Unpacked):
    """Bytes as they are."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        return self._stream.read(size)


class Inflated(Unpacked):
    """Deflated bytes: gzip with any number of members, or one raw stream."""

    def __init__(self, stream: ByteStream, bits: int = GZIP) -> None:
        self._stream = stream
        self._bits = bits
        self._engine = zlib.decompressobj(bits)
        self._packed = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; nothing is unpacked ahead."""
        while not self._ended:
            if self._engine.eof and not self._next_member():
                break
            self._packed = self._packed or self._stream.read(_PACKED_BYTES)
            if not self._packed:
                self._end("the packed data is cut off")
            unpacked = self._unpack(size)
            if unpacked:
                return unpacked
        return b""

    def _unpack(self, size: int) -> bytes:
        before = self._engine.copy()
        try:
            unpacked = self._engine.decompress(self._packed, size)
        except zlib.error:
            self._end("the packed data is damaged")
            return _up_to_damage(before, self._packed)
        self._packed = self._engine.unconsumed_tail
        return unpacked

    def _next_member(self) -> bool:
        rest = self._engine.unused_data
        while len(rest) < len(_GZIP_MAGIC) and (more := self._stream.read(_PACKED_BYTES)):
            rest += more
        if self._bits == GZIP and rest.startswith(_GZIP_MAGIC):
            self._engine = zlib.decompressobj(self._bits)
            self._packed = rest
            return True
        padded = not rest.strip(b"\0")
        self._end("" if padded else "other bytes stand behind the packed data")
        return False

    def _end(self, problem: str) -> None:
        self._ended = True
        self.problem = problem


def _up_to_damage(engine: zlib._Decompress, packed: bytes) -> bytes:
    """What zlib gives before the byte at which it fails."""
    parts = []
    try:
        for index in range(len(packed)):
            parts.append(engine.decompress(packed[index : index + 1]))  # noqa: PERF401 - the parts before the error count
    except zlib.error:
        pass
    return b"".join(parts)


class _Lent:
    """A stream for Arrow, which closes what it reads from: this one stays open."""

    closed = False

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        """Nothing: the stream is its owner's."""


class Zstandard(Unpacked):
    """Zstandard frames. After a break the stream is read again from its start, byte by byte before the break."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._unpacked = _zstandard(stream)
        self._given = 0
        self._step = _PACKED_BYTES

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        if self.problem:
            return b""
        try:
            unpacked: bytes = self._unpacked.read(min(size, self._step))
        except OSError:
            if self._step == 1:
                self.problem = "the packed data is cut off or damaged"
                return b""
            self._read_again()
            return self.read(size)
        self._given += len(unpacked)
        return unpacked

    def _read_again(self) -> None:
        self._stream.seek(0)
        self._unpacked = _zstandard(self._stream)
        skipped = 0
        while skipped < self._given:
            skipped += len(self._unpacked.read(min(_PACKED_BYTES, self._given - skipped)))
        self._step = 1


def _zstandard(stream: ByteStream) -> pa.NativeFile:
    return pa.CompressedInputStream(pa.PythonFile(_Lent(stream), mode="r"), "zstd")


def unpack_stream(stream: BinaryIO, compression: Compression) -> Unpacked:
    """The unpacked bytes of one stream; a zip is `unpack_zip`'s."""
    if compression == Compression.GZIP:
        return Inflated(stream)
    return Zstandard(stream) if compression == Compression.ZSTD else Plain(stream)


class Limited(Unpacked):
    """Counts unpacked bytes over all parts of an input and stops at the limit, before they fill memory."""

    def __init__(self, inner: Unpacked, limit: int, before: int = 0) -> None:
        self._inner = inner
        self._limit = limit
        self.total = before

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; UnreadableError once the limit is passed."""
        unpacked = self._inner.read(min(size, self._limit - self.total + 1))
        self.problem = self._inner.problem
        self.total += len(unpacked)
        if self.total > self._limit:
            message = f"Unpacked, the input is over the limit of {self._limit:,} bytes; split it, or raise the limit."
            raise UnreadableError(ReasonCode.UNPACKED_TOO_LARGE, message)
        return unpacked
