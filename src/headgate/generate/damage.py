"""Defects of a whole file: where they strike, and how the bytes are written then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from headgate.core.errors import UsageError
from headgate.generate.defects import FileDefect
from headgate.generate.draws import Draws, DrawSeries, Ints

GARBAGE = (
    b"<html><body>502 Bad Gateway</body></html>",
    b"\0" * 512,
    b'{"transaction_id":"T20',
    b"<<<<<<< upload resumed >>>>>>>",
)
ENCODINGS = ("latin-1", "utf-16")
_MANY_RECORDS = 100  # among so many, some have a letter that Latin-1 writes in another way than UTF-8


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one file."""

    kind: FileDefect
    record: int  # from 1: the record before which garbage stands, or inside which the file ends
    garbage: bytes = b""
    encoding: str = "utf-8"


def make_damage(kind: FileDefect, *, records: int, series: DrawSeries) -> Damage:
    """Choose place and manner for a file of so many records; UsageError where garbage finds no two records."""
    if kind is FileDefect.MALFORMED_MIDDLE and records < 2:  # noqa: PLR2004
        raise UsageError("malformed_middle needs a file of 2 records. Next: a higher --count or fewer --files.")
    encoding = "utf-8"
    if kind is FileDefect.WRONG_ENCODING:
        encoding = series.pick(ENCODINGS) if records >= _MANY_RECORDS else "utf-16"
    return Damage(
        kind=kind,
        record=series.between(min(2, records), records),
        garbage=series.pick(GARBAGE),
        encoding=encoding,
    )


def make_damages(kinds: Sequence[FileDefect], *, edges: Ints, draws: Draws) -> list[Damage | None]:
    """What happens to each file of a run: nothing to the first, then one kind each. `edges` are their first rows."""
    sound = len(edges) - 1 - len(kinds)
    damages: list[Damage | None] = [None] * sound
    for place, kind in enumerate(kinds, start=sound):
        records = int(edges[place + 1] - edges[place])
        damages.append(make_damage(kind, records=records, series=draws.series("damage", place)))
    return damages


class Sink:
    """A file being written, with what its damage does to the bytes."""

    def __init__(self, path: Path, damage: Damage | None) -> None:
        self._file = path.open("wb")
        self._encoding = damage.encoding if damage else "utf-8"
        self._ended = False
        self.size_bytes = 0
        self.struck_at: int | None = None  # byte at which the damage begins

    def __enter__(self) -> Self:
        return self

    def write(self, data: bytes) -> None:
        """Append text that is given as UTF-8; after `end` nothing is written any more."""
        if self._ended:
            return
        if self._encoding != "utf-8":
            data = self._recoded(data.decode())
        self._file.write(data)
        self.size_bytes += len(data)

    def strike(self, garbage: bytes) -> None:
        """Append bytes that belong to no record."""
        self.struck_at = self.size_bytes
        self.write(garbage)

    def end(self) -> None:
        """Let the file end here, whatever is written later."""
        self.struck_at = self.size_bytes
        self._ended = True

    def _recoded(self, text: str) -> bytes:
        if self._encoding == "utf-16":
            mark = b"" if self.size_bytes else b"\xff\xfe"
            self.struck_at = 0
            return mark + text.encode("utf-16-le")
        if self.struck_at is None and not text.isascii():
            self.struck_at = self.size_bytes + next(place for place, letter in enumerate(text) if letter > "\x7f")
        return text.encode(self._encoding)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
