"""The quick look of a plan over a table of records: from text alone, or typed by Arrow, record by record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from headgate.check.plan import INPUT, CheckPlan
from headgate.check.strict_json import Sieve, strict_schema
from headgate.core.contract import Contract
from headgate.core.ports import Engine
from headgate.core.records import StagedFile

ONLY_SUSPECTS = "CASE WHEN NOT _ok THEN raw END"


def quick_look(
    engine: Engine,
    plan: CheckPlan,
    contract: Contract,
    rows: pa.Table,
    values: Mapping[str, Any],
    folder: Path,
    *,
    typed: bool = False,
    keep_text: bool = False,
) -> tuple[StagedFile, ...]:
    """The staged rows. `typed`: each record that Arrow takes by itself goes that way; `keep_text` of sound rows too."""
    parts = [(plan.quick, rows, "text")]
    if typed:
        taken, refused = sifted(contract, rows)
        parts = [(plan.typed, taken, "typed"), (plan.quick, refused, "text")]
    files: tuple[StagedFile, ...] = ()
    for sql, table, name in parts:
        if table is None:
            continue
        assert ONLY_SUSPECTS in sql or not keep_text
        statement = sql.replace(ONLY_SUSPECTS, "raw") if keep_text else sql
        bound = {key: value for key, value in values.items() if name == "text" or not key.startswith("_")}
        engine.register(INPUT, table)
        files += engine.write(statement, str(folder), bound, name=f"looked-{name}", keep=False)
        engine.drop(INPUT)
    return files


def sifted(contract: Contract, rows: pa.Table) -> tuple[pa.Table | None, pa.Table | None]:
    """Records that Arrow types, each tried by itself, and those that it refuses; None for none."""
    schema = strict_schema(contract.columns)
    assert schema is not None
    taken: list[pa.RecordBatch] = []
    refused: list[pa.RecordBatch] = []
    for place in range(rows.num_rows):
        for batch in rows.slice(place, 1).to_batches():
            typed, others = Sieve(schema).sift(batch)
            taken += typed
            refused += others
    return (
        pa.Table.from_batches(taken) if taken else None,
        pa.Table.from_batches(refused) if refused else None,
    )
