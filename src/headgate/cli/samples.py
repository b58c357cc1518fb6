"""The first rows of a file that no contract describes yet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from headgate.check.sample import sample_rows
from headgate.core.errors import UsageError
from headgate.core.forms import HEAD_BYTES
from headgate.land.recognise import recognise


def read_sample(file: Path, *, records: str | None, rows: int) -> pa.Table:
    """Up to `rows` rows as `infer` takes them: the raw JSON of each, or the columns of a text file."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    with stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
        form = recognise(head, file.name, file.stat().st_size)
        found = sample_rows(stream, form, path=records, rows=rows)
    if found is None:
        where = f" at {records!r}" if records else ""
        raise UsageError(f"{file} holds no record{where}. Next: name the list of records with --records.")
    return found
