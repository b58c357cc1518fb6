"""Writes the two statements that check a delivery, from the columns and rules of its contract."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.check.fast_sql import all_hold, known_keys, object_paths, typed_and_sound
from headgate.check.plan import CARRIED, INPUT, SUSPECTS, CheckPlan
from headgate.check.predicate_sql import Lookup, PredicateWriter, lookup_joins
from headgate.check.reason_sql import NO_REASONS, BuiltinReasons, list_of, reason
from headgate.check.shape_sql import PARSED, parse_sql, record_type, text_of, typed_value
from headgate.check.strict_sql import strict_sound, strict_value
from headgate.core.contract import Column, Contract, Kind, Rule, RuleKind, Scope
from headgate.core.flow import ParameterDeclaration
from headgate.core.reasons import Consequence, ReasonCode
from headgate.core.replacing import replace
from headgate.core.sql import literal, path_sql, quoted

_CONTAINERS = frozenset({Kind.OBJECT, Kind.ARRAY})


def write_plan(
    contract: Contract,
    parameters: Sequence[ParameterDeclaration],
    *,
    headers: frozenset[str] | None = None,
) -> CheckPlan:
    """The statements; `headers` are the columns of a text file, None stands for JSON records."""
    contract = _with_shares(contract)
    writer = PredicateWriter(contract.columns, parameters)
    single, repeated = object_paths(contract.columns)
    holding = " AND ".join(["_sound", *all_hold(contract, writer)])
    lookups = lookup_joins(writer.lookups)
    quick = _quick(contract, holding, lookups, headers)
    typed = _typed_already(contract, holding, lookups) if headers is None else ""
    close = _close(contract, parameters, headers)
    return CheckPlan(
        quick=quick,
        typed=typed,
        close=close,
        parameters=frozenset(writer.parameters),
        shape_paths=tuple(single) if headers is None else (),
        element_paths=tuple(repeated) if headers is None else (),
    )


def _with_shares(contract: Contract) -> Contract:
    """Rules on shares tell their rows too: as warnings, whatever the delivery comes to."""
    on_rows = [
        replace(
            rule,
            kind=RuleKind(rule.arguments["of"]["kind"]),
            scope=Scope(rule.arguments["of"]["scope"]),
            arguments=rule.arguments["of"]["arguments"],
            consequence=Consequence.WARN,
        )
        for rule in contract.rules
        if rule.kind is RuleKind.SHARE and rule.arguments["of"]["scope"] in {Scope.ROW, Scope.ELEMENT}
    ]
    return replace(contract, rules=(*contract.rules, *on_rows))


def _quick(contract: Contract, holding: str, lookups: str, headers: frozenset[str] | None) -> str:
    json = headers is None
    present = [column for column in contract.columns if _is_there(column, headers)]
    typed = ", ".join(f"{_typed(column, headers)} AS {quoted(column.name)}" for column in contract.columns)
    sound = [typed_and_sound(present, json=json)]
    sound += known_keys(contract.columns, "raw") if headers is None else _no_containers(contract, headers)
    names = ", ".join(quoted(column.name) for column in contract.columns)
    carried = ", ".join(CARRIED)
    parsed = parse_sql(contract.columns, "raw") if json else "fields"
    fields = "" if json else ", CASE WHEN NOT _ok THEN fields END AS _fields"
    more = "" if json else ", fields"
    return (
        f"SELECT {carried}, {names}, _ok, CASE WHEN NOT _ok THEN raw END AS _raw{fields} FROM ("
        f"SELECT {carried}, raw{more}, {names}, coalesce({holding}, false) AS _ok FROM ("
        f"SELECT {carried}, raw{more}, {typed}, coalesce({' AND '.join(sound)}, false) AS _sound FROM ("
        f"SELECT {carried}, raw{more}, {parsed} AS _{PARSED} FROM {INPUT}))"
        f"{lookups})"
    )


def _typed_already(contract: Contract, holding: str, lookups: str) -> str:
    """The quick look at rows whose `fields` Arrow has typed."""
    columns = contract.columns
    typed = ", ".join(f"{strict_value(c, f'fields.{quoted(c.source_name)}')} AS {quoted(c.name)}" for c in columns)
    names = ", ".join(quoted(column.name) for column in columns)
    carried = ", ".join(CARRIED)
    sound = " AND ".join(strict_sound(columns, "fields")) or "true"
    return (
        f"SELECT {carried}, {names}, _ok, CASE WHEN NOT _ok THEN raw END AS _raw FROM ("
        f"SELECT {carried}, raw, {names}, coalesce({holding}, false) AS _ok FROM ("
        f"SELECT {carried}, raw, {typed}, coalesce({sound}, false) AS _sound FROM {INPUT})"
        f"{lookups})"
    )


def _is_there(column: Column, headers: frozenset[str] | None) -> bool:
    """Whether the input can have the column: a text file has those of its header, and no object or list."""
    return headers is None or (column.source_name in headers and column.kind not in _CONTAINERS)


def _no_containers(contract: Contract, headers: frozenset[str]) -> list[str]:
    """Conditions that say: where a line of text has an object or a list by name, it says nothing there."""
    named = [one for one in contract.columns if one.kind in _CONTAINERS and one.source_name in headers]
    return [f"coalesce(_{PARSED}.{quoted(column.source_name)}, '') = ''" for column in named]


def _typed(column: Column, headers: frozenset[str] | None) -> str:
    if not _is_there(column, headers):
        return f"CAST(NULL AS {dict(record_type([column]))[column.name]})"
    text = text_of(column, f"_{PARSED}", json=headers is None)
    return typed_value(column, text, json=headers is None)


def _close(contract: Contract, parameters: Sequence[ParameterDeclaration], headers: frozenset[str] | None) -> str:
    json = headers is None
    writer = PredicateWriter(contract.columns, parameters)
    parsed = parse_sql(contract.columns, "_raw") if json else "_fields"
    builtin = BuiltinReasons(contract, json=json, headers=headers).sql()
    order = contract.places
    row_rules = [rule for rule in contract.rules if rule.kind is RuleKind.PREDICATE and rule.scope is not Scope.ELEMENT]
    element_rules = [rule for rule in contract.rules if rule.kind is RuleKind.PREDICATE and rule.scope is Scope.ELEMENT]
    told = [_row_reason(contract, rule, writer, order[rule.id]) for rule in row_rules]
    lists = ["_builtin", list_of(told)]
    lists += [_element_reasons(rule, writer, order[rule.id]) for rule in element_rules]
    record = "json_type(_raw) = 'OBJECT'" if json else "true"
    all_lists = f"CASE WHEN {record} THEN flatten([{', '.join(lists)}]) ELSE _builtin END"
    carried = "_n, _row, _offset, _length, _raw"
    return (
        f"SELECT {carried}, list_filter({all_lists}, lambda _r: _r IS NOT NULL) AS reasons FROM ("
        f"SELECT *, list_transform(_builtin, lambda _r: _r.path) AS _paths, "
        f'list_transform(_builtin, lambda _r: _r."column") AS _columns FROM ('
        f"SELECT *, {builtin} AS _builtin FROM ("
        f"SELECT *, {parsed} AS _{PARSED} FROM {SUSPECTS})))"
        f"{lookup_joins(writer.lookups)}"
    )


def _row_reason(contract: Contract, rule: Rule, writer: PredicateWriter, place: int) -> str:
    before = len(writer.lookups)
    passes = writer.row(rule.arguments["sql"])
    shown = rule.column or ", ".join(rule.reads)
    value = _shown_value(contract, rule.column)
    missing = "".join(
        f" WHEN {quoted(lookup.value)} IS NULL THEN "
        + reason(rule, code=lookup.parameter.missing, shown=literal(shown), path=shown, value=value, place=place)
        for lookup in writer.lookups[before:] or _used(writer, rule)
        if lookup.parameter.value is not None
    )
    reads = ", ".join(literal(path) for path in _with_containers(rule.reads))
    blamed = f"list_has_any(_paths, [{reads}])" if reads else "false"
    unknown = reason(
        rule,
        code=ReasonCode.CANNOT_EVALUATE,
        shown=literal(shown),
        path=shown,
        value=value,
        place=place,
    )
    broken = reason(rule, code=rule.code, shown=literal(shown), path=shown, value=value, place=place)
    return (
        f"CASE WHEN {passes} THEN NULL WHEN {passes} IS NOT NULL THEN {broken} "
        f"WHEN {blamed} THEN NULL{missing} ELSE {unknown} END"
    )


def _used(writer: PredicateWriter, rule: Rule) -> list[Lookup]:
    """Lookups that an earlier rule brought and this one uses as well."""
    return [lookup for lookup in writer.lookups if lookup.parameter.name in rule.arguments["sql"]]


def _element_reasons(rule: Rule, writer: PredicateWriter, place: int) -> str:
    items = path_sql(rule.array)
    passes = writer.element(rule.arguments["sql"], "_x")
    index = f"{literal(rule.array + '[')} || (_k - 1) || ']'"
    column = rule.column.removeprefix(f"{rule.array}[]").lstrip(".")
    shown = f"{index} || {literal('.' + column)}" if column else index
    path = rule.column or f"{rule.array}[]"
    value = f"_x.{path_sql(column)}" if column else "NULL"
    inner = [read.removeprefix(f"{rule.array}[]") for read in rule.reads]
    reads = ", ".join(f"{index} || {literal(read)}" for read in ["", *inner])
    unknown = reason(rule, code=ReasonCode.CANNOT_EVALUATE, shown=shown, path=path, value=value, place=place)
    broken = reason(rule, code=rule.code, shown=shown, path=path, value=value, place=place)
    each = (
        f"CASE WHEN {passes} THEN NULL WHEN {passes} IS NOT NULL THEN {broken} "
        f"WHEN list_has_any(_columns, [{reads}]) THEN NULL ELSE {unknown} END"
    )
    return f"coalesce(list_transform({items}, lambda _x, _k: {each}), {NO_REASONS})"


def _with_containers(reads: Sequence[str]) -> list[str]:
    """The paths and those of what holds them: a fault in a container silences its columns."""
    paths: dict[str, None] = {}
    for read in reads:
        parts = read.split(".")
        for end in range(1, len(parts) + 1):
            path = ".".join(parts[:end])
            paths.setdefault(path, None)
            paths.setdefault(path.removesuffix("[]"), None)
    return list(paths)


def _shown_value(contract: Contract, path: str) -> str:
    if not path or "[]" in path:
        return "NULL"
    kinds = {column.path: column.kind for column in contract.walk()}
    return "NULL" if kinds.get(path) in {None, Kind.OBJECT, Kind.ARRAY} else path_sql(path)
