"""Rules on the delivery as a whole: number of rows, shares of broken rows, single figures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from headgate.core.batches import BrokenDeliveryRule
from headgate.core.contract import Contract, Rule, RuleKind, Scope
from headgate.core.errors import CheckError
from headgate.core.memo import Memo
from headgate.core.ports import Engine

Found = dict[int, list[BrokenDeliveryRule]]


class DeliveryStatement(msgspec.Struct, frozen=True, kw_only=True):
    """SQL of a rule's figure over the staged rows."""

    sql: str
    grouped: bool  # True: (delivery, figure) for all of them; False: the figure of the delivery `$_n`
    parameters: tuple[str, ...]  # of the flow, that it binds


def judge_deliveries(
    engine: Engine,
    contract: Contract,
    received: Mapping[int, int],
    values: Mapping[str, Any],
    memo: Memo,
) -> Found:
    """Broken rules by landing number; `received` is the number of records and faults of each delivery."""
    statements = statements_of(contract, memo)
    broken: Found = {}
    for rule in contract.rules:
        if rule.scope is not Scope.DELIVERY or rule.kind is RuleKind.TEXT:
            continue
        figures = _figures(engine, rule, statements, received, values)
        for n, figure in figures.items():
            if not _fits(figure, rule):
                told = BrokenDeliveryRule(
                    rule=rule.id,
                    code=rule.code if figure is not None else "cannot_evaluate",
                    consequence=rule.consequence,
                    found="NULL" if figure is None else str(figure),
                )
                broken.setdefault(n, []).append(told)
    return broken


def statements_of(contract: Contract, memo: Memo) -> dict[str, DeliveryStatement]:
    """The statements of the contract's rules on deliveries, by the rule's id."""

    def write() -> dict[str, DeliveryStatement]:
        # SQLGlot takes 40 ms to import; statements that are remembered do without.
        from headgate.check.delivery_sql import write_statements  # noqa: PLC0415

        return write_statements(contract)

    return memo.result("delivery rules", dict[str, DeliveryStatement], contract.digest, write)


def _figures(
    engine: Engine,
    rule: Rule,
    statements: Mapping[str, DeliveryStatement],
    received: Mapping[int, int],
    values: Mapping[str, Any],
) -> dict[int, Decimal | None]:
    if rule.kind is RuleKind.COUNT:
        return {n: Decimal(count) for n, count in received.items()}
    statement = statements.get(rule.id)
    if statement is None:
        return {}
    bound = {name: values[name] for name in statement.parameters if name in values}
    if statement.grouped:
        rows = engine.rows(statement.sql, bound)
    else:
        rows = [(n, engine.rows(statement.sql, {**bound, "_n": n})[0][0]) for n in received]
    found = {n: None if figure is None else Decimal(str(figure)) for n, figure in rows}
    return {n: found.get(n) for n in received if n in found or received[n]}


def _fits(figure: Decimal | None, rule: Rule) -> bool:
    if figure is None:
        return False
    operator, value = rule.arguments["operator"], rule.arguments["value"]
    if operator == "between":
        low, high = (Decimal(str(end)) for end in value)
        return low <= figure <= high
    limit = Decimal(str(value))
    results = {
        "=": figure == limit,
        "!=": figure != limit,
        "<": figure < limit,
        "<=": figure <= limit,
        ">": figure > limit,
        ">=": figure >= limit,
    }
    if operator not in results:
        raise CheckError(f"rule {rule.id}: the operator {operator!r} is not known")
    return results[operator]
