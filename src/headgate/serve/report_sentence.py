"""Sentences with values in them: `{revenue:money}`, `{n:count} {n:plural order|orders}`, `**what matters**`.

Small on purpose: a value has a name and a format, nothing is called and nothing is looked up inside a value.
Two braces stand for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

import msgspec

from headgate.serve.report_formats import FORMATS, Value, show

_TOKEN = re.compile(r"\{\{|\}\}|\*\*|\{[^{}]*\}|[{}]")
_VALUE = re.compile(r"\{([a-z_][a-z0-9_]*)(?::(?:(plural) ([^|{}]+)\|([^|{}]+)|([A-Za-z0-9_]+)))?\}")


class SentenceError(ValueError):
    """A sentence cannot be read or filled; the message says where it breaks and what would do."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a sentence: literal text, or a value with its format."""

    strong: bool
    text: str = ""
    value: str = ""  # name of a value; empty for literal text
    format: str = "text"
    forms: tuple[str, str] | None = None  # one, many: the word that goes with the number


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that was read."""

    source: str
    pieces: tuple[Piece, ...]

    @property
    def names(self) -> frozenset[str]:
        """The values that it needs."""
        return frozenset(piece.value for piece in self.pieces if piece.value)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Finished text."""

    text: str
    strong: bool = False


Words = tuple[Span, ...]
"""A finished sentence."""


def plain(words: Words) -> str:
    """The sentence without its emphasis."""
    return "".join(span.text for span in words)


def read_template(source: str) -> Template:
    """`**{n:count}** orders` -> pieces. Raises SentenceError for a brace, a format or an emphasis that is not right."""
    pieces: list[Piece] = []
    strong = False
    position = 0
    for token in _TOKEN.finditer(source):
        if token.start() > position:
            pieces.append(Piece(strong=strong, text=source[position : token.start()]))
        position = token.end()
        mark = token.group()
        if mark == "**":
            strong = not strong
        elif mark in {"{{", "}}"}:
            pieces.append(Piece(strong=strong, text=mark[0]))
        else:
            pieces.append(_read_value(mark, token.start(), strong=strong))
    if strong:
        raise SentenceError(f"{source!r} opens an emphasis with ** and never closes it.")
    if position < len(source):
        pieces.append(Piece(strong=strong, text=source[position:]))
    return Template(source=source, pieces=tuple(pieces))


def fill(template: Template, values: Mapping[str, Value], currency: str) -> Words | None:
    """The sentence with its values; None where one of them is NULL, since half a sentence says something wrong.

    Raises SentenceError for a value that nobody gives or that does not suit its format.
    """
    spans: list[Span] = []
    for piece in template.pieces:
        if not piece.value:
            spans.append(Span(text=piece.text, strong=piece.strong))
            continue
        if piece.value not in values:
            raise SentenceError(f"{{{piece.value}}} is not given. {_near(piece.value, values)}")
        value = values[piece.value]
        if value is None:
            return None
        spans.append(Span(text=_show(piece, value, currency), strong=piece.strong))
    return tuple(spans)


def _read_value(mark: str, at: int, *, strong: bool) -> Piece:
    found = _VALUE.fullmatch(mark)
    if found is None:
        raise SentenceError(
            f"{mark!r} at character {at + 1} is no value; write {{name}}, {{name:format}} or {{name:plural one|many}}, "
            "and two braces for one."
        )
    name, plural, one, many, form = found.groups()
    if plural:
        return Piece(strong=strong, value=name, forms=(one, many))
    if form and form not in FORMATS:
        raise SentenceError(f"{form!r} at character {at + 1} is no format. {_near(form, FORMATS)}")
    return Piece(strong=strong, value=name, format=form or "text")


def _show(piece: Piece, value: Value, currency: str) -> str:
    if piece.forms:
        return piece.forms[0 if value == 1 else 1]
    try:
        return show(value, piece.format, currency)
    except TypeError as error:
        raise SentenceError(f"{{{piece.value}:{piece.format}}} needs {error}, and the value is {value!r}.") from error


def _near(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(sorted(known))}."
