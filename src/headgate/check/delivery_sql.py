"""SQL of the rules on the delivery as a whole: shares of broken rows, single figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlglot
from sqlglot import exp

from headgate.check.delivery_rules import DeliveryStatement
from headgate.check.plan import STAGE
from headgate.check.predicate_sql import PredicateWriter
from headgate.check.rule_sql import holds
from headgate.core.contract import Contract, Rule, RuleKind, Scope
from headgate.core.replacing import replace
from headgate.core.sql import path_sql, quoted


def write_statements(contract: Contract) -> dict[str, DeliveryStatement]:
    """The statement of each rule that needs one, by the rule's id."""
    written: dict[str, DeliveryStatement] = {}
    for rule in contract.rules:
        if rule.scope is not Scope.DELIVERY:
            continue
        if rule.kind is RuleKind.SHARE:
            names = rule.arguments["of"]["arguments"].get("parameters", ())
            sql, grouped = _share_sql(contract, rule), True
        elif rule.kind is RuleKind.FIGURE:
            names = rule.arguments.get("parameters", ())
            sql, grouped = _figure_sql(rule.arguments["sql"])
        else:
            continue
        written[rule.id] = DeliveryStatement(sql=sql, grouped=grouped, parameters=tuple(names))
    return written


def _figure_sql(text: str) -> tuple[str, bool]:
    """One statement for all deliveries where the query is a plain aggregate; else one with `$_n` for each."""
    tree = sqlglot.parse_one(text.replace("{object}", "__object"), read="duckdb")
    plain = (
        isinstance(tree, exp.Select)
        and len(tree.expressions) == 1
        and tree.find(exp.AggFunc) is not None
        and not any(tree.args.get(part) for part in ("group", "having", "order", "limit", "joins", "with_", "distinct"))
        and tree.find(exp.Subquery) is None
    )
    rewritten = tree.transform(_over("__rows" if plain else "__one"))
    if plain and isinstance(rewritten, exp.Select):
        number = exp.column("_n", quoted=True)
        rewritten.set("expressions", [number, *rewritten.expressions])
        select = rewritten.group_by(number.copy())
        return f"WITH __rows AS (SELECT * FROM {STAGE}) {select.sql('duckdb', identify=True)}", True
    return f"WITH __one AS (SELECT * FROM {STAGE} WHERE _n = $_n) {rewritten.sql('duckdb', identify=True)}", False


def _over(relation: str) -> Callable[[exp.Expr], exp.Expr]:
    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and node.name == "__object":
            return exp.to_table(relation)
        return node

    return change


def _share_sql(contract: Contract, rule: Rule) -> str:
    """Per delivery: broken rows, or their percentage, or the share of good ones among those that have a value."""
    inner = rule.arguments["of"]
    kind = RuleKind(inner["kind"])
    probe = replace(rule, kind=kind, scope=Scope(inner["scope"]), arguments=inner["arguments"])
    if kind is RuleKind.UNIQUE:
        columns = [path_sql(path) for path in inner["arguments"]["columns"]]
        there = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        good = f"count(DISTINCT row({', '.join(columns)})) FILTER ({there})"  # the first of those that are alike
        return _wrap(rule, good, f"count(*) FILTER ({there})")
    if probe.scope is Scope.ELEMENT:
        return _wrap(rule, *_element_share(contract, rule, probe))
    if kind is RuleKind.PREDICATE:
        passes = f"coalesce({PredicateWriter(contract.columns, ()).row(inner['arguments']['sql'])}, false)"
        there = _counted(rule, [path_sql(path) for path in rule.reads])
    else:
        column = contract.column(rule.reads[0])
        value = path_sql(column.path)
        there = "true" if kind is RuleKind.PRESENT else f"{value} IS NOT NULL"
        passes = f"coalesce({holds(probe, column, value)}, true)"
    good = f"count(*) FILTER ({there} AND {passes})"
    return _wrap(rule, good, f"count(*) FILTER ({there})")


def _element_share(contract: Contract, rule: Rule, probe: Rule) -> tuple[str, str]:
    """SQL of the number of good elements, and of all that count."""
    column = contract.column(probe.reads[0])
    array, _, rest = column.path.partition("[]")
    value = f"_x.{path_sql(rest.lstrip('.'))}" if rest else "_x"
    there = "true" if probe.kind is RuleKind.PRESENT else f"{value} IS NOT NULL"
    if probe.kind is RuleKind.PREDICATE:
        there = _counted(rule, [value])
    items = path_sql(array)
    if probe.kind is RuleKind.PREDICATE:
        predicate = PredicateWriter(contract.columns, ()).element(probe.arguments["sql"], "_x")
        passes = f"coalesce({predicate}, false)"
    else:
        passes = f"coalesce({holds(probe, column, value)}, true)"
    good = f"sum(len(list_filter({items}, lambda _x: {there} AND {passes})))"
    return good, f"sum(len(list_filter({items}, lambda _x: {there})))"


def _counted(rule: Rule, values: Sequence[str]) -> str:
    """What counts for a share of a predicate: with `mostly` only where all that it reads is there, else every row."""
    if rule.arguments["unit"] != "mostly":
        return "true"
    return " AND ".join(f"{value} IS NOT NULL" for value in values) or "true"


def _wrap(rule: Rule, good: str, all_: str) -> str:
    figure = {
        "rows": f"{all_} - {good}",
        "percent": f"CAST(100.0 * ({all_} - {good}) / nullif({all_}, 0) AS DECIMAL(18,6))",
        "mostly": f"CAST(coalesce(1.0 * {good} / nullif({all_}, 0), 1) AS DECIMAL(18,6))",
    }[rule.arguments["unit"]]
    return f"SELECT _n, coalesce({figure}, 0) FROM {STAGE} GROUP BY {quoted('_n')}"
