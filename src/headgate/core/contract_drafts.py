"""What a rule checks, before it has a name and a consequence; and limits and values as text in one spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from headgate.core.contract import Column, Kind, RuleKind, Scope
from headgate.core.reasons import ReasonCode
from headgate.core.yaml_cursor import Cursor, shown
from headgate.core.yaml_text import Json

CODES: Mapping[RuleKind, ReasonCode] = {
    RuleKind.PRESENT: ReasonCode.MISSING_VALUE,
    RuleKind.TYPE: ReasonCode.WRONG_TYPE,
    RuleKind.PATTERN: ReasonCode.BAD_FORMAT,
    RuleKind.FORMAT: ReasonCode.BAD_FORMAT,
    RuleKind.LIMITS: ReasonCode.OUT_OF_RANGE,
    RuleKind.LENGTH: ReasonCode.BAD_LENGTH,
    RuleKind.UNIQUE_ITEMS: ReasonCode.REPEATED_ITEM,
    RuleKind.ALLOWED: ReasonCode.NOT_ALLOWED,
    RuleKind.KEY: ReasonCode.DUPLICATE_ID,
    RuleKind.UNIQUE: ReasonCode.DUPLICATE_VALUE,
    RuleKind.REFERENCE: ReasonCode.UNKNOWN_REFERENCE,
    RuleKind.COUNT: ReasonCode.ROW_COUNT,
}
"""The reason code of a kind; the others take the rule's id."""

SUFFIXES: Mapping[RuleKind, str] = {RuleKind.PRESENT: "required"}
"""Last part of a built-in rule's id where it is not the kind's own word."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A rule without name and consequence."""

    kind: RuleKind
    scope: Scope
    reads: tuple[str, ...]
    arguments: Mapping[str, Any] = {}
    array: str = ""
    code: str = ""  # reason code by default; empty: that of the kind, or the rule's id

    def default_code(self) -> str:
        """Code where the contract names none; empty where the rule's id is the code."""
        return str(self.code or CODES.get(self.kind, ""))


def share_of(draft: Draft, *, operator: str, value: str, unit: str) -> Draft:
    """The rule on the delivery over a rule on values.

    `unit` says what is compared: `rows` broken ones, `percent` of broken rows (0 to 100), `mostly` the share of good
    values among those that are not NULL (0 to 1).
    """
    inner = {"kind": draft.kind.value, "scope": draft.scope.value, "arguments": dict(draft.arguments)}
    return Draft(
        kind=RuleKind.SHARE,
        scope=Scope.DELIVERY,
        reads=draft.reads,
        arguments={"of": inner, "operator": operator, "value": value, "unit": unit},
        array=draft.array,
        code=draft.default_code(),
    )


def value_text(value: Json, column: Column, place: Cursor) -> str | None:
    """A value of a rule as the text of the column's type; None with a problem where it is none."""
    try:
        return _text_of(value, column)
    except ValueError as error:
        place.problem(f"{shown(value)} is no value of {column.path} ({column.kind.value}): {error}.")
        return None


def _text_of(value: Json, column: Column) -> str:
    kind = column.kind
    if kind is Kind.BOOLEAN:
        if isinstance(value, bool):
            return "true" if value else "false"
        raise ValueError("write true or false")
    if kind is Kind.STRING:
        if isinstance(value, str):
            return value
        raise ValueError("put it in quotes")
    if kind in {Kind.INTEGER, Kind.NUMBER, Kind.DECIMAL}:
        return _number_text(value, column)
    if kind in _TEMPORAL and isinstance(value, str):
        _TEMPORAL[kind].fromisoformat(value.replace("Z", "+00:00"))
        return value
    raise ValueError("write a date or time in ISO 8601" if kind in _TEMPORAL else "objects and lists have no such rule")


def _number_text(value: Json, column: Column) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("write a number")  # noqa: TRY004 - one kind of error for all that is no value
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("write a number") from None
    if not number.is_finite():
        raise ValueError("write a finite number")
    if column.kind is Kind.INTEGER and number != number.to_integral_value():
        raise ValueError("the column holds whole numbers")
    return plain_number(number)


def plain_number(number: Decimal) -> str:
    """Digits without an exponent, as written: 1E+3 is 1000, 0.10 stays 0.10."""
    return f"{number:f}"


_TEMPORAL: Mapping[Kind, type[date | time | datetime]] = {
    Kind.DATE: date,
    Kind.TIME: time,
    Kind.TIMESTAMP: datetime,
}

_NOT_IN_RE2 = re.compile(r"\(\?(?:[=!]|<[=!]|>|P=|\()|\\[1-9]|\\k<|[*+?}]\+|\\[ZGKR]")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_MAX_REPEAT = 1000


def check_pattern(pattern: str, place: Cursor) -> bool:
    """Whether the engine's regular expressions (RE2) take the pattern; a problem says what they lack."""
    plain = re.sub(r"\\\\", "", pattern)
    foreign = _NOT_IN_RE2.search(plain)
    if foreign:
        place.problem(
            f"the pattern {pattern!r} uses {foreign.group()!r}.",
            "Look-around, back references and possessive repeats are not supported; say it in a predicate.",
        )
        return False
    if any(int(number) > _MAX_REPEAT for pair in _REPEAT.findall(plain) for number in pair if number):
        place.problem(f"the pattern {pattern!r} repeats more than {_MAX_REPEAT} times.", "Use maxLength.")
        return False
    try:
        re.compile(pattern)
    except re.error as error:
        if not _RE2_ONLY.search(plain):
            place.problem(f"the pattern {pattern!r} cannot be read: {error}.")
            return False
    return True


_RE2_ONLY = re.compile(r"\\[pPzQC]|\[\[:|\(\?[imsU-]+\)|\(\?<")
"""Spellings that RE2 has and Python has not; the engine itself has the last word on these."""
