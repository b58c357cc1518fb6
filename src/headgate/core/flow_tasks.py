"""Checks that rules and tasks use what the flow has: parameters, tables, and the two columns that every row keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from headgate.core.contract import Contract, Rule, RuleKind
from headgate.core.errors import QueryRefusedError
from headgate.core.flow import NOW, Flow, ParameterDeclaration, Task
from headgate.core.naming import ACCEPTED, DELIVERY, RECORD, ROW
from headgate.core.near_name import did_you_mean
from headgate.core.replacing import replace
from headgate.core.yaml_cursor import Cursor

IDENTITY = frozenset({DELIVERY, ROW})
"""Columns of every silver row; the record table has the record's fingerprint too."""


def check_rules_use(document: Cursor, contract: Contract, parameters: Iterable[ParameterDeclaration]) -> None:
    """Note parameters and tables that rules use and the flow does not declare."""
    declared = tuple(parameters)
    values = {parameter.name for parameter in declared if parameter.type != "table"}
    tables = {parameter.name: len(parameter.key) for parameter in declared if parameter.type == "table"}
    place = document.at("parameters")
    for rule in contract.rules:
        arguments = sql_arguments(rule)
        for name in arguments.get("parameters", ()):
            if name not in values and name != NOW:
                place.problem(f"the rule {rule.id} uses ${name}, which is not declared.", did_you_mean(name, values))
        for lookup in arguments.get("lookups", ()):
            _check_lookup(place, rule, lookup, tables)


def sql_arguments(rule: Rule) -> Mapping[str, Any]:
    """The arguments that hold SQL; those of the rule on values where it is a share of one."""
    if rule.kind is RuleKind.SHARE:
        inner: Mapping[str, Any] = rule.arguments["of"]["arguments"]
        return inner
    return rule.arguments


def _check_lookup(place: Cursor, rule: Rule, lookup: Mapping[str, Any], tables: Mapping[str, int]) -> None:
    table, given = lookup["table"], len(lookup["arguments"])
    if table not in tables:
        hint = did_you_mean(table, tables) if tables else "Declare it with type: table, or use another function."
        place.problem(f"the rule {rule.id} calls {table}(), no function and no table parameter.", hint)
    elif given != tables[table]:
        place.problem(f"the rule {rule.id} gives {table}() {given} values for {tables[table]} key columns.")


def check_tasks(flow: Flow, place: Cursor) -> Flow:
    """Note what is wrong with the tasks' SQL at the lines that name them; the flow with what the SQL tells of it."""
    warnings: list[str] = []
    foreign: dict[str, None] = {}
    tables = (parameter.name for parameter in flow.parameters if parameter.type == "table")
    known = {ACCEPTED, flow.contract.record, *tables, *(target.name for target in flow.targets)}
    keeping = {ACCEPTED, flow.contract.record}
    for index, task in enumerate(flow.tasks):
        entry = Cursor(text=place.text, value=task.file, path=(*place.path, index), problems=place.problems)
        target = flow.target(task.name)
        silver = target is not None and target.layer == "silver"
        if task.function is None:
            found = _check_sql(flow, task, entry, known=known, keeping=keeping if silver else None)
            warnings.extend(f"{task.file}: {warning}" for warning in found.warnings)
            foreign.update(dict.fromkeys(name for name in found.relations if name not in known))
        known.add(task.name)
        if silver:
            keeping.add(task.name)
    return replace(flow, warnings=tuple(warnings), foreign=tuple(foreign))


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the SQL of a task tells of it; nothing where it is refused."""

    relations: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _check_sql(flow: Flow, task: Task, entry: Cursor, *, known: set[str], keeping: set[str] | None) -> _Told:
    """Look at one task; `keeping` are the relations with the identity columns, None where it may lose them."""
    # SQLGlot takes 40 ms to import; flows without tasks do without.
    from headgate.core.selects import check_select, lost_columns  # noqa: PLC0415

    values = {parameter.name for parameter in flow.parameters if parameter.type != "table"}
    tables = {parameter.name: len(parameter.key) for parameter in flow.parameters if parameter.type == "table"}
    try:
        sql = flow.files[task.file].decode("utf-8")
        found = check_select(sql, relations=known, parameters=values, tables=tables, foreign=True)
        wanted = IDENTITY | {RECORD} if task.name == flow.record_table else IDENTITY
        lost = set() if keeping is None else lost_columns(sql, wanted, keeping=keeping)
    except (QueryRefusedError, UnicodeDecodeError) as error:
        entry.problem(f"{task.file}: {error}")
        return _Told()
    if lost:
        entry.problem(
            f"{task.file} loses {' and '.join(sorted(lost))}.",
            f"A silver table keeps them: select them from `{ACCEPTED}`.",
        )
    return _Told(relations=found.relations, warnings=found.warnings)
