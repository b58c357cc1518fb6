"""Patterns of Java's DateTimeFormatter, as the standard writes date formats, in the words of the engine."""

from __future__ import annotations

import re

import msgspec


class DatePattern(msgspec.Struct, frozen=True, kw_only=True):
    """One pattern in two spellings: both must hold, since strptime alone takes one digit where two are asked for."""

    strptime: str  # DuckDB's strptime
    shape: str  # RE2, matched in full
    has_date: bool
    has_time: bool
    has_offset: bool


_LETTERS: dict[str, tuple[str, str]] = {
    "yyyy": ("%Y", r"\d{4}"),
    "uuuu": ("%Y", r"\d{4}"),
    "yy": ("%y", r"\d{2}"),
    "M": ("%m", r"\d{1,2}"),
    "MM": ("%m", r"\d{2}"),
    "MMM": ("%b", r"[A-Za-z]{3}"),
    "MMMM": ("%B", r"[A-Za-z]+"),
    "d": ("%d", r"\d{1,2}"),
    "dd": ("%d", r"\d{2}"),
    "EEE": ("%a", r"[A-Za-z]{3}"),
    "EEEE": ("%A", r"[A-Za-z]+"),
    "H": ("%H", r"\d{1,2}"),
    "HH": ("%H", r"\d{2}"),
    "h": ("%I", r"\d{1,2}"),
    "hh": ("%I", r"\d{2}"),
    "m": ("%M", r"\d{1,2}"),
    "mm": ("%M", r"\d{2}"),
    "s": ("%S", r"\d{1,2}"),
    "ss": ("%S", r"\d{2}"),
    "SSS": ("%g", r"\d{3}"),
    "SSSSSS": ("%f", r"\d{6}"),
    "a": ("%p", r"(?:[AaPp][Mm])"),
    "X": ("%z", r"(?:Z|[+-]\d{2})"),
    "XX": ("%z", r"(?:Z|[+-]\d{4})"),
    "XXX": ("%z", r"(?:Z|[+-]\d{2}:\d{2})"),
    "Z": ("%z", r"[+-]\d{4}"),
}
_DATE_LETTERS = frozenset("yuMdE")
_TIME_LETTERS = frozenset("HhmsSa")
_OFFSET_LETTERS = frozenset("XZ")
_PARTS = re.compile(r"(?P<letters>([A-Za-z])\2*)|'(?P<quoted>(?:[^']|'')*)'|(?P<plain>[^A-Za-z'\[\]{}#]+)")


def read_date_pattern(pattern: str) -> DatePattern:
    """The pattern for the engine; ValueError with the part that is not supported.

    >>> read_date_pattern("d/M/yyyy").strptime
    '%d/%m/%Y'
    """
    strptime, shape, used, position = "", "", set[str](), 0
    while position < len(pattern):
        part = _PARTS.match(pattern, position)
        if part is None:
            raise ValueError(f"{pattern[position:]!r} in {pattern!r} is not supported; use letters, signs and '…'.")
        letters, quoted = part.group("letters"), part.group("quoted")
        if letters:
            if letters not in _LETTERS:
                raise ValueError(f"{letters!r} in {pattern!r} is not supported; use {' '.join(_LETTERS)}.")
            written, form = _LETTERS[letters]
            used.add(letters[0])
        else:
            literal = part.group("plain") if quoted is None else quoted.replace("''", "'") or "'"
            written, form = literal.replace("%", "%%"), re.escape(literal)
        strptime, shape, position = strptime + written, shape + form, part.end()
    return DatePattern(
        strptime=strptime,
        shape=shape,
        has_date=bool(used & _DATE_LETTERS),
        has_time=bool(used & _TIME_LETTERS),
        has_offset=bool(used & _OFFSET_LETTERS),
    )
