"""Checks whole queries before they run: one SELECT over known relations, the same result at any time and place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

import msgspec
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from headgate.core import sql_functions, sql_text
from headgate.core.errors import QueryRefusedError
from headgate.core.flow import NOW
from headgate.core.near_name import did_you_mean
from headgate.core.predicates import bind_now, refuse_unrepeatable


class Select(msgspec.Struct, frozen=True, kw_only=True):
    """A query that passed the checks."""

    sql: str  # as written, with now() as $now; this text runs
    relations: tuple[str, ...]  # that it reads, in order of first use; another flow's as `flow.table`
    parameters: tuple[str, ...]  # names without $
    columns: tuple[str, ...]  # names of its result, without those behind a star
    stars: bool  # its result holds `*`
    warnings: tuple[str, ...]
    lookups: tuple[str, ...] = ()  # table parameters that it uses as functions


def check_select(
    sql: str,
    *,
    relations: Collection[str],
    parameters: Collection[str] | None = None,
    tables: Mapping[str, int] | None = None,
    foreign: bool = False,
) -> Select:
    """The query with all that it reads; QueryRefusedError tells the first thing that is not allowed.

    `relations` are the names that FROM may hold, `tables` the table parameters that may be called with the number of
    their keys, `parameters` the names behind `$` (None: any). With `foreign` a table of another flow may be named
    `flow.table`.
    """
    tree, tokens = sql_text.parse_one(sql)
    if not isinstance(tree, exp.Query):
        raise QueryRefusedError(f"The SQL is a {type(tree).__name__.upper()}; write one SELECT.")
    lookups = list(_check_calls(sql, tokens, tables or {}))
    for node in tree.walk():
        _refuse_node(node)
        _refuse_unlisted(node, lookups)
    return Select(
        sql=bind_now(sql, tokens),
        relations=tuple(_relations(tree, relations, foreign=foreign)),
        parameters=tuple(_parameters(tree, parameters)),
        columns=tuple(_result_names(tree)),
        stars=any(isinstance(column.unalias(), exp.Star) or column.is_star for column in tree.selects),
        warnings=tuple(_warnings(tree)),
        lookups=tuple(dict.fromkeys(lookups)),
    )


def lost_columns(sql: str, wanted: AbstractSet[str], *, keeping: Collection[str]) -> set[str]:
    """Those of the wanted columns that the query's result does not have; `keeping` are relations that have them all."""
    tree, _ = sql_text.parse_one(sql)
    assert isinstance(tree, exp.Query), "checked before"
    return set(wanted - _kept(tree, wanted, {name.lower(): wanted for name in keeping}))


def _kept(tree: exp.Expr, wanted: AbstractSet[str], sources: Mapping[str, AbstractSet[str]]) -> AbstractSet[str]:
    """The wanted columns in the result of a query, read through its stars, subqueries and common tables."""
    if isinstance(tree, exp.Subquery):
        return _kept(tree.this, wanted, sources)
    if not isinstance(tree, exp.Query):
        return frozenset()
    known = dict(sources)
    for cte in tree.ctes:
        known[cte.alias.lower()] = _kept(cte.this, wanted, known)
    if isinstance(tree, exp.SetOperation):
        return _kept(tree.left, wanted, known) & _kept(tree.right, wanted, known)
    named = {column.alias_or_name for column in tree.selects} & wanted
    for column in tree.selects:
        if column.is_star:
            named |= _behind_star(tree, column, wanted, known)
    return named


def _behind_star(
    tree: exp.Query, star: exp.Expr, wanted: AbstractSet[str], known: Mapping[str, AbstractSet[str]]
) -> set[str]:
    from_ = tree.args.get("from_")
    sources = [*([from_.this] if from_ is not None else []), *(join.this for join in tree.args.get("joins") or [])]
    only = star.args.get("table")
    found: set[str] = set()
    for source in sources:
        if only is None or source.alias_or_name == only.name:
            kept = known.get(source.name.lower(), frozenset()) if isinstance(source, exp.Table) else None
            found |= _kept(source, wanted, known) if kept is None else kept
    inner = star.this if isinstance(star, exp.Column) else star
    excluded = {part.name for part in inner.args.get("except_") or []}
    return found - excluded


def counted_condition(sql: str, *, relation: str) -> str | None:
    """The text behind WHERE of `SELECT count(*) FROM relation WHERE …`; None for a query of another form."""
    tree, tokens = sql_text.parse_one(sql)
    if not isinstance(tree, exp.Select) or not _only_counts(tree):
        return None
    source = tree.args["from_"].this
    if not isinstance(source, exp.Table) or source.name != relation or source.alias:
        return None
    where = next(token for token in tokens if token.token_type is TokenType.WHERE)
    return sql[where.end + 1 :].strip()


def _only_counts(tree: exp.Select) -> bool:
    parts = {name for name, value in tree.args.items() if value}
    if not parts <= {"expressions", "from_", "where", "kind"} or not {"from_", "where"} <= parts:
        return False
    counted = [column.unalias() for column in tree.expressions]
    return len(counted) == 1 and isinstance(counted[0], exp.Count) and isinstance(counted[0].this, exp.Star)


def _refuse_unlisted(node: exp.Expr, lookups: Collection[str]) -> None:
    """The names of calls were looked at in the text; a call that the tree alone shows is refused too."""
    name = _function(node) if isinstance(node, exp.Anonymous) else ""
    if name and name not in _ALLOWED and name not in lookups and name != NOW:
        raise QueryRefusedError(f"{name}() is no function that a query may use.")


def _check_calls(sql: str, tokens: list[Token], tables: Mapping[str, int]) -> Iterator[str]:
    for call in sql_text.calls(sql, tokens):
        if call.name in _ALLOWED or (call.name == NOW and not call.arguments):
            continue
        if call.name in tables:
            if tables[call.name] != len(call.arguments):
                message = f"{call.name}() has {len(call.arguments)} values for {tables[call.name]} key columns."
                raise QueryRefusedError(message)
            yield call.name
            continue
        refuse_unrepeatable(call.name)
        hint = did_you_mean(call.name, [*_ALLOWED, *tables])
        raise QueryRefusedError(f"{call.name}() is no function that a query may use. {hint}")


def _relations(tree: exp.Query, known: Collection[str], *, foreign: bool) -> list[str]:
    found: dict[str, None] = {}
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            name = table.this.sql("duckdb") if table.this is not None else "nothing"
            if _function(table.this) not in sql_functions.TABLE_FUNCTIONS:
                raise QueryRefusedError(
                    f"FROM {name[:80]} is no table; data comes from {', '.join(sorted(known))} only."
                )
            continue
        name = ".".join(part.name for part in table.parts)
        if not table.db and name.lower() in own:
            continue
        if name not in known and not (foreign and _is_foreign(table)):
            raise QueryRefusedError(f"FROM {name}: no such table here. {did_you_mean(name, known)}")
        found.setdefault(name)
    return list(found)


def _is_foreign(table: exp.Table) -> bool:
    return bool(table.db) and not table.catalog and table.db.lower() not in _SYSTEM_SCHEMAS


def _function(node: exp.Expr | None) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def _parameters(tree: exp.Query, known: Collection[str] | None) -> list[str]:
    found: dict[str, None] = {}
    for node in tree.find_all(exp.Placeholder):
        if not node.name.isidentifier():
            raise QueryRefusedError("A parameter without a name; write $name.")
        if known is not None and node.name not in known and node.name != NOW:
            raise QueryRefusedError(f"${node.name} is no parameter. {did_you_mean(node.name, known)}")
        found.setdefault(node.name)
    if any(_function(node) == NOW for node in tree.find_all(exp.Func)):
        found.setdefault(NOW)
    return list(found)


def _result_names(tree: exp.Query) -> Iterator[str]:
    for column in tree.selects:
        if not column.is_star:
            yield column.alias_or_name


def _refuse_node(node: exp.Expr) -> None:
    for kinds, words in _REFUSED_NODES:
        if isinstance(node, kinds):
            raise QueryRefusedError(f"{node.sql('duckdb')[:80]} {words}")
    if isinstance(node, exp.Func) and type(node).__name__.startswith(("Current", "Session", "Local", "Rand", "Uuid")):
        raise QueryRefusedError(f"{node.sql('duckdb')[:80]} gives something else at another time or place; use now().")
    name = _function(node)
    if name in sql_functions.ORDERED_AGGREGATES or isinstance(node, _ORDERED_NODES):
        _need_order(node)
    if isinstance(node, exp.Window) and _function(node.this) in sql_functions.WINDOWS and not node.args.get("order"):
        raise QueryRefusedError(
            f"{node.sql('duckdb')[:80]} depends on the order of rows; add ORDER BY inside OVER (…)."
        )


def _need_order(node: exp.Expr) -> None:
    """An aggregate over ordered rows has the order inside its brackets, behind it (WITHIN GROUP), or in its window."""
    ordered = node.find(exp.Order) is not None or isinstance(node.parent, exp.WithinGroup)
    window = node.parent if isinstance(node.parent, exp.Window) else None
    if not ordered and not (window is not None and window.args.get("order")):
        raise QueryRefusedError(
            f"{node.sql('duckdb')[:80]} depends on the order of rows; add ORDER BY inside its brackets."
        )


def _warnings(tree: exp.Query) -> Iterator[str]:
    for limit in tree.find_all(exp.Limit):
        query = limit.parent
        if query is None or not query.args.get("order"):
            yield f"LIMIT without ORDER BY takes other rows each time: {limit.sql('duckdb').strip()}."
        else:
            yield f"LIMIT is repeatable only where its ORDER BY leaves no ties: {limit.sql('duckdb').strip()}."


_ALLOWED = (
    sql_functions.SCALARS
    | sql_functions.AGGREGATES
    | sql_functions.ORDERED_AGGREGATES
    | sql_functions.WINDOWS
    | sql_functions.TABLE_FUNCTIONS
)
_ORDERED_NODES = (
    exp.First, exp.Last, exp.AnyValue, exp.ArrayAgg, exp.GroupConcat, exp.ArgMax, exp.ArgMin, exp.Mode
)  # fmt: skip
_SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "main", "temp", "system"})
_REFUSED_NODES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((exp.DDL, exp.Command, exp.Describe, exp.Pragma, exp.Set, exp.Into, exp.Summarize), "is no SELECT."),
    ((exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy, exp.Attach, exp.Detach, exp.Use), "is no SELECT."),
    ((exp.TableSample,), "takes other rows each time."),
    ((exp.Pivot,), "makes columns from data; name them with FILTER (WHERE …)."),
    ((exp.Parameter, exp.SessionParameter), "is no parameter; write $name."),
    ((exp.PositionalColumn,), "names a column by its place; write its name."),
)
