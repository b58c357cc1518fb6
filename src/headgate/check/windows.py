"""A window that moves over a stream of unknown length."""

from __future__ import annotations

from typing import Protocol


class ByteStream(Protocol):
    """What we ask of an input: bytes in order, none at the end."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""


class Window:
    """The bytes in memory, `data[at:]` of them not yet dealt with; as many as `fill` was asked for."""

    def __init__(self, stream: ByteStream, base: int = 0) -> None:
        self._stream = stream
        self.data = b""
        self.at = 0
        self.base = base  # position of data[0] in the stream
        self.ended = False  # data reaches to the end of the stream

    @property
    def offset(self) -> int:
        """Position of `data[at]` in the stream."""
        return self.base + self.at

    @property
    def rest(self) -> int:
        """Bytes in memory that are not yet dealt with."""
        return len(self.data) - self.at

    def fill(self, size_bytes: int) -> None:
        """Drop what is behind `at` and read until `size_bytes` are in memory or the stream ends."""
        missing = size_bytes - self.rest
        if self.ended or missing <= 0:
            return
        parts = [self.data[self.at :]]
        self.data = b""  # its memory is what the next read takes
        while missing > 0:
            chunk = self._stream.read(missing)
            if not chunk:
                self.ended = True
                break
            parts.append(chunk)
            missing -= len(chunk)
        self.base += self.at
        self.at = 0
        self.data = b"".join(parts)
