"""The result of a query as a table for people, CSV, JSON or Parquet."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from headgate.cli.console import columns
from headgate.core.errors import UsageError

SHOWN = 40
FORMULA = "^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
"""What a spreadsheet takes for the beginning of a formula, wide signs too: OWASP, CSV Injection."""
NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"
"""What is no formula although it begins so: such text stays as it is."""


def write_result(
    batches: pa.RecordBatchReader, *, form: str, limit: int | None, output: Path | None, exact: bool = False
) -> bool:
    """Write up to `limit` rows; True where there are more. With `exact` CSV has text as it is, for programs to read."""
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("Parquet is nothing to read on a terminal. Next: name a file with --output FILE.")
    rows = _Limited(batches, limit or (SHOWN if form == "table" else None))
    with _target(output) as target:
        if form == "csv":
            _as_csv(rows, target, _flattened if exact else _guarded)
        else:
            _WRITERS[form](rows, target)
    return rows.more


class _Limited:
    """The first rows of a stream."""

    def __init__(self, batches: pa.RecordBatchReader, limit: int | None) -> None:
        self.schema = batches.schema
        self.more = False
        self._batches = batches
        self._limit = limit

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        left = self._limit
        for batch in self._batches:
            if left is None:
                yield batch
                continue
            self.more = batch.num_rows > left
            if left:
                yield batch.slice(0, left)
            left -= min(left, batch.num_rows)
            if self.more:
                return


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    """Where the result goes; a file is there when all of it is, and what stood in its place stays until then."""
    if output is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():  # a pipe or a device
        with output.open("wb") as file:
            yield file
        return
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def _as_table(rows: _Limited, target: BinaryIO) -> None:
    found = [tuple(row.values()) for batch in rows for row in batch.to_pylist()]
    numbers = [
        place
        for place, field in enumerate(rows.schema)
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_decimal(field.type)
    ]
    shown = [["" if value is None else str(value) for value in row] for row in found]
    lines = columns(shown, heads=rows.schema.names, right=numbers)
    target.write("".join(f"{line}\n" for line in lines).encode())


def _as_csv(rows: _Limited, target: BinaryIO, written: Callable[[pa.Array], pa.Array]) -> None:
    heads = written(pa.array(rows.schema.names, pa.string())).to_pylist()
    schema = pa.schema([pa.field(head, _flat(kind)) for head, kind in zip(heads, rows.schema.types, strict=True)])
    with pyarrow.csv.CSVWriter(target, schema) as writer:
        for batch in rows:
            writer.write_batch(pa.record_batch([written(column) for column in batch.columns], schema=schema))


def _flat(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_nested(kind) or pa.types.is_large_string(kind) else kind


def _flattened(column: pa.Array) -> pa.Array:
    """Lists and structs as JSON, all else as it is."""
    if pa.types.is_nested(column.type):
        texts = [
            None if value is None else json.dumps(_plain(value), ensure_ascii=False) for value in column.to_pylist()
        ]
        return pa.array(texts, pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    return column.cast(pa.string())


def _guarded(column: pa.Array) -> pa.Array:
    """Text with an apostrophe before what looks like a formula; lists and structs as JSON."""
    flat = _flattened(column)
    if pa.types.is_nested(column.type) or not pa.types.is_string(flat.type):
        return flat
    formula = pc.and_(pc.match_substring_regex(flat, FORMULA), pc.invert(pc.match_substring_regex(flat, NUMBER)))
    return pc.if_else(formula, pc.binary_join_element_wise("'", flat, ""), flat)


def _as_json(rows: _Limited, target: BinaryIO) -> None:
    """`{"columns": […], "rows": [[…]]}`, written as it comes."""
    heads = [{"name": field.name, "type": str(field.type)} for field in rows.schema]
    target.write(f'{{"columns": {json.dumps(heads, ensure_ascii=False)}, "rows": ['.encode())
    first = True
    for batch in rows:
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            target.write(b"\n" if first else b",\n")
            target.write(json.dumps(_plain(row), ensure_ascii=False, allow_nan=False).encode())
            first = False
    target.write(b"\n]}\n")


def _plain(value: Any) -> Any:  # noqa: ANN401  any value of Arrow
    """Decimals as text at their scale, times as ISO 8601, what is no number in JSON as null."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):  # noqa: PLR0124  NaN
        return None
    return value


def _as_parquet(rows: _Limited, target: BinaryIO) -> None:
    with pq.ParquetWriter(target, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)


_WRITERS: dict[str, Callable[[_Limited, BinaryIO], None]] = {
    "table": _as_table,
    "json": _as_json,
    "parquet": _as_parquet,
}
