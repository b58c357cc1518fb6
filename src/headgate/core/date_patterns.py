"""Patterns of Java's DateTimeFormatter, which the standard writes dates in, and of strftime, in the engine's words."""

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


_DIRECTIVES = {
    **dict.fromkeys("mdHIMS", "[0-9]{1,2}"),
    **dict.fromkeys("aAbB", r"\pL+\.?"),
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "j": "[0-9]{1,3}",
    "f": "[0-9]{1,6}",
    "p": "[AaPp][Mm]",
    "z": r"[+-][0-9]{2}:?[0-9]{2}(:?[0-9]{2})?",
    "Z": "[A-Za-z0-9_/+-]+",
    "%": "%",
}


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


def strftime_shape(form: str) -> str:
    """What Python's `strptime` takes, as RE2: the engine's takes `epoch`, `infinity` and white space around a text too.

    A directive that is not in the table may stand for any text: then the engine alone tells.
    """
    return "".join(map(_part_shape, re.findall(r"%-?.|\s+|.", form, re.DOTALL)))


def _part_shape(part: str) -> str:
    if part[0] == "%" and len(part) > 1:
        return _DIRECTIVES.get(part[-1], ".*")
    return r"\s+" if part.isspace() else re.escape(part)
