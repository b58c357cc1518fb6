"""The close look at rows that failed the quick one, and the faults that are no rows at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from headgate.check.inputs import Input
from headgate.check.plan import STAGE, SUSPECTS, CheckPlan
from headgate.check.python_rules import python_reasons
from headgate.check.reason_sql import NO_REASONS
from headgate.core.errors import EngineMemoryError
from headgate.core.flow import Flow
from headgate.core.ports import Engine
from headgate.core.reasons import Consequence
from headgate.core.record_schema import FAULTY
from headgate.core.records import StagedFile
from headgate.core.row_reasons import reason_value

AT_ONCE = (128, 8, 1)
"""Suspects that the close look works on at once. It makes several KiB of reasons for each, and an engine takes 2,048
rows where it can: some thousand suspects would then need more memory than all the rest together (300 MiB for sales).
Where rows have so many reasons that the engine's memory does not suffice, fewer are looked at together."""


def stage_faulty(
    engine: Engine,
    plan: CheckPlan,
    flow: Flow,
    inputs: Sequence[Input],
    *,
    values: Mapping[str, Any],
    folder: str,
    name: str,
) -> tuple[StagedFile, ...]:
    """Write rows that have a reason, each with all of them; rows that are sound after all are left out."""
    faults = fault_rows(inputs)
    engine.register("_faults", faults)
    extra = python_reasons(engine, flow)
    engine.register("_python", extra)
    suspects = engine.rows(f"SELECT count(*) FROM {STAGE} WHERE NOT _ok")[0][0]
    if not suspects and not extra.num_rows:
        if not faults.num_rows:
            return ()  # to ask the engine for no rows takes as long as a small delivery
        return engine.write("SELECT * FROM _faults", folder, name=f"faulty-{name}", keep=False)
    close = f"SELECT * FROM ({plan.close}) WHERE len(reasons) > 0"
    if extra.num_rows:
        close = _with_python(close)
    sql = f"{close} UNION ALL SELECT * FROM _faults"
    for at_once in AT_ONCE:
        with _defined_suspects(engine, suspects, at_once, folder=folder, name=name):
            try:
                return engine.write(sql, folder, values, name=f"faulty-{name}", keep=False)
            except EngineMemoryError:
                if at_once == AT_ONCE[-1]:
                    raise
    raise AssertionError("the last of AT_ONCE returns or raises")


@contextmanager
def _defined_suspects(engine: Engine, count: int, at_once: int, *, folder: str, name: str) -> Iterator[None]:
    """Define SUSPECTS, in small batches where there are many."""
    chosen = f"SELECT * FROM {STAGE} WHERE NOT _ok"
    if count <= at_once:
        engine.define(SUSPECTS, chosen)
        yield
        engine.drop(SUSPECTS)
        return
    (written,) = engine.write(chosen, folder, name=f"suspects-{name}", keep=False)
    import pyarrow.parquet as pq  # noqa: PLC0415  takes 15 ms, and few deliveries have so many suspects

    with pq.ParquetFile(written.path) as file:
        batches = file.iter_batches(at_once)
        engine.register(SUSPECTS, pa.RecordBatchReader.from_batches(file.schema_arrow, batches))
        yield
        engine.drop(SUSPECTS)
    Path(written.path).unlink()


def fault_rows(inputs: Sequence[Input]) -> pa.Table:
    """One rejected row for each stretch of bytes that is no record; the bytes themselves stay in the vault."""
    lines = [
        {
            "_n": one.delivery.landing_number,
            "_row": fault.row,
            "_offset": fault.offset,
            "_length": fault.length,
            "_raw": None,
            "reasons": [
                reason_value(
                    code=fault.code,
                    column="",
                    value=fault.message,
                    rule="format",
                    consequence=Consequence.REJECT,
                    place=0,
                ),
            ],
        }
        for one in inputs
        for fault in one.faults
    ]
    return pa.Table.from_pylist(lines, schema=FAULTY)


def _with_python(close: str) -> str:
    """Join what the contract's own Python said about rows to what SQL said."""
    return (
        "SELECT coalesce(c._n, p._n) AS _n, coalesce(c._row, p._row) AS _row, "
        "coalesce(c._offset, p._offset) AS _offset, coalesce(c._length, p._length) AS _length, c._raw, "
        f"list_concat(coalesce(c.reasons, {NO_REASONS}), coalesce(p.reasons, {NO_REASONS})) AS reasons "
        f"FROM ({close}) AS c FULL JOIN _python AS p ON c._n = p._n AND c._row = p._row"
    )
