"""Checks a predicate before it runs: one expression over known columns, the same result at any time and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec
from sqlglot import exp
from sqlglot.tokenizer_core import Token

from headgate.core import sql_functions, sql_text
from headgate.core.contract import Column, Kind
from headgate.core.errors import QueryRefusedError
from headgate.core.flow import NOW
from headgate.core.near_name import did_you_mean


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """A table parameter used as a function of its key, such as `fx_rates(payment.currency, timestamp)`."""

    table: str
    arguments: tuple[str, ...]  # SQL of each key, as written
    call: str  # the whole call, exactly as it stands in the predicate's `sql`


class Predicate(msgspec.Struct, frozen=True, kw_only=True):
    """A predicate that passed the checks."""

    sql: str  # as written, with now() as $now; this text runs
    canonical: str  # SQLGlot's spelling, to compare and to show
    reads: tuple[str, ...]  # paths in order of first use; a container stands for all below it
    parameters: tuple[str, ...]  # names without $, in order of first use; `now` where the time is read
    lookups: tuple[Lookup, ...]
    guarded: frozenset[str]  # paths that it tests for NULL or gives another value for NULL
    skipped: tuple[tuple[str, str], ...]  # (function that passes over NULL, path that it reads)


def check_predicate(
    sql: str,
    columns: Sequence[Column],
    *,
    parameters: AbstractSet[str] | None = None,
    tables: Mapping[str, int] | None = None,
) -> Predicate:
    """The predicate over `columns` (of the record, or of one element) with all that it reads.

    `parameters` are the names that may stand behind `$`, `tables` the table parameters with the number of their keys;
    None leaves the question open for the flow. QueryRefusedError tells the first thing that is not allowed.
    """
    tree, tokens = sql_text.parse_one(sql)
    lookups = _check_calls(sql, tokens, tables)
    walk = _Walk(columns=columns, parameters=parameters, lookups=frozenset(lookup.table for lookup in lookups))
    walk.visit(tree, {})
    return Predicate(
        sql=bind_now(sql, tokens),
        canonical=tree.sql("duckdb"),
        reads=tuple(walk.reads),
        parameters=tuple(walk.used),
        lookups=tuple({lookup.call: lookup for lookup in lookups}.values()),
        guarded=frozenset(walk.guarded),
        skipped=tuple(dict.fromkeys(walk.skipped)),
    )


def _check_calls(sql: str, tokens: list[Token], tables: Mapping[str, int] | None) -> list[Lookup]:
    """The table lookups among the calls; refuses every function that is not known to be pure."""
    lookups: list[Lookup] = []
    for call in sql_text.calls(sql, tokens):
        if call.name in sql_functions.SCALARS or (call.name == NOW and not call.arguments):
            continue
        refuse_function(call.name)
        known = tables if tables is not None else {call.name: len(call.arguments)}
        if call.name not in known:
            hint = did_you_mean(call.name, [*sql_functions.SCALARS, *known])
            raise QueryRefusedError(f"{call.name}() is no function that a rule may use. {hint}")
        if known[call.name] != len(call.arguments):
            raise QueryRefusedError(
                f"{call.name}() has {len(call.arguments)} values for {known[call.name]} key columns."
            )
        written = bind_now(sql[call.start : call.end])
        lookups.append(Lookup(table=call.name, arguments=call.arguments, call=written))
    return lookups


def refuse_function(name: str) -> None:
    """QueryRefusedError with the reason for functions that a rule over one row cannot have."""
    if name in sql_functions.AGGREGATES | sql_functions.ORDERED_AGGREGATES:
        raise QueryRefusedError(f"{name}() is over many rows; a rule looks at one. Over a list: list_{name}(…).")
    if name in sql_functions.WINDOWS:
        raise QueryRefusedError(f"{name}() is over many rows; a rule looks at one.")
    refuse_unrepeatable(name)


def refuse_unrepeatable(name: str) -> None:
    """QueryRefusedError for functions that read the clock, chance, the session or anything outside of the data."""
    if name in sql_functions.CLOCK:
        raise QueryRefusedError(f"{name} reads the clock; now() is the time of landing.")
    if name in _UNREPEATABLE or name.startswith(_OUTSIDE):
        raise QueryRefusedError(f"{name}() gives something else at another time or place, or reaches out of the data.")


def bind_now(sql: str, tokens: list[Token] | None = None) -> str:
    """The text with every call of now() as $now."""
    spans = [(call.start, call.end) for call in sql_text.calls(sql, tokens or _tokens(sql)) if call.name == NOW]
    for start, end in reversed(spans):
        sql = f"{sql[:start]}${NOW}{sql[end:]}"
    return sql


def _tokens(sql: str) -> list[Token]:
    return sql_text.parse_one(sql)[1]


Names = Mapping[str, Column | None]
"""Variables of comprehensions and lambdas: the element that each stands for, None where that is no plain column."""


class _Walk(msgspec.Struct, kw_only=True):
    """Goes through the tree once and notes what it reads."""

    columns: Sequence[Column]
    parameters: AbstractSet[str] | None
    lookups: frozenset[str]
    reads: dict[str, None] = {}
    used: dict[str, None] = {}
    guarded: set[str] = set()
    skipped: list[tuple[str, str]] = []

    def visit(self, node: exp.Expr, names: Names) -> None:
        """Note all that is read in and below a node; QueryRefusedError for what a rule may not hold."""
        _refuse_node(node)
        if isinstance(node, exp.Placeholder):
            self._parameter(node)
        elif isinstance(node, exp.Column | exp.Dot | exp.Bracket) or _is_variable(node, names):
            column = self._place(node, names)
            if column is not None:
                self.reads.setdefault(column.path)
        elif isinstance(node, exp.Comprehension):
            self._comprehension(node, names)
        elif any(isinstance(child, exp.Lambda) for child in node.iter_expressions()):
            self._lambda_call(node, names)
        else:
            self._refuse_unlisted(node)
            if _function_name(node) == NOW:
                self.used.setdefault(NOW)
            self._note_guards(node, names)
            before = set(self.reads)
            for child in node.iter_expressions():
                self.visit(child, names)
            self._note_skips(node, set(self.reads) - before, names)

    def _refuse_unlisted(self, node: exp.Expr) -> None:
        """The names of calls were looked at in the text; a call that the tree alone shows is refused too."""
        name = _function_name(node) if isinstance(node, exp.Anonymous) else ""
        if name and name not in sql_functions.SCALARS | self.lookups | {NOW}:
            raise QueryRefusedError(f"{name}() is no function that a rule may use.")

    def _parameter(self, node: exp.Placeholder) -> None:
        name = node.name
        if not name.isidentifier():
            raise QueryRefusedError("A parameter without a name; write $name, as flow.yaml declares it.")
        if name == NOW:
            raise QueryRefusedError("$now is bound where the rule runs; write now() for the time of landing.")
        if self.parameters is not None and name not in self.parameters:
            hint = did_you_mean(name, self.parameters) or "Declare it under `parameters` in flow.yaml."
            raise QueryRefusedError(f"${name} is no parameter of the flow. {hint}")
        self.used.setdefault(name)

    def _place(self, node: exp.Expr, names: Names) -> Column | None:
        """The column that an expression points at; None (after visiting it) where it is computed."""
        if isinstance(node, exp.Paren):
            return self._place(node.this, names)
        if isinstance(node, exp.Column):
            return self._named([part.name for part in node.parts], names)
        if isinstance(node, exp.Identifier):
            return self._named([node.name], names)
        if isinstance(node, exp.Dot):
            return self._field(node, names)
        if isinstance(node, exp.Bracket):
            return self._indexed(node, names)
        self.visit(node, names)
        return None

    def _named(self, parts: list[str], names: Names) -> Column | None:
        first, *rest = parts
        if first.lower() in names:
            column = names[first.lower()]
            return column if column is None else self._descend(column, rest)
        column = next((column for column in self.columns if column.name.lower() == first.lower()), None)
        if column is None:
            hint = did_you_mean(".".join(parts), [path for column in self.columns for path in _paths(column)])
            raise QueryRefusedError(f"{'.'.join(parts)} is no column here. {hint}")
        return self._descend(column, rest)

    def _descend(self, column: Column, names: list[str]) -> Column:
        for name in names:
            children = column.children if column.kind is Kind.OBJECT else ()
            inner = next((child for child in children if child.name.lower() == name.lower()), None)
            if inner is None:
                hint = did_you_mean(name, [child.name for child in children])
                raise QueryRefusedError(f"{column.path} has no column {name}. {hint}".rstrip())
            column = inner
        return column

    def _field(self, node: exp.Dot, names: Names) -> Column | None:
        if not isinstance(node.expression, exp.Identifier):
            raise QueryRefusedError(f"{node.sql('duckdb')} is a chained call; write function(value).")
        inner = node.this
        if isinstance(inner, exp.Identifier):
            return self._named([inner.name, node.expression.name], names)
        column = self._place(inner, names)
        return None if column is None else self._descend(column, [node.expression.name])

    def _indexed(self, node: exp.Bracket, names: Names) -> Column | None:
        column = self._place(node.this, names)
        for index in node.expressions:
            self.visit(index, names)
        if column is None or len(node.expressions) != 1:
            return column
        index = node.expressions[0]
        if column.kind is Kind.ARRAY:
            return column if isinstance(index, exp.Slice) else column.element
        if column.kind is Kind.OBJECT and isinstance(index, exp.Literal) and index.is_string:
            return self._descend(column, [index.name])
        return column

    def _comprehension(self, node: exp.Comprehension, names: Names) -> None:
        variable = node.expression
        variables = variable.expressions if isinstance(variable, exp.Tuple) else [variable]
        source = self._place(node.args["iterator"], names)
        bodies = [node.this, *filter(None, [node.args.get("condition")])]
        self._over_elements(source, [name.name for name in variables], bodies, names)

    def _lambda_call(self, node: exp.Expr, names: Names) -> None:
        source, *others = list(node.iter_expressions())
        element_of = self._place(source, names)
        for other in others:
            if isinstance(other, exp.Lambda):
                self._over_elements(element_of, [name.name for name in other.expressions], [other.this], names)
            else:
                self.visit(other, names)

    def _over_elements(self, source: Column | None, variables: list[str], bodies: list[exp.Expr], names: Names) -> None:
        """Visit what is computed for each element of a list; its first variable is the element."""
        element = source.element if source is not None else None
        inner: dict[str, Column | None] = {**names, **{name.lower(): None for name in variables}}
        if len(variables) == 1:
            inner[variables[0].lower()] = element
        count = len(self.reads)
        for body in bodies:
            self.visit(body, inner)
        below = [path for path in list(self.reads)[count:] if source is not None and path.startswith(source.path)]
        if source is not None and not below:
            self.reads.setdefault(source.path)

    def _note_guards(self, node: exp.Expr, names: Names) -> None:
        tested: list[exp.Expr] = []
        if isinstance(node, exp.Is | exp.NullSafeEQ | exp.NullSafeNEQ):
            tested = [node.this]
        elif isinstance(node, exp.Coalesce):
            tested = [node.this, *node.expressions[:-1]]
        for place in tested:
            if isinstance(place, exp.Column | exp.Dot | exp.Bracket):
                column = self._place(place, names)
                self.guarded.update(() if column is None else (column.path,))

    def _note_skips(self, node: exp.Expr, added: set[str], names: Names) -> None:
        name = _function_name(node)
        if name in sql_functions.NULL_SKIPPING:
            direct = (
                self._place(child, names)
                for child in node.iter_expressions()
                if isinstance(child, exp.Column | exp.Dot | exp.Bracket)
            )
            paths = [*sorted(added), *(column.path for column in direct if column is not None)]
            self.skipped.extend((name, path) for path in dict.fromkeys(paths))


def _is_variable(node: exp.Expr, names: Names) -> bool:
    """SQLGlot makes plain identifiers of a lambda's variables."""
    return isinstance(node, exp.Identifier) and node.name.lower() in names


def _function_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    if isinstance(node, exp.Func):
        return node.sql_name().lower()
    return ""


def _paths(column: Column) -> list[str]:
    return [inner.path for inner in column.walk()]


def _refuse_node(node: exp.Expr) -> None:
    for kinds, words in _REFUSED_NODES:
        if isinstance(node, kinds):
            raise QueryRefusedError(f"{node.sql('duckdb')[:80]} is {words}")
    if isinstance(node, exp.Func) and type(node).__name__.startswith(("Current", "Session", "Local", "Rand", "Uuid")):
        refuse_function(_function_name(node))
        raise QueryRefusedError(f"{node.sql('duckdb')} gives something else at another time or place.")


_REFUSED_NODES: tuple[tuple[tuple[type[exp.Expr], ...], str], ...] = (
    ((exp.Query, exp.Subquery, exp.Exists, exp.Table), "a query; a rule is one expression over the row."),
    ((exp.Window,), "over many rows; a rule looks at one."),
    ((exp.AggFunc,), "over many rows; a rule looks at one. Over a list use list_sum, list_min and the like."),
    ((exp.Explode, exp.Unnest), "a table; use a comprehension such as [i.price for i in items]."),
    ((exp.Star, exp.Columns, exp.PositionalColumn), "no single column; name the columns."),
    ((exp.Parameter, exp.SessionParameter), "no parameter; write $name."),
    ((exp.DDL, exp.DML, exp.Command, exp.Alias), "no expression that is true or false."),
)

_UNREPEATABLE = frozenset(
    """
    current_catalog current_connection_id current_database current_query current_query_id current_role current_schema
    current_schemas current_setting current_transaction_id current_user currval error gen_random_uuid getenv
    getvariable hash list_aggregate array_aggregate nextval query query_table random session_user setseed setval
    sleep_ms stats txid_current user uuid uuidv4 uuidv7 version which_secret write_log
    """.split(),  # noqa: SIM905 - a paragraph of words is easier to keep than a list
)
_OUTSIDE = (
    "read_",
    "duckdb_",
    "pragma_",
    "pg_",
    "inet_",
    "json_execute",
    "json_serialize",
    "glob",
    "sniff",
    "parquet_",
)
