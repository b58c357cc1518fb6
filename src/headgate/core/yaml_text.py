"""Reads YAML as people mean it: no surprise types, no twin keys, every value with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NoReturn, TypeAlias

import msgspec
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import AliasEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent, StreamEndEvent
from yaml.resolver import BaseResolver

from headgate.core.errors import DocumentError, Problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_VALUES = 200_000
"""Aliases count each time they are used: a few lines of them can stand for billions of values."""

Path: TypeAlias = tuple[str | int, ...]
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | Decimal | bool | None"

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,37})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,37})(?:\.[0-9]{1,38})?(?:[eE][-+]?[0-9]{1,3})?\Z")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class YamlText(msgspec.Struct, frozen=True, kw_only=True):
    """A document as plain values (dict, list, str, int, Decimal, bool, None) with the line of each."""

    name: str
    value: Json
    lines: Mapping[Path, int]  # from 1; of a value in a mapping, the line of its key

    def where(self, path: Path) -> str:
        """`contract.odcs.yaml:41` for a value, or for the nearest one around it that has a line."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"


def read_yaml(text: bytes, *, name: str, error: type[DocumentError] = DocumentError) -> YamlText:
    """The one document in `text` (UTF-8, at most 1 MiB, 64 levels deep); `error` with the line for anything else.

    Only `true` and `false` are booleans, `null`, `~` and nothing are None, numbers are those of JSON (a fraction or an
    exponent makes a Decimal, so that digits are kept); all else is text: dates, `NO`, `012`, `12:30`, `1_000`.
    Tags, merge keys, twin keys and keys that are no plain text are refused.

    >>> read_yaml(b"{version: 1.10, country: NO, day: 2026-11-20}", name="x").value
    {'version': Decimal('1.10'), 'country': 'NO', 'day': '2026-11-20'}
    """
    if len(text) > MAX_BYTES:
        raise error(
            name, [Problem(where=name, what=f"{len(text)} bytes, over the limit of {MAX_BYTES}.", fix="Split it.")]
        )
    try:
        text.decode("utf-8")
        return _Reading(text, name, error).document()
    except UnicodeDecodeError as fault:
        line = text.count(b"\n", 0, fault.start) + 1
        raise error(name, [Problem(where=f"{name}:{line}", what=f"byte {fault.start} is not UTF-8.")]) from fault
    except MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise error(name, [Problem(where=f"{name}:{line}", what=f"not YAML: {fault.problem}.")]) from fault
    except YAMLError as fault:
        raise error(name, [Problem(where=name, what=f"not YAML: {str(fault).splitlines()[0]}.")]) from fault


class _Parser(CParser, BaseResolver):
    """libyaml's events; its own building of values recurses in C without a limit and is not used."""

    def __init__(self, text: bytes) -> None:
        CParser.__init__(self, text)
        BaseResolver.__init__(self)


class _Reading:
    """Builds the values of one document from its events."""

    def __init__(self, text: bytes, name: str, error: type[DocumentError]) -> None:
        self._read: Callable[[], Event | None] = _Parser(text).get_event
        self._name = name
        self._error = error
        self._lines: dict[Path, int] = {}
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._values = 0

    def _next(self) -> Event:
        event = self._read()
        assert event is not None, "read past the end of the stream"
        return event

    def document(self) -> YamlText:
        self._next()  # the stream begins
        if isinstance(self._next(), StreamEndEvent):
            self._refuse(None, "the file holds nothing.", "Write the document.")
        value = self._value(self._next(), ())
        self._next()  # the document ends
        after = self._next()
        if not isinstance(after, StreamEndEvent):
            self._refuse(after, "a second document begins.", "Keep one document a file.")
        return YamlText(name=self._name, value=value, lines=self._lines)

    def _value(self, event: Event, path: Path) -> Json:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self._values
        self._count(1, event)
        self._lines.setdefault(path, _line(event))
        if len(path) > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels.", "Write it flatter.")
        value: Json
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, SequenceStartEvent):
            self._refuse_tag(event)
            value = self._sequence(path)
        else:
            assert isinstance(event, MappingStartEvent)
            self._refuse_tag(event)
            value = self._mapping(path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._values - before)
        return value

    def _alias(self, event: AliasEvent) -> Json:
        if event.anchor not in self._anchors:
            self._refuse(event, f"*{event.anchor} refers to nothing that ends before it.")
        value, size = self._anchors[event.anchor]
        self._count(size, event)
        return value

    def _sequence(self, path: Path) -> list[Json]:
        items: list[Json] = []
        while isinstance(event := self._next(), _VALUE_EVENTS):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Json]:
        entries: dict[str, Json] = {}
        while isinstance(event := self._next(), _VALUE_EVENTS):
            key = self._key(event)
            if key in entries:
                first = self._lines[*path, key]
                self._refuse(event, f"the key {key!r} stands here again; first in line {first}.", "")
            self._lines[*path, key] = _line(event)
            entries[key] = self._value(self._next(), (*path, key))
        return entries

    def _key(self, event: Event) -> str:
        if not isinstance(event, ScalarEvent):
            self._refuse(event, "a key is a list, a mapping or an alias.", "Write the key as text.")
        self._refuse_tag(event)
        if event.value == "<<" and not event.style:
            self._refuse(event, "merge keys (<<) are not read.", "Write the entries out.")
        return str(event.value)

    def _scalar(self, event: ScalarEvent) -> str | int | Decimal | bool | None:
        self._refuse_tag(event)
        text: str = event.value
        if event.style:  # quoted or a block
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            return int(text)
        return Decimal(text) if _DECIMAL.match(text) else text

    def _refuse_tag(self, event: Event) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self._refuse(event, f"the tag {tag!r} is not read.", "Leave it out; quotes make text.")

    def _count(self, values: int, event: Event) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._refuse(event, f"more than {MAX_VALUES} values, aliases counted at each use.", "Split it.")

    def _refuse(self, event: Event | None, what: str, fix: str = "") -> NoReturn:
        raise self._error(self._name, [Problem(where=f"{self._name}:{_line(event)}", what=what, fix=fix)])


def _line(event: Event | None) -> int:
    return event.start_mark.line + 1 if event is not None and event.start_mark is not None else 1


_VALUE_EVENTS = (ScalarEvent, SequenceStartEvent, MappingStartEvent, AliasEvent)
