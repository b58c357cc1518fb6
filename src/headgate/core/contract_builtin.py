"""The rules that a column has by itself: present, type, form, limits, length, enumeration, key, unique, reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.core.contract import Column, Kind, RuleKind, Scope
from headgate.core.contract_drafts import Draft, check_pattern, value_text
from headgate.core.contract_sites import Site
from headgate.core.yaml_cursor import Cursor

CHECKED_FORMATS = frozenset({"email", "uri", "uuid", "ipv4", "ipv6", "hostname"})
ISO_8601 = "iso8601"
"""Argument `format` of a date, time or timestamp that names no pattern."""

_LIMITS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length", "minItems": "min_items", "maxItems": "max_items"}
_TEMPORAL = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP})


def builtin_drafts(site: Site) -> Iterator[Draft]:
    """The rules of one column in the order: present, type, form, limits, length, repeats, enumeration, unique."""
    column = site.column
    assert column is not None, "the record has no built-in rules"
    options = site.place.at("logicalTypeOptions")
    if column.required:
        yield on_column(site, column, RuleKind.PRESENT)
    yield on_column(site, column, RuleKind.TYPE)
    yield from _forms(site, column, options)
    limits = {
        ours: value_text(options.at(key).value, column, options.at(key)) for key, ours in _present(options, _LIMITS)
    }
    if limits:
        yield on_column(site, column, RuleKind.LIMITS, {key: text for key, text in limits.items() if text is not None})
    lengths = {ours: options.count(key) for key, ours in _present(options, _LENGTHS)}
    if lengths:
        yield on_column(site, column, RuleKind.LENGTH, lengths)
    if options.flag("uniqueItems"):
        yield on_column(site, column, RuleKind.UNIQUE_ITEMS)
    if site.place.has("enum"):
        yield on_column(site, column, RuleKind.ALLOWED, {"values": _enum(site, column)})
    if column.unique:
        yield unique_draft(site, (column,), against="delivery")


def on_column(
    site: Site, column: Column, kind: RuleKind, arguments: dict[str, Any] | None = None, *, code: str = ""
) -> Draft:
    """A rule on the values of one column, each by itself."""
    return Draft(
        kind=kind, scope=site.scope, reads=(column.path,), arguments=arguments or {}, array=site.array, code=code
    )


def unique_draft(site: Site, columns: tuple[Column, ...], *, against: str) -> Draft:
    """The rule that no two rows have the same values in these columns."""
    paths = [column.path for column in columns]
    for path in paths:
        if "[]" in path:
            site.place.problem(f"{path} lies in a list; unique compares rows.", "Use `uniqueItems`, or flatten it.")
    return Draft(
        kind=RuleKind.UNIQUE, scope=Scope.SET, reads=tuple(paths), arguments={"columns": paths, "against": against}
    )


def _present(options: Cursor, names: dict[str, str]) -> list[tuple[str, str]]:
    return [(key, ours) for key, ours in names.items() if options.has(key)]


def _forms(site: Site, column: Column, options: Cursor) -> Iterator[Draft]:
    if column.kind in _TEMPORAL:
        arguments = {"format": column.date_format or ISO_8601, "offset_required": column.offset_required}
        yield on_column(site, column, RuleKind.FORMAT, arguments)
        return
    pattern = options.optional_word("pattern")
    if pattern is not None and check_pattern(pattern, options.at("pattern")):
        yield on_column(site, column, RuleKind.PATTERN, {"pattern": pattern})
    if column.kind is Kind.STRING and options.word("format") in CHECKED_FORMATS:
        yield on_column(site, column, RuleKind.FORMAT, {"format": options.word("format")})


def _enum(site: Site, column: Column) -> list[str]:
    """Values of v3.2's `enum`."""
    entries = [entry.at("value") for entry in site.place.items("enum")]
    texts = [value_text(entry.value, column, entry) for entry in entries]
    return [text for text in texts if text is not None]
