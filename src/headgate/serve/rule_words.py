"""What a rule expects, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headgate.core.contract import Column, Contract, Kind, Rule, RuleKind
from headgate.core.reason_words import in_words

_SHOWN = 12  # allowed values
_LIMITS = (
    ("minimum", "at least {}"),
    ("exclusive_minimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusive_maximum", "less than {}"),
    ("multiple_of", "a multiple of {}"),
)
_LENGTHS = (
    ("min_length", "at least {} characters"),
    ("max_length", "at most {} characters"),
    ("min_items", "at least {} elements"),
    ("max_items", "at most {} elements"),
)
_OF_WHOLE_DELIVERIES = {
    "missing_column": "every column of the contract in some record",
    "unknown_column": "no column that the contract does not name",
    "retyped_column": "each column with the type of the contract",
}


def expected(rule: Rule | None, contract: Contract, parameters: Mapping[str, str]) -> str:
    """What the rule asks for: `one of EUR, USD`, `at least 1 and at most 999`; empty where nothing can be said.

    A rule that is written out speaks in its own words, with the parameters' values in them.
    """
    if rule is None:
        return ""
    if rule.description and not rule.builtin:
        return in_words(rule.code, rule, parameters).rstrip(".")
    told = _TOLD.get(rule.kind)
    return told(rule, contract) if told is not None else ""


def expected_code(code: str) -> str:
    """The same of a reason that no rule of the contract gives."""
    return _OF_WHOLE_DELIVERIES.get(code, "")


def type_words(column: Column) -> str:
    """A column's type as a person reads it.

    >>> type_words(Column(name="total", source_name="total", path="total", kind=Kind.DECIMAL, precision=12, scale=2))
    'decimal(12,2)'
    """
    match column.kind:
        case Kind.STRING:
            return "text"
        case Kind.DECIMAL:
            return f"decimal({column.precision},{column.scale})"
        case Kind.BOOLEAN:
            return "true or false"
        case Kind.TIMESTAMP:
            return "timestamp with offset" if column.offset_required else "timestamp"
        case Kind.ARRAY:
            return "list"
        case kind:
            return kind.value


def formula(rule: Rule | None) -> str:
    """The rule as it is computed, where it is written as SQL."""
    return str(rule.arguments.get("sql", "")) if rule is not None else ""


def _present(rule: Rule, contract: Contract) -> str:
    del rule, contract
    return "a value"


def _type(rule: Rule, contract: Contract) -> str:
    try:
        return type_words(contract.column(rule.column or rule.reads[0]))
    except (KeyError, IndexError):
        return ""


def _form(rule: Rule, contract: Contract) -> str:
    del contract
    asked: Any = rule.arguments.get("pattern") or rule.arguments.get("format") or rule.arguments.get("strftime")
    return f"the form {asked}" if asked else ""


def _bounds(rule: Rule, contract: Contract) -> str:
    del contract
    arguments = rule.arguments
    return " and ".join(text.format(arguments[name]) for name, text in (*_LIMITS, *_LENGTHS) if name in arguments)


def _allowed(rule: Rule, contract: Contract) -> str:
    del contract
    values = [str(value) for value in rule.arguments.get("values", ())]
    more = f" or {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return f"one of {', '.join(values[:_SHOWN])}{more}"


def _key(rule: Rule, contract: Contract) -> str:
    del contract
    return f"a key that no other row has ({', '.join(rule.arguments.get('columns', rule.reads))})"


def _reference(rule: Rule, contract: Contract) -> str:
    del contract
    return f"a key of {rule.arguments.get('table', 'the referenced table')}"


_TOLD: Mapping[RuleKind, Callable[[Rule, Contract], str]] = {
    RuleKind.PRESENT: _present,
    RuleKind.TYPE: _type,
    RuleKind.PATTERN: _form,
    RuleKind.FORMAT: _form,
    RuleKind.LIMITS: _bounds,
    RuleKind.LENGTH: _bounds,
    RuleKind.UNIQUE_ITEMS: lambda *_: "no element twice",
    RuleKind.ALLOWED: _allowed,
    RuleKind.KEY: _key,
    RuleKind.UNIQUE: _key,
    RuleKind.REFERENCE: _reference,
}
