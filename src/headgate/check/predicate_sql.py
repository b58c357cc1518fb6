"""What a person wrote as a predicate, made ready to run: names quoted, elements prefixed, `now()` bound, tables joined.

The text was checked before (`core.predicates`): one expression over known columns. Here it is only rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import sqlglot
from sqlglot import exp

from headgate.check.plan import NOW
from headgate.core.contract import Column
from headgate.core.flow import ParameterDeclaration
from headgate.core.sql import parameter_type, quoted


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One use of a table parameter: joined as `alias` where its key equals the arguments."""

    parameter: ParameterDeclaration
    alias: str
    arguments: tuple[str, ...]  # SQL over the record's columns

    @property
    def value(self) -> str:
        """Name of the joined column with what was found."""
        return f"{self.alias}_v"


class PredicateWriter:
    """Rewrites predicates of one contract; gathers the lookups and parameters that they use."""

    def __init__(self, columns: Sequence[Column], parameters: Sequence[ParameterDeclaration]) -> None:
        """`columns` are the record's; `parameters` the flow's, tables among them."""
        self._columns = {column.name for column in columns}
        self._tables = {parameter.name: parameter for parameter in parameters if parameter.type == "table"}
        self.lookups: list[Lookup] = []
        self.parameters: set[str] = set()

    def row(self, sql: str) -> str:
        """A predicate over the whole record, TRUE, FALSE or NULL for each row; never an error."""
        return self._rewrite(sql, prefix=None)

    def element(self, sql: str, each: str) -> str:
        """A predicate over one element of an array, called `each`."""
        return self._rewrite(sql, prefix=each)

    def _rewrite(self, sql: str, *, prefix: str | None) -> str:
        tree = sqlglot.parse_one(sql, read="duckdb")
        tree = tree.transform(self._quote(prefix, _bound_names(tree)))
        tree = _finite(tree.transform(self._lookup)).transform(_constant_patterns)
        for placeholder in tree.find_all(exp.Placeholder, exp.Parameter):
            self.parameters.add(placeholder.name)
        return f"TRY({tree.sql('duckdb', identify=True)})"

    def _quote(self, prefix: str | None, bound: Mapping[str, bool]) -> Callable[[exp.Expr], exp.Expr]:
        def change(node: exp.Expr) -> exp.Expr:
            if _is_now(node):
                return exp.column(NOW, quoted=True)
            if isinstance(node, exp.Column) and prefix is not None and node.parts[0].name not in bound:
                return exp.Dot.build([exp.to_identifier(prefix, quoted=True), *(part.copy() for part in node.parts)])
            return node

        return change

    def _lookup(self, node: exp.Expr) -> exp.Expr:
        if not (isinstance(node, exp.Anonymous) and node.name in self._tables):
            return node
        parameter = self._tables[node.name]
        assert parameter.value is not None
        arguments = tuple(argument.sql("duckdb", identify=True) for argument in node.expressions)
        known = next(
            (known for known in self.lookups if known.parameter == parameter and known.arguments == arguments), None
        )
        if known is None:
            known = Lookup(parameter=parameter, alias=f"_lookup{len(self.lookups)}", arguments=arguments)
            self.lookups.append(known)
        return exp.column(known.value, quoted=True)


def _is_now(node: exp.Expr) -> bool:
    """`now()` as people write it, or `$now` as it is bound elsewhere."""
    if isinstance(node, (exp.Placeholder, exp.Parameter)):
        return node.name == "now"
    called = isinstance(node, exp.Anonymous) and node.name.lower() == "now" and not node.expressions
    return called or isinstance(node, exp.CurrentTimestamp)


def _bound_names(tree: exp.Expr) -> dict[str, bool]:
    """Names that a comprehension or lambda binds: they are no columns."""
    names = {node.expression.name for node in tree.find_all(exp.Comprehension)}
    for node in tree.find_all(exp.Lambda):
        names |= {argument.name for argument in node.expressions}
    return dict.fromkeys(names, True)


_UNBOUNDED = frozenset(
    {
        "acos",
        "acosh",
        "asin",
        "atanh",
        "cosh",
        "cot",
        "exp",
        "fdiv",
        "fmod",
        "divide",
        "gamma",
        "lgamma",
        "ln",
        "log",
        "log10",
        "log2",
        "pow",
        "power",
        "sinh",
        "sqrt",
        "tan",
    }
)
"""Functions that give infinity or NaN for some numbers."""


def _finite(tree: exp.Expr) -> exp.Expr:
    """The same with NULL for infinity and NaN, which compare as if they were numbers: `sqrt(-1) > 0` is TRUE."""
    for node in reversed(list(tree.walk())):  # inner ones first
        finite = _guarded(node)
        if finite is node:
            continue
        if node is tree:
            tree = finite
        else:
            node.replace(finite)
    return tree


def _guarded(node: exp.Expr) -> exp.Expr:
    if isinstance(node, (exp.Div, exp.IntDiv, exp.Mod)) and not isinstance(node.expression, exp.Nullif):
        divisor = exp.Nullif(this=exp.paren(node.expression.copy()), expression=exp.Literal.number(0))
        return type(node)(this=node.this.copy(), expression=divisor)
    name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key if isinstance(node, exp.Func) else ""
    if name not in _UNBOUNDED:
        return node
    number = exp.cast(node.copy(), "DOUBLE")
    is_finite = exp.Anonymous(this="isfinite", expressions=[number])
    return exp.Case(ifs=[exp.If(this=is_finite, true=node.copy())])


def _constant_patterns(node: exp.Expr) -> exp.Expr:
    """`regexp(x, CASE … THEN 'a' ELSE 'b' END)` as `CASE … THEN regexp(x, 'a') ELSE regexp(x, 'b') END`.

    The same result, and each pattern is compiled once instead of once a row.
    """
    if not isinstance(node, (exp.RegexpLike, exp.RegexpFullMatch)) or not isinstance(node.expression, exp.Case):
        return node
    case = node.expression
    outcomes = [branch.args["true"] for branch in case.args["ifs"]] + [case.args.get("default")]
    if not all(outcome is None or (isinstance(outcome, exp.Literal) and outcome.is_string) for outcome in outcomes):
        return node
    pushed: exp.Expr = case.copy()
    for branch in pushed.args["ifs"]:
        branch.set("true", _with_pattern(node, branch.args["true"]))
    if pushed.args.get("default") is not None:
        pushed.set("default", _with_pattern(node, pushed.args["default"]))
    return pushed


def _with_pattern(node: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    """The same match, its options too, with another pattern."""
    made: exp.Expr = node.copy()
    made.set("expression", pattern.copy())
    return made


def lookup_joins(lookups: Sequence[Lookup]) -> str:
    """SQL of the joins for all lookups; the table of a parameter is registered as `param_<name>`."""
    joins = ""
    for lookup in lookups:
        keys = lookup.parameter.key_columns
        assert lookup.parameter.value is not None
        # names of ours, so that a column of the record is never taken for one of the parameter's
        renamed = [f"{quoted(name)} AS {quoted(f'{lookup.alias}_k{place}')}" for place, (name, _) in enumerate(keys)]
        renamed.append(f"{quoted(lookup.parameter.value[0])} AS {quoted(lookup.value)}")
        conditions = " AND ".join(
            f"{quoted(f'{lookup.alias}_k{place}')} = TRY_CAST({argument} AS {parameter_type(kind)})"
            for place, ((_, kind), argument) in enumerate(zip(keys, lookup.arguments, strict=True))
        )
        table = quoted("param_" + lookup.parameter.name)
        joins += f" LEFT JOIN (SELECT {', '.join(renamed)} FROM {table}) AS {quoted(lookup.alias)} ON {conditions}"
    return joins
