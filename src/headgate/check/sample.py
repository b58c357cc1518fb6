"""The first rows of an input that a contract does not describe, or not wholly."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa

from headgate.check.records import read_records
from headgate.core.forms import Form


def sample_rows(stream: BinaryIO, form: Form, *, path: str | None, rows: int) -> pa.Table | None:
    """Up to `rows` rows as `infer` takes them: the raw JSON of each, or the columns of a text file. None for no row."""
    reading = read_records(stream, form, path=path, on_fault=lambda _: None)
    batches, count = [], 0
    for batch in reading.batches():
        batches.append(batch.slice(0, rows - count))
        count += batches[-1].num_rows
        if count >= rows:
            break
    if not count:
        return None
    table = pa.Table.from_batches(batches)
    if "fields" not in table.schema.names:
        return table.select(["raw"])
    fields = table.column("fields").combine_chunks()
    return pa.table({name.name: field for name, field in zip(fields.type, fields.flatten(), strict=True)})
