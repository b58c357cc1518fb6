"""Putting other values into a record's text: all that is not edited stays as it was written, digit by digit."""

from __future__ import annotations

import json
import re
from collections import Counter

import msgspec

from headgate.core.contract import Column, Contract, Kind
from headgate.core.errors import UsageError

_PATH = re.compile(r"[^.\[\]]+(\[\d{1,9}\])*(\.[^.\[\]]+(\[\d{1,9}\])*)*", re.ASCII)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_TYPED = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.DECIMAL})
_NULL = "null"


def edited(record: str, changes: dict[str, str | None], contract: Contract, *, typed: bool) -> str:
    """The record with other values, by path as a reason shows it: `items[2].quantity`. None takes a value away.

    `typed` is for records whose values have JSON types; in text formats each value is text. UsageError for a path that
    the record or the contract does not have, for text that cannot be of the column's type at all, and where another
    name beside it stands twice: which of the two is meant nobody can know here.
    """
    for path, value in changes.items():
        steps, literal = prepared(contract, path, value, typed=typed)
        try:
            record = _put(record.encode(), steps, literal.encode(), path, typed=typed).decode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{path} takes text of whole characters: {error.reason}. Nothing was changed.") from error
    return record


def prepared(contract: Contract, path: str, value: str | None, *, typed: bool) -> tuple[list[str], str]:
    """The steps to a place as the sender calls them, and the JSON text of a value for it; UsageError as of `edited`."""
    column = _column(contract, path)
    steps = [_source_name(contract, step) for step in _steps(path)]
    try:
        literal = _NULL if value is None else _literal(column, value, path, typed=typed)
        literal.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{path} takes text of whole characters: {error.reason}. Nothing was changed.") from error
    return steps, literal


def _column(contract: Contract, path: str) -> Column:
    plain = re.sub(r"\[\d+\]", "[]", path, flags=re.ASCII)
    for column in contract.walk():
        if column.path == plain and _PATH.fullmatch(path):
            return column
    raise UsageError(
        f"the contract has no column {path[:80]!r}, where an element is given by its number from 0: items[2].price. "
        "Next: its columns stand in contract.odcs.yaml."
    )


def _steps(path: str) -> list[tuple[str, str]]:
    """Names and positions on the way, each with the contract path up to there."""
    steps: list[tuple[str, str]] = []
    so_far = ""
    for name, position in _STEP.findall(path):
        so_far = f"{so_far}[]" if position else (f"{so_far}.{name}" if so_far else name)
        steps.append((name or f"[{position}]", so_far))
    return steps


def _source_name(contract: Contract, step: tuple[str, str]) -> str:
    """As the sender calls it."""
    name, path = step
    if name.startswith("["):
        return name
    return next((column.source_name for column in contract.walk() if column.path == path), name)


def _literal(column: Column, value: str, path: str, *, typed: bool) -> str:
    if not typed:
        return msgspec.json.encode(value).decode()
    if column.kind in _TYPED:
        if _NUMBER.fullmatch(value.strip()) is None:
            raise UsageError(f"{path} takes a number, {value[:80]!r} is none. Nothing was changed.")
        return value.strip()
    if column.kind is Kind.BOOLEAN:
        if value.strip() not in {"true", "false"}:
            raise UsageError(f"{path} takes true or false, {value[:80]!r} is neither. Nothing was changed.")
        return value.strip()
    if column.kind in {Kind.OBJECT, Kind.ARRAY}:
        try:
            msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise UsageError(f"{path} takes JSON: {error}. Nothing was changed.") from error
        return value
    return msgspec.json.encode(value).decode()


def _put(record: bytes, steps: list[str], value: bytes, path: str, *, typed: bool) -> bytes:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    try:
        if step.startswith("["):
            items = msgspec.json.decode(record, type=list[msgspec.Raw])
            place = int(step[1:-1])
            if place >= len(items):
                raise UsageError(f"{path}: the record has {len(items)} elements there, counted from 0.")
            items[place] = msgspec.Raw(_put(bytes(items[place]), rest, value, path, typed=typed))
            return msgspec.json.encode(items)
        members = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{path} cannot be put into the record: {error}. Next: propose the whole record instead."
        ) from error
    if not typed and step not in members:
        raise UsageError(f"the file has no column {step!r}, so no row of it can have a value there.")
    if (twin := name_twice(record)) not in {None, step}:
        raise UsageError(f"the record has {twin!r} twice. Next: propose the whole record, or edit that value first.")
    members[step] = msgspec.Raw(_put(bytes(members.get(step, msgspec.Raw(b"{}"))), rest, value, path, typed=typed))
    return msgspec.json.encode(members)


def name_twice(record: bytes | str) -> str | None:
    """A name that the outermost object of a record has twice."""
    names: list[str] = []

    def keep(pairs: list[tuple[str, object]]) -> None:
        names[:] = [name for name, _ in pairs]  # the outermost comes last

    json.loads(record, object_pairs_hook=keep, parse_int=str, parse_float=str)
    return next((name for name, count in Counter(names).items() if count > 1), None)
