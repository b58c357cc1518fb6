"""Text of other encodings as UTF-8, on the way in. Positions in what follows are those of the transcoded bytes."""

from __future__ import annotations

import codecs

import numpy as np
import numpy.typing as npt

from headgate.check.windows import ByteStream

_UNITS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
UNICODE = frozenset({"utf-8", *_UNITS})
_LAST_CODE_POINT = 0x10FFFF
_LONE_SURROGATE = 0xD800
_NO_TEXT = b"\xff"  # never part of UTF-8
_HIGH_SURROGATES = range(0xD8, 0xDC)


def transcoded(stream: ByteStream, encoding: str) -> ByteStream:
    """The stream as UTF-8; itself where the encoding's ASCII bytes are ASCII."""
    return Transcoded(stream, encoding) if encoding in _UNITS else stream


class Transcoded:
    """UTF-16 or UTF-32 as UTF-8.

    What is no text (half a pair, a code point beyond the last, half a unit at the end) becomes bytes that are no UTF-8,
    so that the record in which it stands is a `bad_encoding` fault and no other.
    """

    def __init__(self, stream: ByteStream, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._unit = _UNITS[encoding]
        self._left = b""

    def read(self, size: int, /) -> bytes:
        """Some bytes, none at the end; up to three times `size` where a unit becomes three bytes."""
        data = self._left + self._stream.read(max(size, 2 * self._unit))
        whole = len(data) - len(data) % self._unit
        if self._unit == 2 and whole >= 2 and len(data) > len(self._left):  # noqa: PLR2004 - bytes of UTF-16
            high = data[whole - 1] if self._encoding.endswith("le") else data[whole - 2]
            whole -= 2 if high in _HIGH_SURROGATES else 0
        if len(data) == len(self._left):
            self._left = b""
            return self._text(data[:whole]) + (_NO_TEXT if len(data) % self._unit else b"")
        self._left = data[whole:]
        return self._text(data[:whole]) or self.read(size)

    def _text(self, data: bytes) -> bytes:
        if self._unit == 4:  # noqa: PLR2004 - bytes of UTF-32
            order = "<" if self._encoding.endswith("le") else ">"
            points = np.frombuffer(data, dtype=f"{order}u4")
            data = np.where(points > _LAST_CODE_POINT, _LONE_SURROGATE, points).astype(f"{order}u4").tobytes()
        text, _ = codecs.lookup(self._encoding).decode(data, "surrogatepass")
        return text.encode("utf-8", "surrogatepass")


_WINDOWS_1252 = "".join(
    bytes([code]).decode("cp1252") if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else chr(code) for code in range(256)
)


def windows_1252_text(data: bytes) -> bytes:
    """Text in Windows-1252 as UTF-8; the five unused bytes become control characters, as browsers read them."""
    return codecs.charmap_decode(data, "strict", _WINDOWS_1252)[0].encode()


_WIDTHS = np.array([len(character.encode()) for character in _WINDOWS_1252], dtype=np.int64)


def windows_1252_ends(data: bytes, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where positions in Windows-1252 text lie once it is UTF-8."""
    if data.isascii():
        return ends
    widths = np.cumsum(_WIDTHS[np.frombuffer(data, dtype=np.uint8)])
    return np.where(ends > 0, widths[np.maximum(ends - 1, 0)], 0)
