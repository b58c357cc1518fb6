"""A record laid out by its contract: fields, objects and lists, with what is faulty, masked or cut."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headgate.core.contract import Column, Contract, Kind, RuleKind
from headgate.serve.personal import plain_paths
from headgate.serve.rule_words import type_words

MOST_TEXT = 500  # characters of one value that are shown
MOST_ELEMENTS = 50  # of a list
MOST_FIELDS = 800  # of a record that can be edited in one form: a form has at most 1,000 parts
MASK = "••••"
NUMBERS = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.DECIMAL})
_NESTED = frozenset({Kind.OBJECT, Kind.ARRAY})
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # control, format, lone surrogates, line and paragraph ends
_POSITION = re.compile(r"\[\d+\]")


class Digits(str):
    """A number as it was written."""

    __slots__ = ()


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One value."""

    path: str  # items[2].quantity
    name: str
    type: str  # in words
    value: str | None  # as text; None where there is none
    personal: bool = False
    masked: bool = False
    plain: bool = True  # its text survives a form: no control characters, not cut
    number: bool = False
    choices: tuple[str, ...] = ()
    required: bool = False
    known: bool = True  # the contract has it
    editable: bool = True

    @property
    def shown(self) -> str:
        """The text to be read: masked, with control characters written out, and cut."""
        return MASK if self.masked else told(self.value)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A record, or an object in it."""

    path: str
    name: str
    fields: tuple[Field, ...]
    parts: tuple[Part, ...] = ()
    lists: tuple[Listed, ...] = ()


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list: of objects with a column for each name, or of values."""

    path: str
    name: str
    length: int
    columns: tuple[str, ...]
    elements: tuple[tuple[int, tuple[Field, ...]], ...]  # position and fields, of those that are shown


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """A whole record."""

    record: Part
    unknown: tuple[Field, ...]  # members that the contract does not name
    masked: tuple[str, ...]  # paths of the personal columns that hold something

    def fields(self) -> Iterator[Field]:
        """All fields, in the order in which they stand."""
        yield from _fields(self.record)
        yield from self.unknown

    def field(self, path: str) -> Field | None:
        """The field at a path."""
        return next((field for field in self.fields() if field.path == path), None)


class _Laying(msgspec.Struct, kw_only=True):
    contract: Contract
    choices: Mapping[str, tuple[str, ...]]
    faulty: frozenset[str]
    unmasked: bool
    left: int = MOST_FIELDS
    masked: list[str] = []


def read_record(text: str | None) -> dict[str, Any] | None:
    """A record's members with numbers as they were written; None where the text is no JSON object."""
    try:
        found = json.loads(text or "", parse_float=Digits, parse_int=Digits, parse_constant=Digits)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def lay_out(
    record: Mapping[str, Any], contract: Contract, *, faulty: Sequence[str] = (), unmasked: bool = False
) -> Layout:
    """Lay a record out; `faulty` are paths whose elements are shown however long their list is."""
    laying = _Laying(
        contract=contract,
        choices={
            rule.reads[0]: tuple(str(value) for value in rule.arguments["values"])
            for rule in contract.rules
            if rule.kind is RuleKind.ALLOWED and rule.reads
        },
        faulty=frozenset(faulty),
        unmasked=unmasked,
        masked=[],
    )
    part = _part(laying, "", "", contract.columns, record, personal=False)
    known = {column.source_name for column in contract.columns} | {column.name for column in contract.columns}
    others = ((told(name), value) for name, value in record.items() if name not in known)
    unknown = tuple(_field(laying, name, name, None, value, personal=True) for name, value in others)
    return Layout(record=part, unknown=unknown, masked=tuple(laying.masked))


def told(value: str | None, most: int = MOST_TEXT) -> str:
    """Text to be read: what would not be seen, or would turn the line round, is written out; what is long is cut."""
    if value is None:
        return ""
    cut = value[:most]
    seen = "".join(_written_out(char) if unicodedata.category(char) in _UNSEEN else char for char in cut)
    return f"{seen}… ({len(value):,} characters)" if len(value) > most else seen


def changed_values(posted: Mapping[str, str], layout: Layout) -> dict[str, str | None]:
    """Of values by path those that differ from what was shown; an emptied field takes its value away.

    What was masked, cut or written out was not in the form: there only a text that was entered counts.
    """
    changes: dict[str, str | None] = {}
    for field in layout.fields():
        entered = posted.get(field.path)
        if entered is None or not field.editable:
            continue
        if field.masked or not field.plain:
            if entered:
                changes[field.path] = entered
        elif entered != (field.value or ""):
            changes[field.path] = entered or None
    return changes


def is_personal(contract: Contract, path: str) -> bool:
    """Whether a path (`items[2].name`, or `a, b`) may show something personal; one that is not known may."""
    return not plain_paths(contract).issuperset(_POSITION.sub("[]", path).split(", "))


def _holds_personal(column: Column) -> bool:
    return any(one.personal for one in column.walk())


def value_at(record: Mapping[str, Any], contract: Contract, path: str) -> str | None:
    """The value at a path of the contract as text; None where there is none, or a list lies between."""
    value: Any = record
    so_far = ""
    for step in path.split("."):
        so_far = f"{so_far}.{step}" if so_far else step
        source = next((column.source_name for column in contract.walk() if column.path == so_far), step)
        if not isinstance(value, Mapping):
            return None
        value = value.get(source, value.get(step))
    return _text(value)


def _part(
    laying: _Laying, path: str, name: str, columns: Sequence[Column], record: Mapping[str, Any], *, personal: bool
) -> Part:
    fields, parts, lists = [], [], []
    for column in columns:
        value = record.get(column.source_name, record.get(column.name))
        at = f"{path}.{column.name}" if path else column.name
        hidden = personal or column.personal
        if column.kind is Kind.OBJECT and isinstance(value, Mapping):
            parts.append(_part(laying, at, column.name, column.children, value, personal=hidden))
        elif column.kind is Kind.ARRAY and isinstance(value, list) and column.element is not None:
            lists.append(_listed(laying, at, column, value, personal=hidden))
        else:
            fields.append(_field(laying, at, column.name, column, value, personal=hidden))
    return Part(path=path, name=name, fields=tuple(fields), parts=tuple(parts), lists=tuple(lists))


def _listed(laying: _Laying, path: str, column: Column, value: Sequence[Any], *, personal: bool) -> Listed:
    element = column.element
    assert element is not None
    columns = element.children or (element,)
    shown = [
        place
        for place in range(len(value))
        if place < MOST_ELEMENTS or any(fault.startswith(f"{path}[{place}]") for fault in laying.faulty)
    ]
    lines = []
    for place in shown[: 2 * MOST_ELEMENTS]:
        at, one = f"{path}[{place}]", value[place]
        if element.children and isinstance(one, Mapping):
            fields = [
                _field(
                    laying,
                    f"{at}.{inner.name}",
                    inner.name,
                    inner,
                    one.get(inner.source_name, one.get(inner.name)),
                    personal=personal or inner.personal,
                )
                for inner in columns
            ]
        else:
            fields = [_field(laying, at, column.name, element, one, personal=personal or _holds_personal(element))]
        lines.append((place, tuple(fields)))
    names = tuple(inner.name or column.name for inner in columns)
    return Listed(path=path, name=column.name, length=len(value), columns=names, elements=tuple(lines))


def _field(laying: _Laying, path: str, name: str, column: Column | None, value: object, *, personal: bool) -> Field:
    text = _text(value)
    masked = personal and not laying.unmasked and text is not None
    if personal and text is not None:
        laying.masked.append(_POSITION.sub("[]", path))
    laying.left -= 1
    choices = laying.choices.get(_POSITION.sub("[]", path), ())
    return Field(
        path=path,
        name=name,
        type=type_words(column) if column is not None else "not in the contract",
        value=text,
        personal=personal,
        masked=masked,
        plain=text is None or told(text) == text,
        number=column is not None and column.kind in NUMBERS,
        choices=choices if 1 < len(choices) <= MOST_ELEMENTS else (),
        required=column is not None and column.required,
        known=column is not None,
        editable=column is not None and laying.left >= 0 and (column.kind not in _NESTED or text is not None),
    )


def _fields(part: Part) -> Iterator[Field]:
    yield from part.fields
    for inner in part.parts:
        yield from _fields(inner)
    for listed in part.lists:
        for _, fields in listed.elements:
            yield from fields


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return json.dumps(_unquoted(value), ensure_ascii=False)
    except RecursionError:
        return "too deep to be shown"


def _unquoted(value: object) -> object:
    """The same with numbers as numbers, for JSON text that is only read."""
    if isinstance(value, Digits):
        try:
            return int(value)
        except ValueError:
            return float(value)
    if isinstance(value, Mapping):
        return {name: _unquoted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_unquoted(one) for one in value]
    return value


def _written_out(char: str) -> str:
    return char.encode("unicode_escape").decode()
