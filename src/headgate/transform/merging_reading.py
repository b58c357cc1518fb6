"""Finds whether a gold task is additive, and how its results merge then."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlglot import exp

from headgate.core.flow import Target
from headgate.transform.merging import Merging

_MERGED_BY: Mapping[type[exp.Expr], str] = {
    exp.Sum: "sum",
    exp.Count: "sum",
    exp.CountIf: "sum",
    exp.Min: "min",
    exp.Max: "max",
}


def merging_of(tree: exp.Query, relations: Collection[str], target: Target) -> Merging | None:
    """How the results of a task over these relations merge, or None where they do not."""
    if not isinstance(tree, exp.Select) or len(relations) != 1:
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
    (source,) = relations
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
