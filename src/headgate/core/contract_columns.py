"""Reads the columns of a contract: names, types, and what they take beyond the strict reading."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from headgate.core.contract import Column, Kind
from headgate.core.contract_properties import properties_of, read_leniencies
from headgate.core.date_patterns import read_date_pattern
from headgate.core.yaml_cursor import Cursor, shown

_NAME = re.compile(r"[^\W\d_][\w-]*\Z")
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC|DEC)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\Z", re.IGNORECASE)
_NUMBER_TYPE = re.compile(
    r"(?:TINY|SMALL|BIG|HUGE)?INT|INTEGER|DEC|NUM|DOUBLE|FLOAT|REAL|BOOL|DATE|TIME", re.IGNORECASE
)
MAX_PRECISION = 38
INTEGER_FORMATS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
_TEMPORAL = {Kind.DATE: date, Kind.TIME: time, Kind.TIMESTAMP: datetime}
_NOT_SUPPORTED = {"map", "vector"}
_UNCHECKED_OPTIONS = ("minProperties", "maxProperties")


def read_columns(record: Cursor) -> tuple[Column, ...]:
    """The columns of the record, nested ones inside; problems are noted at their lines."""
    return _children(record, prefix="", personal=False, required=frozenset())


def _children(place: Cursor, *, prefix: str, personal: bool, required: frozenset[str]) -> tuple[Column, ...]:
    found: list[Column] = []
    for entry in place.items("properties"):
        column = _column(entry, prefix=prefix, personal=personal, element=False, required=required)
        _refuse_twin(entry, column, found)
        found.append(column)
    if not found:
        place.problem("no column is named.", "Write `properties: [{name: …}]`.")
    return tuple(found)


def _refuse_twin(entry: Cursor, column: Column, before: list[Column]) -> None:
    if column.name.casefold() in {other.name.casefold() for other in before}:
        entry.problem(f"the column {column.name!r} stands twice.", "Names differ by more than upper and lower case.")
    elif column.source_name in {other.source_name for other in before}:
        entry.problem(f"the sender's name {column.source_name!r} stands twice.", "Give each column its own.")


def _column(entry: Cursor, *, prefix: str, personal: bool, element: bool, required: frozenset[str]) -> Column:
    name = "" if element else _name(entry)
    path = f"{prefix}[]" if element else f"{prefix}{name}"
    kind, precision, scale = _kind(entry)
    options = entry.at("logicalTypeOptions")
    ours = properties_of(entry, "column")
    personal = personal or entry.word("classification") == "personal" or "personal" in entry.words("tags")
    children: tuple[Column, ...] = ()
    inner: Column | None = None
    if kind is Kind.OBJECT:
        below = frozenset(options.words("required"))
        children = _children(entry, prefix=f"{path}.", personal=personal, required=below)
        _refuse_options(options, below, children)
    elif kind is Kind.ARRAY:
        inner = _element(entry, path, personal=personal)
    return Column(
        name=name,
        source_name=entry.word("physicalName", name),
        path=path,
        kind=kind,
        precision=precision,
        scale=scale,
        integer_format=_integer_format(kind, options),
        date_format=_date_format(kind, options),
        offset_required=options.flag("timezone"),
        default_timezone=_timezone(options),
        required=entry.flag("required") or name in required,
        primary_key=entry.flag("primaryKey"),
        unique=entry.flag("unique"),
        personal=personal,
        description=entry.word("description"),
        lenient=read_leniencies(ours.get("lenient")),
        children=children,
        element=inner,
    )


def _element(entry: Cursor, path: str, *, personal: bool) -> Column | None:
    items = entry.at("items")
    if not entry.has("items"):
        entry.problem("an array without `items`.", "Say what its elements are: `items: {logicalType: string}`.")
        return None
    return _column(items, prefix=path, personal=personal, element=True, required=frozenset())


def _name(entry: Cursor) -> str:
    name = entry.word("name")
    if not _NAME.match(name):
        fix = "Begin with a letter, go on with letters, digits, _ or -; the sender's own name goes into `physicalName`."
        entry.problem(f"the column name is {shown(entry.at('name').value)}.", fix)
    return name


def _kind(entry: Cursor) -> tuple[Kind, int, int]:
    """Kind, precision and scale."""
    word = entry.word("logicalType", "string")
    physical = entry.word("physicalType")
    if word in _NOT_SUPPORTED:
        entry.at("logicalType").problem(f"the type {word} is not supported yet.", "Use object or array.")
        return Kind.STRING, 0, 0
    if word not in set(Kind) - {Kind.DECIMAL}:
        entry.at("logicalType").problem(f"the type is {word!r}.", "Write one of the standard's logical types.")
        return Kind.STRING, 0, 0
    kind = Kind(word)
    exact = _DECIMAL.match(physical)
    if kind is Kind.NUMBER and exact:
        return _exact(entry, exact)
    if not entry.has("logicalType") and _NUMBER_TYPE.match(physical):
        entry.problem(f"physicalType {physical} on a column of text.", "Say `logicalType` too, it is what counts.")
    if not entry.has("logicalType") and (entry.has("properties") or entry.has("items")):
        entry.problem("columns inside a column of text.", "Write `logicalType: object` or `logicalType: array`.")
    return kind, 0, 0


def _exact(entry: Cursor, match: re.Match[str]) -> tuple[Kind, int, int]:
    precision, scale = int(match.group(1) or 0), int(match.group(2) or 0)
    if not (1 <= precision <= MAX_PRECISION and scale <= precision):
        entry.at("physicalType").problem(
            f"physicalType is {entry.word('physicalType')}.",
            f"Write DECIMAL(p,s) with p up to {MAX_PRECISION} and s up to p.",
        )
    return Kind.DECIMAL, precision, scale


def _integer_format(kind: Kind, options: Cursor) -> str:
    if kind is not Kind.INTEGER or not options.has("format"):
        return "i64"
    return options.choice("format", INTEGER_FORMATS, "i64")


def _date_format(kind: Kind, options: Cursor) -> str | None:
    if kind not in _TEMPORAL or not options.has("format"):
        return None
    pattern = options.word("format")
    try:
        found = read_date_pattern(pattern)
    except ValueError as error:
        options.at("format").problem(str(error))
        return None
    if not (found.has_time if kind is Kind.TIME else found.has_date):
        options.at("format").problem(f"the format {pattern!r} has no {'time' if kind is Kind.TIME else 'date'}.")
    return pattern


def _timezone(options: Cursor) -> str:
    name = options.word("defaultTimezone", "UTC")
    return "UTC" if name in {"Etc/UTC", "Z"} else name


def _refuse_options(options: Cursor, required: frozenset[str], children: tuple[Column, ...]) -> None:
    for name in _UNCHECKED_OPTIONS:
        if options.has(name):
            options.at(name).problem(f"`{name}` is not checked.", "Take it out, or name the columns `required`.")
    for name in sorted(required - {child.name for child in children}):
        options.at("required").problem(f"`required` names {name!r}, which is no column here.")
