"""Reads the parameters of flow.yaml: types, defaults and limits in canonical text."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal, InvalidOperation

from headgate.core.flow import NOW, ParameterDeclaration
from headgate.core.yaml_cursor import Cursor, shown
from headgate.core.yaml_text import Json

KEYS = ("type", "default", "unit", "min", "max", "about", "file", "key", "value", "missing")
_TABLE_KEYS = ("file", "key", "value", "missing")
_SCALAR = r"(?:integer|text|date|boolean|decimal\((\d+),(\d+)\))"
_LIST = re.compile(rf"list\(({_SCALAR})\)\Z")
_MAP = re.compile(rf"map\(text,({_SCALAR})\)\Z")
_ONE = re.compile(rf"{_SCALAR}\Z")
_COLUMN = re.compile(r"([a-z][a-z0-9_]*)(?: (\S.*))?\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_ORDERED = re.compile(r"integer|date|decimal")
MAX_PRECISION = 38


def read_parameter(name: str, place: Cursor) -> ParameterDeclaration:
    """One declaration; problems are noted at their lines."""
    place.refuse_unknown(KEYS)
    if name == NOW:
        place.problem("`now` is the time of landing and cannot be declared.", "Take another name.")
    kind = place.word("type").replace(" ", "")
    if kind == "table":
        return _table(name, place)
    for key in _TABLE_KEYS:
        if place.has(key):
            place.at(key).problem(f"`{key}` is for parameters of type table.", "Take it out.")
    if not is_type(kind):
        place.at("type").problem(f"the type is {shown(place.at('type').value)}.", _TYPES)
        return ParameterDeclaration(name=name, type=kind, default=None)
    limits = {key: _text(place.at(key), kind) for key in ("min", "max")}
    if any(limits.values()) and not _ORDERED.match(kind):
        place.problem(f"`min` and `max` of a parameter of type {kind}.", "Limits are of numbers and dates.")
    default = _text(place.at("default"), kind)
    if not place.has("default"):
        place.problem("`default` is missing.", "Give the first version of the value.")
    declaration = ParameterDeclaration(
        name=name,
        type=kind,
        default=default,
        unit=place.word("unit"),
        minimum=limits["min"],
        maximum=limits["max"],
        about=place.word("about"),
    )
    _check_limits(declaration, place)
    return declaration


def is_type(kind: str) -> bool:
    """Whether a type other than table is known; decimals have at most 38 digits."""
    found = _ONE.match(kind) or _LIST.match(kind) or _MAP.match(kind)
    if not found:
        return False
    precision, scale = found.groups()[-2:]
    return precision is None or (1 <= int(precision) <= MAX_PRECISION and int(scale) <= int(precision))


def _table(name: str, place: Cursor) -> ParameterDeclaration:
    keys = place.words("key")
    value = _COLUMN.match(place.word("value"))
    for key in keys:
        found = _COLUMN.match(key)
        if not found or (found.group(2) and not _ONE.match(found.group(2).replace(" ", ""))):
            place.at("key").problem(f"the key column is {key!r}.", "Write `currency`, or `day date` with its type.")
    if not place.has("file") or not keys:
        place.problem("a table without `file` or `key`.", "Name the CSV file and its key columns.")
    if value is None or not value.group(2) or not _ONE.match(value.group(2).replace(" ", "")):
        place.at("value").problem(
            f"the value column is {shown(place.at('value').value)}.", "Write `rate decimal(18,8)`."
        )
    if place.has("default") or place.has("min") or place.has("max"):
        place.problem("a table has no default and no limits.", "Its file is the first version.")
    return ParameterDeclaration(
        name=name,
        type="table",
        default=None,
        unit=place.word("unit"),
        about=place.word("about"),
        file=place.optional_word("file"),
        key=keys,
        value=(value.group(1), (value.group(2) or "text").replace(" ", "")) if value else None,
        missing=place.word("missing", "no_rate"),
    )


def _check_limits(declaration: ParameterDeclaration, place: Cursor) -> None:
    """The default lies within its limits; numbers compare as numbers, dates as days."""
    low, high, default = declaration.minimum, declaration.maximum, declaration.default
    if default is None or not _ORDERED.match(declaration.type):
        return
    if (low is not None and _rank(default) < _rank(low)) or (high is not None and _rank(default) > _rank(high)):
        place.at("default").problem(f"the default {default} lies outside of its limits.", "Change one of them.")


def _rank(text: str) -> Decimal:
    """A number or a day as something that compares; both are canonical text."""
    return Decimal(date.fromisoformat(text).toordinal()) if _DAY.match(text) else Decimal(text)


def _text(place: Cursor, kind: str) -> str | None:
    """The value as canonical text, JSON for lists and maps; None where it is missing or wrong."""
    if place.value is None:
        return None
    try:
        return canonical_value(place.value, kind)
    except (ValueError, InvalidOperation) as error:
        place.problem(f"{shown(place.value)} is no {kind}: {error or 'it cannot be read'}.")
        return None


def canonical_value(value: Json, kind: str) -> str:
    """The one spelling of a value; ValueError where it is of another type.

    >>> canonical_value("2500", "decimal(12,2)")
    '2500.00'
    """
    many, pairs = _LIST.match(kind), _MAP.match(kind)
    if many:
        if not isinstance(value, list):
            raise ValueError("write a list")
        return json.dumps([_plain(item, many.group(1)) for item in value], ensure_ascii=False)
    if pairs:
        if not isinstance(value, dict):
            raise ValueError("write a mapping")
        return json.dumps(
            {key: _plain(item, pairs.group(1)) for key, item in sorted(value.items())}, ensure_ascii=False
        )
    return _scalar(value, kind)


def _plain(value: Json, kind: str) -> str | int | bool:
    """A member of a list or map as JSON; decimals and dates stay text."""
    text = _scalar(value, kind)
    if kind == "integer":
        return int(text)
    return text == "true" if kind == "boolean" else text


def _scalar(value: Json, kind: str) -> str:
    if kind == "boolean":
        if isinstance(value, bool):
            return "true" if value else "false"
        raise ValueError("write true or false")
    if kind == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise ValueError("write a whole number without quotes")
    if not isinstance(value, str):
        raise ValueError("put it in quotes")  # noqa: TRY004 - as in canonical_value
    if kind == "date":
        return date.fromisoformat(value).isoformat()
    return _decimal(value, kind) if kind.startswith("decimal") else value


def _decimal(text: str, kind: str) -> str:
    found = _ONE.match(kind)
    assert found is not None
    precision, scale = int(found.group(1)), int(found.group(2))
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("write a finite number")
    fixed = number.quantize(Decimal(1).scaleb(-scale)) if number.adjusted() < precision else number
    if fixed != number or len(fixed.as_tuple().digits) > precision:
        raise ValueError(f"it has more than {precision} digits, or more than {scale} behind the point")
    return str(fixed)


_TYPES = "Write integer, decimal(p,s), text, date, boolean, list(…), map(text, …) or table."
