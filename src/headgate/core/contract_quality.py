"""Reads the entries of `quality`: metrics, SQL, predicates, Python, expectations, and text for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from headgate.core.contract import Column, Kind, RuleKind, Scope
from headgate.core.contract_builtin import on_column, unique_draft
from headgate.core.contract_drafts import Draft, check_pattern, plain_number, share_of, value_text
from headgate.core.contract_expectations import read_expectation
from headgate.core.contract_sites import Site
from headgate.core.contract_sql import figure_draft, predicate_draft, query_draft
from headgate.core.near_name import did_you_mean
from headgate.core.yaml_cursor import Cursor, shown

OPERATORS: Mapping[str, str] = {
    "mustBe": "=",
    "mustNotBe": "!=",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
}
_BETWEEN = ("mustBeBetween", "mustNotBeBetween")
_REFUSED_KEYS = {
    "schedule": "Rules run with the delivery; take it out.",
    "scheduler": "Rules run with the delivery; take it out.",
    "rule": "It is an old word; write `metric`.",
}
_ENGINES = {"headgate": "headgate", "greatexpectations": "gx"}


def read_quality(site: Site, entry: Cursor) -> Draft | None:
    """The draft of one entry; None where it has problems, is checked elsewhere, or another tool's engine runs it."""
    for key, fix in _REFUSED_KEYS.items():
        if entry.has(key):
            entry.at(key).problem(f"`{key}` is not taken.", fix)
    kind = entry.word("type", "library")
    if kind == "text":
        return Draft(kind=RuleKind.TEXT, scope=Scope.ROW, reads=())
    if kind == "custom":
        return _custom(site, entry)
    if kind == "sql":
        return _sql(site, entry)
    if kind != "library" or not entry.has("metric"):
        entry.problem("neither metric, query nor implementation.", "Write `metric: …`, or `type: custom` and `engine`.")
        return None
    return _metric(site, entry)


def engine_of(entry: Cursor) -> str:
    """`headgate`, `gx`, or empty for the engine of another tool."""
    return _ENGINES.get(re.sub(r"[\W_]", "", entry.word("engine")).lower(), "")


# ── Metrics of the standard ──────────────────────────────────────────────────────────────────────────────────────────
def _metric(site: Site, entry: Cursor) -> Draft | None:
    limit = _limit(entry)
    if limit is None:
        return None
    operator, value = limit
    metric = entry.word("metric")
    if metric == "rowCount":
        arguments = {"operator": operator, "value": plain_number(value)}
        return Draft(kind=RuleKind.COUNT, scope=Scope.DELIVERY, reads=(), arguments=arguments)
    draft = _over_values(site, entry, metric)
    if draft is None or (operator == "=" and value == 0):
        return draft
    if draft.arguments.get("against") == "published":
        entry.problem("a number of values that are published already.", "Write `mustBe: 0`: they are told row by row.")
        return None
    unit = entry.choice("unit", ("rows", "percent"), "rows")
    return share_of(draft, operator=operator, value=plain_number(value), unit=unit)


def _over_values(site: Site, entry: Cursor, metric: str) -> Draft | None:
    """The rule that each value, or each pair of rows, obeys."""
    if metric == "duplicateValues":
        return _duplicates(site, entry)
    if site.column is None:
        entry.problem(f"{metric} stands at the record.", "Put it at a column.")
        return None
    if metric == "nullValues":
        return on_column(site, site.column, RuleKind.PRESENT)
    if metric == "missingValues":
        given = [item.value for item in entry.at("arguments").items("missingValues")]
        words = [str(value) for value in given if value is not None]
        return on_column(site, site.column, RuleKind.PRESENT, {"missing_values": words} if words else {})
    if metric == "invalidValues":
        return _invalid(site, site.column, entry)
    entry.at("metric").problem(f"the metric is {metric!r}.", did_you_mean(metric, _METRICS))
    return None


def _invalid(site: Site, column: Column, entry: Cursor) -> Draft | None:
    arguments = entry.at("arguments")
    arguments.refuse_unknown(("validValues", "pattern"))
    if arguments.has("validValues") == arguments.has("pattern"):
        arguments.problem("invalidValues needs `validValues` or `pattern`.", "Name one; for both write two rules.")
        return None
    if arguments.has("pattern"):
        pattern = arguments.word("pattern")
        if column.kind is not Kind.STRING:
            arguments.problem(f"{column.path} is {column.kind.value}; patterns are of text.", "Use limits.")
        check_pattern(pattern, arguments.at("pattern"))
        return on_column(site, column, RuleKind.PATTERN, {"pattern": pattern})
    texts = [value_text(item.value, column, item) for item in arguments.items("validValues")]
    return on_column(site, column, RuleKind.ALLOWED, {"values": [text for text in texts if text is not None]})


def _duplicates(site: Site, entry: Cursor) -> Draft | None:
    arguments = entry.at("arguments")
    arguments.refuse_unknown(("properties", "against"))
    against = arguments.choice("against", ("delivery", "published"), "delivery")
    names = arguments.words("properties")
    found = [site.find(name) for name in names] if names else [site.column]
    columns = tuple(column for column in found if column is not None)
    if len(columns) != len(found):
        wrong = next((name for name in names if site.find(name) is None), "")
        entry.problem(
            f"{wrong!r} is no column here." if wrong else "duplicateValues at the record names no columns.",
            did_you_mean(wrong, site.names()) if wrong else "Write `arguments: {properties: […]}`.",
        )
        return None
    return unique_draft(site, columns, against=against)


def _limit(entry: Cursor) -> tuple[str, Decimal] | None:
    """Operator and number of a metric or a query."""
    named = [key for key in OPERATORS if entry.has(key)]
    for key in _BETWEEN:
        if entry.has(key):
            fix = "Whether its ends count is read in two ways; write one rule for each end."
            entry.at(key).problem(f"`{key}` is not taken.", fix)
            return None
    if len(named) != 1:
        entry.problem(f"{len(named) or 'no'} operators.", f"Write one of {', '.join(OPERATORS)}.")
        return None
    number = entry.decimal(named[0])
    return None if number is None else (OPERATORS[named[0]], number)


# ── SQL and other engines ────────────────────────────────────────────────────────────────────────────────────────────
def _sql(site: Site, entry: Cursor) -> Draft | None:
    limit = _limit(entry)
    if limit is None or not entry.has("query"):
        return None
    if site.array:
        entry.problem("a query at the elements of a list.", "Put it at the record, or write a predicate here.")
        return None
    if entry.has("unit"):
        entry.at("unit").problem("a query has no unit.", "Let the query compute the share.")
    operator, value = limit
    if operator == "=" and value == 0:
        return query_draft(site, entry)
    return figure_draft(site, entry, operator=operator, value=plain_number(value))


def _custom(site: Site, entry: Cursor) -> Draft | None:
    engine, implementation = engine_of(entry), entry.at("implementation")
    if engine == "gx":
        return read_expectation(site, implementation)
    if engine == "":
        return None
    if isinstance(implementation.value, str):
        return predicate_draft(site, implementation, implementation.value)
    return _python(site, implementation)


def _python(site: Site, place: Cursor) -> Draft | None:
    place.refuse_unknown(("python", "reads", "scope", "group_by"))
    file, _, function = place.word("python").partition(":")
    if not file.endswith(".py") or "/" in file or not function.isidentifier():
        place.problem(
            f"python is {shown(place.at('python').value)}.", 'Write "file.py:function"; the file is in the flow.'
        )
        return None
    scope = Scope(place.choice("scope", ("row", "set"), "row"))
    reads, groups = _paths(site, place, "reads"), _paths(site, place, "group_by")
    if not place.words("reads"):
        place.problem("`reads` is missing.", "Name the columns that the function gets.")
    if scope is Scope.SET and not groups:
        place.problem("a check over sets without `group_by`.", "Name the columns whose rows it gets together.")
    if scope is Scope.ROW and groups:
        place.problem("`group_by` with scope row.", "Write scope: set.")
    arguments = {"file": file, "function": function, "group_by": groups}
    return Draft(kind=RuleKind.PYTHON, scope=scope, reads=tuple(reads), arguments=arguments)


def _paths(site: Site, place: Cursor, key: str) -> list[str]:
    found = {name: site.find(name) for name in place.words(key)}
    for name, column in found.items():
        if column is None:
            place.at(key).problem(f"{name!r} is no column here.", did_you_mean(name, site.names()))
    return [column.path for column in found.values() if column is not None]


_METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
