"""One input from the packed file to text: parts that are read one after the other, and how many bytes they came to."""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_END
from typing import BinaryIO

from headgate.check.encodings import transcoded
from headgate.check.faults import Tally
from headgate.check.unpack import Limited, Plain, Unpacked, unpack_stream
from headgate.check.unpack_zip import Member, zip_members
from headgate.check.windows import ByteStream
from headgate.core.forms import Compression, Form
from headgate.core.reasons import ReasonCode


class Part:
    """A stream of text, counted; a zip has one for each member."""

    def __init__(self, unpacked: Unpacked, *, name: str, offset: int, encoding: str) -> None:
        self.name = name
        self.offset = offset  # of its first byte in the unpacked bytes of the whole input
        self.size_bytes = 0  # as far as it was read
        self._unpacked = unpacked
        self._text: ByteStream = transcoded(unpacked, encoding)

    def read(self, size: int, /) -> bytes:
        """About `size` bytes, none at the end."""
        data = self._text.read(size)
        self.size_bytes += len(data)
        return data

    def tell_problem(self, tally: Tally) -> None:
        """A break in the packing is a fault without bytes, after the last byte that came through."""
        problem = self._unpacked.problem
        if problem:
            end = self.offset + self.size_bytes
            where = f" in member {self.name!r}" if self.name else ""
            tally.fault(ReasonCode.MALFORMED, end, 0, f"After {end:,} unpacked bytes{where} {problem}.")


def open_parts(stream: BinaryIO, form: Form, limit_bytes: int) -> Iterator[Part]:
    """Parts of the input in order; each must be read to its end before the next.

    Raises UnreadableError over `limit_bytes` unpacked bytes, and for a zip that is not to be read.
    """
    total = offset = 0
    members = zip_members(stream) if form.compression == Compression.ZIP else iter((_only(stream, form),))
    for member in members:
        limited = Limited(member.stream, limit_bytes, total)
        part = Part(limited, name=member.name, offset=offset, encoding=form.encoding)
        yield part
        total = limited.total
        offset += part.size_bytes


def whole_part(stream: BinaryIO) -> Part:
    """A file that its reader opens by itself; all its bytes are counted at once."""
    part = Part(Plain(stream), name="", offset=0, encoding="utf-8")
    part.size_bytes = stream.seek(0, SEEK_END)
    stream.seek(0)
    return part


def _only(stream: BinaryIO, form: Form) -> Member:
    return Member("", unpack_stream(stream, form.compression))
