"""A task's SQL made ready to run: `$now` and table parameters resolved, the relations that it reads told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from headgate.core.errors import TaskError
from headgate.core.flow import ParameterDeclaration
from headgate.core.sql import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSql:
    """One SELECT, ready to run."""

    tree: exp.Query
    parameters: frozenset[str]
    relations: frozenset[str]

    @property
    def text(self) -> str:
        """The statement in the engine's dialect."""
        return self.tree.sql("duckdb")

    def over(self, renamed: dict[str, str]) -> str:
        """The statement with relations under other names."""

        def change(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Table) and node.name in renamed:
                alias = node.alias or node.name
                return exp.alias_(exp.to_table(renamed[node.name], quoted=True), alias, table=True)
            return node

        return self.tree.transform(change).sql("duckdb")


def read_task(text: str, parameters: Sequence[ParameterDeclaration], *, name: str) -> TaskSql:
    """Parse a task; a call of a table parameter becomes a subquery for its one line."""
    tables = {parameter.name: parameter for parameter in parameters if parameter.type == "table"}
    tree = sqlglot.parse_one(text, read="duckdb").transform(_lookup(tables))
    if not isinstance(tree, exp.Query):
        raise TaskError(f"task {name} is no SELECT. Next: `headgate doctor` names the line.")
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    return TaskSql(
        tree=tree,
        parameters=frozenset(node.name for node in tree.find_all(exp.Placeholder, exp.Parameter)),
        relations=frozenset(table.name for table in tree.find_all(exp.Table)) - own,
    )


def _lookup(tables: dict[str, ParameterDeclaration]) -> Callable[[exp.Expression], exp.Expression]:
    def change(node: exp.Expression) -> exp.Expression:
        if not (isinstance(node, exp.Anonymous) and node.name in tables):
            return node
        parameter = tables[node.name]
        assert parameter.value is not None
        keys = [key.split(maxsplit=1) for key in parameter.key]
        # names of ours inside, so that a column of the task is never taken for one of the parameter's
        renamed = [f"{quoted(words[0])} AS _k{place}" for place, words in enumerate(keys)]
        conditions = " AND ".join(
            f"_p._k{place} = CAST({argument.sql('duckdb')} AS {words[1] if len(words) > 1 else 'VARCHAR'})"
            for place, (words, argument) in enumerate(zip(keys, node.expressions, strict=True))
        )
        source = (
            f"SELECT {', '.join(renamed)}, {quoted(parameter.value[0])} AS _v FROM {quoted('param_' + parameter.name)}"
        )
        query = f"(SELECT _p._v FROM ({source}) AS _p WHERE {conditions})"
        return sqlglot.parse_one(query, read="duckdb")

    return change
