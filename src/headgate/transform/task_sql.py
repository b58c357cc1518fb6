"""A task's SQL made ready to run: `$now` and table parameters resolved, the relations that it reads told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

from headgate.core.errors import TaskError
from headgate.core.flow import ParameterDeclaration
from headgate.core.sql import parameter_type, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSql:
    """One SELECT, ready to run."""

    tree: exp.Query
    parameters: frozenset[str]
    relations: frozenset[str]  # of the flow itself
    foreign: frozenset[str] = frozenset()  # tables of other flows, as flow.table

    @property
    def text(self) -> str:
        """The statement in the engine's dialect."""
        return self.tree.sql("duckdb")

    def over(self, renamed: dict[str, str]) -> str:
        """The statement with relations under other names."""

        def change(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Table) and node.name in renamed:
                alias = node.alias or node.name
                return exp.alias_(exp.to_table(renamed[node.name], quoted=True), alias, table=True)
            return node

        return self.tree.transform(change).sql("duckdb")


@lru_cache(maxsize=256)
def read_task(text: str, parameters: tuple[ParameterDeclaration, ...], *, name: str) -> TaskSql:
    """Parse a task; a call of a table parameter becomes a join to its one line."""
    tables = {parameter.name: parameter for parameter in parameters if parameter.type == "table"}
    tree = sqlglot.parse_one(text, read="duckdb")
    if any(isinstance(node, exp.CurrentTimestamp) or node.name.lower() == "now" for node in tree.find_all(exp.Func)):
        raise TaskError(
            f"task {name} calls now(): its result would change from run to run. Next: take a time of the rows."
        )
    _join_lookups(tree, tables)
    if not isinstance(tree, exp.Query):
        raise TaskError(f"task {name} is no SELECT. Next: `headgate doctor` names the line.")
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    foreign = _name_foreign(tree)
    return TaskSql(
        tree=tree,
        parameters=frozenset(node.name for node in tree.find_all(exp.Placeholder, exp.Parameter)),
        relations=frozenset(table.name for table in tree.find_all(exp.Table)) - own - foreign,
        foreign=foreign,
    )


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
