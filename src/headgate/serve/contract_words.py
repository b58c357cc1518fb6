"""A contract for people: types, what a value must be, and rules as sentences, said from what the contract holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from headgate.core.contract import Column, Contract, Kind, Rule, RuleKind
from headgate.serve.report_numbers import fixed

LISTED = 6  # values of an enumeration that are written out; of more the number is told

_KINDS = {
    Kind.STRING: "text",
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "date",
    Kind.TIME: "time of day",
    Kind.TIMESTAMP: "time, UTC",
    Kind.OBJECT: "object",
    Kind.ARRAY: "list",
}
_FORMATS = {
    "email": "an e-mail address",
    "uri": "a web address",
    "uuid": "a UUID",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "hostname": "a host's name",
    "iso8601": "a date or time in ISO 8601",
}
_IN_SQL = "what its SQL says"


def kind_of(column: Column) -> str:
    """`decimal(12,2)`, `list of text`, `whole number`."""
    if column.kind is Kind.DECIMAL:
        return f"decimal({column.precision},{column.scale})"
    if column.kind is Kind.ARRAY and column.element is not None and column.element.kind is not Kind.OBJECT:
        return f"list of {kind_of(column.element)}"
    return _KINDS[column.kind]


def must_be(contract: Contract) -> Mapping[str, str]:
    """Path -> what a value there must be beside its type, by the rules on that column alone."""
    found: dict[str, list[str]] = {}
    for rule in contract.rules:
        told = expected(rule)
        if told and rule.kind not in _TOLD_ELSEWHERE and len(rule.reads) == 1:
            found.setdefault(rule.reads[0], []).append(told)
    return {path: "; ".join(dict.fromkeys(told)) for path, told in found.items()}


def expected(rule: Rule, parameters: Mapping[str, str] | None = None) -> str:
    """What the rule asks of a value: `1 to 999`; empty where that stands in SQL or Python, or is no such thing."""
    if rule.kind is RuleKind.PREDICATE:
        return _bound(str(rule.arguments.get("sql", "")), parameters or {})
    told = _EXPECTED.get(rule.kind)
    return told(rule.arguments) if told else ""


def rule_sentence(rule: Rule) -> str:
    """The rule's own words, else words for its kind."""
    if rule.description and not rule.builtin:
        return rule.description
    where = ", ".join(rule.reads) or "The delivery"
    match rule.kind:
        case RuleKind.PRESENT:
            return f"{where} is not missing."
        case RuleKind.KEY:
            return f"{where} is new: not twice in the delivery, not published before."
        case RuleKind.TYPE:
            return f"{where} has its type."
        case RuleKind.PYTHON:
            return f"{where}: what {_function_of(rule)} says."
        case RuleKind.COUNT:
            return f"The number of rows is {_threshold(rule.arguments)}."
        case RuleKind.TEXT:
            return rule.description or "Words that are not checked."
        case _:
            return f"{where}: {expected(rule) or _IN_SQL}."


def _function_of(rule: Rule) -> str:
    """The Python function of a rule, as `function in file`."""
    return f"{rule.arguments.get('function')} in {rule.arguments.get('file')}"


def depth_of(column: Column) -> int:
    """How deep a column stands: `items[].quantity` and `customer.email` in 1."""
    return column.path.count(".")


def _form(arguments: Mapping[str, Any]) -> str:
    form = str(arguments.get("format") or arguments.get("strftime") or "asked for")
    return _FORMATS.get(form, f"the form {form}") + (" with its offset" if arguments.get("offset_required") else "")


def _limits(arguments: Mapping[str, Any]) -> str:
    low, high = arguments.get("minimum"), arguments.get("maximum")
    above, below = arguments.get("exclusive_minimum"), arguments.get("exclusive_maximum")
    told = []
    if low is not None and high is not None:
        told.append(f"{low} to {high}")
    else:
        words = (("at least", low), ("at most", high), ("more than", above), ("less than", below))
        told += [f"{word} {value}" for word, value in words if value is not None]
    if (step := arguments.get("multiple_of")) is not None:
        told.append(f"a multiple of {step}")
    return ", ".join(told)


def _lengths(arguments: Mapping[str, Any]) -> str:
    told = []
    for low, high, what in (("min_length", "max_length", "characters"), ("min_items", "max_items", "entries")):
        least, most = arguments.get(low), arguments.get(high)
        if least is not None and most is not None:
            told.append(f"{fixed(least)} to {fixed(most)} {what}")
        elif least is not None:
            told.append(f"at least {fixed(least)} {what}")
        elif most is not None:
            told.append(f"at most {fixed(most)} {what}")
    return ", ".join(told)


def _one_of(values: Iterable[str]) -> str:
    listed = list(values)
    if len(listed) > LISTED:
        return f"one of {fixed(len(listed))} values"
    return " or ".join(part for part in (", ".join(listed[:-1]), listed[-1]) if part) if listed else "none"


def _threshold(arguments: Mapping[str, Any]) -> str:
    value, unit = arguments.get("value"), arguments.get("unit", "")
    told = " to ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    sign = _SIGNS.get(str(arguments.get("operator")), str(arguments.get("operator")))
    return f"{sign} {told}{' %' if unit == 'percent' else ''}".strip()


def _bound(sql: str, parameters: Mapping[str, str]) -> str:
    """The SQL with the parameters' values beside their names."""
    for name, value in parameters.items():
        if f"${name}" in sql and len(value) <= _SHORT:
            sql = sql.replace(f"${name}", value)
    return sql


_SHORT = 40
_TOLD_ELSEWHERE = frozenset({RuleKind.PRESENT, RuleKind.TYPE, RuleKind.PREDICATE})
_SIGNS = {
    "=": "exactly",
    "!=": "other than",
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
    "between": "",
}
_EXPECTED: Mapping[RuleKind, Callable[[Mapping[str, Any]], str]] = {
    RuleKind.PRESENT: lambda _: "a value",
    RuleKind.PATTERN: lambda arguments: f"the form {arguments['pattern']}",
    RuleKind.FORMAT: _form,
    RuleKind.LIMITS: _limits,
    RuleKind.LENGTH: _lengths,
    RuleKind.ALLOWED: lambda arguments: _one_of(arguments["values"]),
    RuleKind.UNIQUE_ITEMS: lambda _: "each element once",
    RuleKind.KEY: lambda _: "a key that is new",
    RuleKind.UNIQUE: lambda _: "a value that stands once",
    RuleKind.REFERENCE: lambda arguments: f"known in {arguments['table']}.{arguments['column']}",
    RuleKind.COUNT: _threshold,
    RuleKind.SHARE: _threshold,
    RuleKind.FIGURE: _threshold,
}
