"""How a CSV file separates fields, found from its first lines, and what its columns are called."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping

import msgspec

from headgate.core.errors import UnreadableError
from headgate.core.reasons import ReasonCode

_DELIMITERS = ",;\t|"
_LINES_LOOKED_AT = 200
_MOST_COLUMNS = 4_096


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """Signs of a CSV file."""

    delimiter: str = ","
    quote: str = '"'  # doubled inside a quoted field (RFC 4180)
    newline: str = "\n"  # "\n" also stands for "\r\n"
    renamed: Mapping[str, str] = {}  # our name of a column -> the header's, where it had to change


def find_dialect(head: bytes) -> Dialect:
    """The delimiter that cuts the first lines into the same number of fields most often, and into more than one.

    Among equals the one that makes more fields wins, then the order comma, semicolon, tab, bar.
    """
    newline = "\r" if b"\n" not in head and b"\r" in head else "\n"
    text = head.decode("latin-1").lstrip("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = [line for line in lines[:-1] if line] or [line for line in lines if line]
    best = max(_DELIMITERS, key=lambda delimiter: _evenness(whole[:_LINES_LOOKED_AT], delimiter))
    return Dialect(delimiter=best, newline=newline)


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Share of the lines that have the usual number of fields, and that number; nothing where it is one."""
    try:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    except csv.Error:
        return 0.0, 0
    if not counts:
        return 0.0, 0
    fields, rows = max(counts.items(), key=lambda item: (item[1], item[0]))
    return (0.0, 0) if fields == 1 else (rows / counts.total(), fields)


def fields_of(line: str, dialect: Dialect) -> list[str] | None:
    """Fields of one line by itself; None where a quote in it is not closed, or closed before the field ends."""
    try:
        rows = list(csv.reader([line], delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def column_names(header: list[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Distinct names for the columns of a header, and what was changed: our name -> the header's."""
    if len(header) > _MOST_COLUMNS:
        message = f"The header has {len(header):,} columns; at most {_MOST_COLUMNS:,} are read."
        raise UnreadableError(ReasonCode.MALFORMED, message)
    taken = set(header)
    names: list[str] = []
    renamed: dict[str, str] = {}
    for place, written in enumerate(header, start=1):
        name = written or f"column_{place}"
        number = 2
        while name in names or (name != written and name in taken):
            name = f"{written or f'column_{place}'}_{number}"
            number += 1
        names.append(name)
        if name != written:
            renamed[name] = written
    return tuple(names), renamed
