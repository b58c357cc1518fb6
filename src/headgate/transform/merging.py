"""Which gold tasks can be brought forward by merging: additive figures of new rows joined to those that stand.

A task is additive if it is one SELECT over one silver table, grouped by the target's key, whose other columns are
sums, counts, minima or maxima. Sums of DECIMAL are exact, so merged figures equal a full recomputation to the digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from headgate.core.flow import Target
from headgate.core.sql import quoted
from headgate.transform.task_sql import TaskSql

_MERGED_BY: Mapping[type[exp.Expr], str] = {
    exp.Sum: "sum",
    exp.Count: "sum",
    exp.CountIf: "sum",
    exp.Min: "min",
    exp.Max: "max",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """How an additive task's results are joined: a column's name -> sum, min or max; the rest is the key."""

    source: str
    key: tuple[str, ...]
    columns: Mapping[str, str]

    def sql(self, standing: str, added: str, types: Mapping[str, str]) -> str:
        """SQL of the merged table; `types` keep each column as it was."""
        key = ", ".join(quoted(name) for name in self.key)
        merged = ", ".join(
            f"CAST({self.columns[name]}({quoted(name)}) AS {kind}) AS {quoted(name)}"
            if name in self.columns
            else quoted(name)
            for name, kind in types.items()
        )
        names = ", ".join(quoted(name) for name in types)
        both = f"SELECT {names} FROM {standing} UNION ALL SELECT {names} FROM {added}"
        return f"SELECT {merged} FROM ({both}) GROUP BY {key}"


def merging_of(task: TaskSql, target: Target) -> Merging | None:
    """How the task's results merge, or None where they do not."""
    tree = task.tree
    if not isinstance(tree, exp.Select) or len(task.relations) != 1 or task.foreign:
        return None
    if any(
        tree.args.get(part) for part in ("having", "order", "limit", "offset", "distinct", "joins", "with_", "qualify")
    ):
        return None
    if tree.find(exp.Subquery) is not None or tree.args.get("group") is None:
        return None
    columns = {}
    for projection in tree.selects:
        name = projection.alias_or_name
        if name in target.key:
            if projection.find(exp.AggFunc) is not None:
                return None
            continue
        merged_by = _merged_by(projection.unalias())
        if merged_by is None:
            return None
        columns[name] = merged_by
    if {projection.alias_or_name for projection in tree.selects} != {*columns, *target.key}:
        return None
    (source,) = task.relations
    return Merging(source=source, key=target.key, columns=columns)


def _merged_by(node: exp.Expr) -> str | None:
    while isinstance(node, (exp.Cast, exp.Filter, exp.Paren)):
        node = node.this
    if node.find(exp.Distinct) is not None:
        return None
    for kind, how in _MERGED_BY.items():
        if isinstance(node, kind):
            return None if node.this is not None and node.this.find(exp.AggFunc) else how
    return None
