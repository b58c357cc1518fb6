"""What each kind of rule asks of one value, as SQL that is TRUE where the value passes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from headgate.check.time_sql import FIRST_DAY
from headgate.core.contract import Column, Kind, Rule, RuleKind
from headgate.core.date_patterns import read_date_pattern, strftime_shape
from headgate.core.sql import literal

# What a format asks of a text. The e-mail form is the one of HTML's input element: what people mean, not RFC 5322.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_BYTE = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
FORMATS = {
    "email": rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*",
    "hostname": rf"{_LABEL}(?:\.{_LABEL})*",
    "ipv4": rf"{_BYTE}(\.{_BYTE}){{3}}",
    "ipv6": r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*|[0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){7}",
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+",
    "uuid": r"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",
    "binary": r"([01]{8})*",
    "byte": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "password": r"(?s).*",
}


def holds(rule: Rule, column: Column, value: str) -> str:
    """SQL that is TRUE or NULL where a value that is there passes, FALSE where it breaks the rule."""
    return _HOLDS[rule.kind](rule, column, value)


def _present(rule: Rule, _column: Column, value: str) -> str:
    missing = rule.arguments.get("missing_values")
    if not missing:
        return f"{value} IS NOT NULL"
    listed = ", ".join(literal(str(word)) for word in missing if word is not None)
    return f"({value} IS NOT NULL" + (f" AND CAST({value} AS VARCHAR) NOT IN ({listed}))" if listed else ")")


def _pattern(rule: Rule, _column: Column, value: str) -> str:
    return f"regexp_full_match({value}, {literal(str(rule.arguments['pattern']))})"


def _format(rule: Rule, _column: Column, value: str) -> str:
    if form := rule.arguments.get("strftime"):
        return _is_time(value, form=str(form), shape=strftime_shape(str(form)))
    name = str(rule.arguments["format"])
    if name in FORMATS:
        return f"regexp_full_match({value}, {literal(FORMATS[name])})"
    pattern = read_date_pattern(name)
    return _is_time(value, form=pattern.strptime, shape=pattern.shape)


def _is_time(value: str, *, form: str, shape: str) -> str:
    moment = f"try_strptime({value}, {literal(form)})"
    return f"(regexp_full_match({value}, {literal(shape)}) AND coalesce({moment} >= {FIRST_DAY}, false))"


def constant(column: Column, value: object) -> str:
    """A limit or listed value as SQL of the column's type, from its digits and never from a float."""
    text = str(value)
    if column.kind in {Kind.INTEGER, Kind.DECIMAL}:
        digits = Decimal(text)
        if column.kind is Kind.INTEGER and column.integer_format != "u64" and abs(digits) < 1 << 63 and digits % 1 == 0:
            return f"CAST({literal(format(digits, '.0f'))} AS BIGINT)"  # as decimals both sides would be of 128 bits
        return f"CAST({literal(format(digits, 'f'))} AS DECIMAL(38,{max(0, -_exponent(digits))}))"
    if column.kind is Kind.NUMBER:
        return f"CAST({literal(text)} AS DOUBLE)"
    if column.kind is Kind.BOOLEAN:
        return "true" if text.lower() == "true" else "false"
    if column.kind is Kind.DATE:
        return f"CAST({literal(text)} AS DATE)"
    if column.kind is Kind.TIME:
        return f"CAST({literal(text)} AS TIME)"
    if column.kind is Kind.TIMESTAMP:
        return f"CAST({literal(text)} AS TIMESTAMPTZ)"
    return literal(text)


def _exponent(digits: Decimal) -> int:
    exponent = digits.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _limits(rule: Rule, column: Column, value: str) -> str:
    signs = {"minimum": ">=", "maximum": "<=", "exclusive_minimum": ">", "exclusive_maximum": "<"}
    parts = [
        f"{value} {sign} {constant(column, rule.arguments[name])}"
        for name, sign in signs.items()
        if rule.arguments.get(name) is not None
    ]
    if (step := rule.arguments.get("multiple_of")) is not None:
        parts.append(f"{value} % {constant(column, step)} = 0")
    return f"({' AND '.join(parts)})"


def _length(rule: Rule, column: Column, value: str) -> str:
    size = f"len({value})" if column.kind is Kind.ARRAY else f"length({value})"
    low = rule.arguments.get("min_items" if column.kind is Kind.ARRAY else "min_length")
    high = rule.arguments.get("max_items" if column.kind is Kind.ARRAY else "max_length")
    parts = ([f"{size} >= {int(low)}"] if low is not None else []) + (
        [f"{size} <= {int(high)}"] if high is not None else []
    )
    return f"({' AND '.join(parts)})"


def _unique_items(_rule: Rule, _column: Column, value: str) -> str:
    return f"len(list_distinct({value})) = len(list_filter({value}, lambda _u: _u IS NOT NULL))"


def _allowed(rule: Rule, column: Column, value: str) -> str:
    values = ", ".join(constant(column, word) for word in rule.arguments["values"])
    return f"{value} IN ({values})" if values else "false"


_HOLDS: dict[RuleKind, Callable[[Rule, Column, str], str]] = {
    RuleKind.PRESENT: _present,
    RuleKind.PATTERN: _pattern,
    RuleKind.FORMAT: _format,
    RuleKind.LIMITS: _limits,
    RuleKind.LENGTH: _length,
    RuleKind.UNIQUE_ITEMS: _unique_items,
    RuleKind.ALLOWED: _allowed,
}

VALUE_KINDS = frozenset(_HOLDS)
"""Kinds that look at one value of one column."""
