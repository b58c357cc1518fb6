"""Follows columns through SQL as far as lint needs it: what is summed, and where personal data goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from headgate.core import sql_text
from headgate.core.contract import Contract
from headgate.core.contract_sql import OBJECT
from headgate.core.errors import QueryRefusedError
from headgate.core.naming import ACCEPTED

_SUMS = frozenset({"list_sum", "list_avg", "fsum", "favg", "kahan_sum", "sumkahan"})
_COUNTING = (exp.Count, exp.CountIf)

Personal = Mapping[str, frozenset[str]]
"""Relation -> names of its columns with personal data."""


def summed_names(sql: str) -> frozenset[str]:
    """Last names of the columns that a sum is over; none where the SQL cannot be read."""
    try:
        tree, _ = sql_text.parse_one(sql.replace(OBJECT, "rows_of_the_delivery")) if sql else (exp.Null(), [])
    except QueryRefusedError:
        return frozenset()
    found: set[str] = set()
    for node in tree.walk():
        if isinstance(node, exp.Sum) or (isinstance(node, exp.Anonymous) and node.name.lower() in _SUMS):
            found.update(column.name for column in node.find_all(exp.Column))
    return frozenset(found)


def personal_outputs(sql: str, contract: Contract, known: Personal) -> frozenset[str]:
    """Names in the query's result that hold personal data; counting it is none."""
    tree, _ = sql_text.parse_one(sql)
    return _outputs(tree, contract, dict(known))


def _outputs(tree: exp.Expr, contract: Contract, known: dict[str, frozenset[str]]) -> frozenset[str]:
    if isinstance(tree, exp.Subquery):
        return _outputs(tree.this, contract, known)
    if not isinstance(tree, exp.Query):
        return frozenset()
    inner = dict(known)
    for cte in tree.ctes:
        inner[cte.alias] = _outputs(cte.this, contract, inner)
    if isinstance(tree, exp.SetOperation):
        return _outputs(tree.left, contract, inner) | _outputs(tree.right, contract, inner)
    sources = dict(_sources(tree, contract, inner))
    found: set[str] = set()
    for column in tree.selects:
        if column.is_star:
            found |= {name for names in sources.values() for name in names if "." not in name}
        elif any(_is_personal(inner_column, sources) for inner_column in _read(column)):
            found.add(column.alias_or_name)
    return frozenset(found)


def _sources(
    tree: exp.Query, contract: Contract, known: dict[str, frozenset[str]]
) -> Iterator[tuple[str, frozenset[str]]]:
    from_ = tree.args.get("from_")
    joined = [join.this for join in tree.args.get("joins") or []]
    for source in [*([from_.this] if from_ is not None else []), *joined]:
        alias = source.alias_or_name
        if not isinstance(source, exp.Table):
            yield alias, _outputs(source, contract, known)
        elif source.name in known:
            yield alias, known[source.name]
        elif source.name in {ACCEPTED, contract.record}:
            yield alias, frozenset(_personal_paths(contract))


def _personal_paths(contract: Contract) -> Iterator[str]:
    """Paths of personal columns, and those of the containers that hold one."""
    for column in contract.walk():
        if any(inner.personal for inner in column.walk()):
            yield column.path


def _read(column: exp.Expr) -> Iterator[exp.Column]:
    for node in column.find_all(exp.Column):
        if node.find_ancestor(*_COUNTING) is None:
            yield node


def _is_personal(column: exp.Column, sources: Mapping[str, frozenset[str]]) -> bool:
    parts = [part.name for part in column.parts]
    if parts[0] in sources and len(parts) > 1:
        return ".".join(parts[1:]) in sources[parts[0]]
    return any(".".join(parts) in names for names in sources.values())
