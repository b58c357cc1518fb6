"""Row checks that a contract names in Python, over the staged rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from headgate.check.plan import STAGE
from headgate.core.contract import Rule, RuleKind, Scope
from headgate.core.flow import Flow
from headgate.core.ports import Engine
from headgate.core.python_checks import judge_batch
from headgate.core.python_source import load_function
from headgate.core.record_schema import POSITION, REASON
from headgate.core.sql import path_sql, quoted

BATCH_ROWS = 20_000
SCHEMA = pa.schema([*POSITION, ("reasons", pa.list_(REASON))])


def python_reasons(engine: Engine, flow: Flow) -> pa.Table:
    """Rows that a Python row check does not pass: _n, _row, _offset, _length and a list of one reason or more."""
    lines: dict[tuple[int, int], dict[str, Any]] = {}
    places = flow.contract.places
    for rule in flow.contract.rules:
        if rule.kind is not RuleKind.PYTHON or rule.scope is not Scope.ROW:
            continue
        function = load_function(flow, rule.arguments["file"], rule.arguments["function"])
        for position, reason in _judge(engine, rule, function, place=places[rule.id]):
            line = lines.setdefault((position["_n"], position["_row"]), {**position, "reasons": []})
            line["reasons"].append(reason)
    return pa.Table.from_pylist(list(lines.values()), schema=SCHEMA)


def _judge(
    engine: Engine, rule: Rule, function: Callable[[pa.RecordBatch], Any], *, place: int
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(Position, reason) of each row that does not pass."""
    reads = ", ".join(f"{path_sql(path)} AS {quoted(path)}" for path in rule.reads)
    stream = engine.stream(f"SELECT _n, _row, _offset, _length, {reads} FROM {STAGE}", batch_rows=BATCH_ROWS)
    for batch in stream:
        failing, reasons = judge_batch(rule, function, batch, place=place)
        if not reasons:
            continue
        positions = batch.select([name for name, _ in POSITION]).filter(failing).to_pylist()
        yield from zip(positions, reasons, strict=True)
