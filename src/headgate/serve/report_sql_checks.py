"""Looks at the SQL of a report before it runs: one SELECT a text, known parameters, no personal column."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from headgate.serve.report_sql import SqlError, refuse_unbound


def check_sql(
    sql: str, *, parameters: Collection[str] | None, personal: Collection[str], ordered: bool = False
) -> None:
    """Raises SqlError unless `sql` is one SELECT that names only known parameters and no personal column.

    `parameters`: those that are bound, None where that is known only later.
    `ordered`: a list, which must say its order, or two runs may show other rows.
    """
    tree = _parse(sql)
    if parameters is not None:
        refuse_unbound(_named(tree), parameters)
    _refuse_personal(tree, personal)
    if ordered and tree.args.get("order") is None:
        raise SqlError("a list needs ORDER BY over columns that tell any two rows apart.")


def has_limit(sql: str) -> bool:
    """Whether a SELECT says itself how many rows it gives at most."""
    return _parse(sql).args.get("limit") is not None


def _refuse_personal(tree: exp.Expr, personal: Collection[str]) -> None:
    """A personal column is refused by name, and so is a whole row, which would carry it (`to_json(transactions)`)."""
    hidden = {name.lower() for name in personal}
    seen = sorted({name.name.lower() for name in tree.find_all(exp.Identifier)} & hidden)
    if seen:
        raise SqlError(f"{seen[0]} is a personal column and never stands in a report. Show the id instead.")
    tables = {table.alias_or_name.lower() for table in tree.find_all(exp.Table)}
    rows = sorted({column.name.lower() for column in tree.find_all(exp.Column) if not column.table} & tables)
    if rows and hidden:
        raise SqlError(
            f"{rows[0]} stands for a whole row, personal columns with it. Name the columns, with their table."
        )


@lru_cache(maxsize=512)
def _parse(sql: str) -> exp.Expr:
    """The tree of one SELECT, which nobody changes: a section's SQL is looked at several times."""
    try:
        trees = sqlglot.parse(sql, read="duckdb")
    except SqlglotError as error:
        raise SqlError(f"is no SQL that can be read: {str(error).splitlines()[0]}") from error
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        raise SqlError("must be one SELECT.")
    return tree


def _named(tree: exp.Expr) -> set[str]:
    return {node.name for node in tree.find_all(exp.Parameter, exp.Placeholder)}
