"""Reads a task's SQL: table parameters become joins, the relations that it reads are told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp

from headgate.core.errors import TaskError
from headgate.core.flow import ParameterDeclaration, Target
from headgate.core.sql import parameter_type, quoted
from headgate.transform.merging_reading import merging_of
from headgate.transform.task_sql import Named, TaskSql


@lru_cache(maxsize=256)
def read_task(text: str, parameters: tuple[ParameterDeclaration, ...], target: Target) -> TaskSql:
    """The task that makes the target; a call of a table parameter becomes a join to its one line.

    TaskError for what is no SELECT and for what reads the clock.
    """
    tables = {parameter.name: parameter for parameter in parameters if parameter.type == "table"}
    tree = sqlglot.parse_one(text, read="duckdb")
    if any(isinstance(node, exp.CurrentTimestamp) or node.name.lower() == "now" for node in tree.find_all(exp.Func)):
        raise TaskError(
            f"task {target.name} calls now(): its result would change from run to run. Next: take a time of the rows."
        )
    _join_lookups(tree, tables)
    if not isinstance(tree, exp.Query):
        raise TaskError(f"task {target.name} is no SELECT. Next: `headgate doctor` names the line.")
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    foreign = _name_foreign(tree)
    relations = frozenset(table.name for table in tree.find_all(exp.Table)) - own - foreign
    return TaskSql(
        pieces=tuple(_pieces(tree, relations)),
        parameters=frozenset(node.name for node in tree.find_all(exp.Placeholder, exp.Parameter)),
        relations=relations,
        foreign=foreign,
        merging=None if foreign else merging_of(tree, relations, target),
    )


def _pieces(tree: exp.Query, relations: Collection[str]) -> Iterator[str | Named]:
    """The statement, cut where it names one of the relations."""
    marked = tree.copy()
    tables = [
        table
        for table in marked.find_all(exp.Table)
        if table.name in relations and isinstance(table.this, exp.Identifier)
    ]
    named = [
        Named(relation=table.name, written=table.this.sql("duckdb"), aliased=bool(table.alias)) for table in tables
    ]
    for place, table in enumerate(tables):
        table.set("this", exp.to_identifier(f"\0{place}\0", quoted=False))
    for number, piece in enumerate(re.split("\0", marked.sql("duckdb"))):
        yield named[int(piece)] if number % 2 else piece


def _name_foreign(tree: exp.Expr) -> frozenset[str]:
    """Give each `flow.table` the one name under which it is registered; those names."""
    names = set()
    for table in [table for table in tree.find_all(exp.Table) if table.db]:
        name = f"{table.db}.{table.name}"
        names.add(name)
        alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name))
        table.replace(exp.Table(this=exp.to_identifier(name, quoted=True), alias=alias))
    return frozenset(names)


def _join_lookups(tree: exp.Expr, tables: dict[str, ParameterDeclaration]) -> None:
    """Put a join for each table parameter that a SELECT calls: every row meets its one line, or none."""
    calls = [node for node in tree.find_all(exp.Anonymous) if node.name in tables]
    for place, call in enumerate(calls):
        select = call.find_ancestor(exp.Select)
        parameter = tables[call.name]
        assert select is not None
        assert parameter.value is not None
        keys = parameter.key_columns
        # names of ours inside, so that a column of the task is never taken for one of the parameter's
        renamed = [f"{quoted(name)} AS _l{place}_k{number}" for number, (name, _) in enumerate(keys)]
        renamed.append(f"{quoted(parameter.value[0])} AS _l{place}_v")
        conditions = [
            f"_l{place}_k{number} = CAST({argument.sql('duckdb')} AS {parameter_type(kind)})"
            for number, ((_, kind), argument) in enumerate(zip(keys, call.expressions, strict=True))
        ]
        source = f"(SELECT {', '.join(renamed)} FROM {quoted('param_' + parameter.name)}) AS _l{place}"
        select.join(source, on=" AND ".join(conditions), join_type="left", dialect="duckdb", copy=False)
        call.replace(exp.column(f"_l{place}_v"))
