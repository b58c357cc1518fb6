"""Row checks that a contract names in Python: a function from Arrow batch to boolean mask, TRUE where a row passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from headgate.check.plan import STAGE
from headgate.core.contract import Rule, RuleKind, Scope
from headgate.core.errors import CheckError
from headgate.core.flow import Flow
from headgate.core.ports import Engine
from headgate.core.python_source import load_function
from headgate.core.reasons import WEIGHT, ReasonCode
from headgate.core.record_schema import POSITION, REASON
from headgate.core.sql import path_sql, quoted

BATCH_ROWS = 20_000
SCHEMA = pa.schema([*POSITION, ("reasons", pa.list_(REASON))])


def python_reasons(engine: Engine, flow: Flow) -> pa.Table:
    """Rows that a Python row check does not pass: _n, _row, _offset, _length and a list of one reason or more."""
    lines: dict[tuple[int, int], dict[str, Any]] = {}
    places = {rule.id: place for place, rule in enumerate(flow.contract.rules)}
    for rule in flow.contract.rules:
        if rule.kind is not RuleKind.PYTHON or rule.scope is not Scope.ROW:
            continue
        function = load_function(flow, rule.arguments["file"], rule.arguments["function"])
        for position, passed in _judge(engine, rule, function):
            line = lines.setdefault(
                (position["_n"], position["_row"]),
                {**position, "reasons": []},
            )
            line["reasons"].append(
                {
                    "code": rule.code if passed is False else ReasonCode.CANNOT_EVALUATE.value,
                    "column": rule.column or ", ".join(rule.reads),
                    "path": rule.column or ", ".join(rule.reads),
                    "value": None,
                    "rule": rule.id,
                    "consequence": rule.consequence.value,
                    "weight": WEIGHT[rule.consequence],
                    "place": places[rule.id],
                },
            )
    return pa.Table.from_pylist(list(lines.values()), schema=SCHEMA)


def _judge(
    engine: Engine, rule: Rule, function: Callable[[pa.RecordBatch], Any]
) -> Iterator[tuple[dict[str, Any], Any]]:
    reads = ", ".join(f"{path_sql(path)} AS {quoted(path)}" for path in rule.reads)
    stream = engine.stream(f"SELECT _n, _row, _offset, _length, {reads} FROM {STAGE}", batch_rows=BATCH_ROWS)
    for batch in stream:
        mask = _mask(rule, function, batch.select(list(rule.reads)))
        failing = pa.compute.invert(pa.compute.fill_null(mask, fill_value=False))
        positions = batch.select(["_n", "_row", "_offset", "_length"]).filter(failing).to_pylist()
        yield from zip(positions, mask.filter(failing).to_pylist(), strict=True)


def _mask(rule: Rule, function: Callable[[pa.RecordBatch], Any], batch: pa.RecordBatch) -> pa.BooleanArray:
    try:
        mask = function(batch)
    except Exception as error:
        raise CheckError(f"rule {rule.id}: its function raised {type(error).__name__}: {error}") from error
    if not isinstance(mask, pa.BooleanArray) or len(mask) != batch.num_rows:
        raise CheckError(
            f"rule {rule.id}: its function must give a boolean array of {batch.num_rows} values, "
            f"not {type(mask).__name__}"
        )
    return mask
