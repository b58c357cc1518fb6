"""Rows of a Parquet file: typed columns, and each row as JSON text."""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_END
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headgate.check.batches import MOST_ROWS, RAW_FIELDS
from headgate.check.faults import Tally
from headgate.check.limits import Limits
from headgate.check.parquet_text import row_text
from headgate.check.reader import Facts, RecordReader
from headgate.core.errors import UnreadableError
from headgate.core.reasons import ReasonCode

_FAILURES = (
    pa.ArrowException,
    OSError,
    ValueError,
    OverflowError,
    MemoryError,
)  # of Arrow, on bytes that are no Parquet


class ParquetReader(RecordReader):
    """Rows have no place in the bytes: `offset` and `length` are null, and the whole file counts as wrapper."""

    def __init__(self, stream: BinaryIO, tally: Tally, limits: Limits) -> None:
        self._tally = tally
        self._limits = limits
        try:
            self._file = pq.ParquetFile(stream)
            columns = self._file.schema_arrow
        except _FAILURES as error:
            raise UnreadableError(
                ReasonCode.MALFORMED, f"The Parquet file's footer cannot be read: {error}."
            ) from error
        metadata = self._file.metadata
        unpacked = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
        if unpacked > limits.unpacked:
            message = f"Unpacked, the file has {unpacked:,} bytes, over the limit of {limits.unpacked:,}; split it."
            raise UnreadableError(ReasonCode.UNPACKED_TOO_LARGE, message)
        self._columns = columns
        self._size_bytes = stream.seek(0, SEEK_END)
        stream.seek(0)
        self.schema = pa.schema([*RAW_FIELDS, pa.field("fields", pa.struct(list(columns)))])

    def facts(self) -> Facts:
        """Names of the columns."""
        return Facts(header=tuple(self._columns.names))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows; a damaged page ends the reading and is a fault."""
        self._tally.wrap(self._size_bytes)
        rows = self._file.iter_batches(batch_size=MOST_ROWS, use_threads=False)
        while True:
            try:
                batch = next(rows, None)
                made = None if batch is None else self._made(batch)
            except _FAILURES as error:
                after = self._tally.rows
                message = f"After row {after:,} of {self._file.metadata.num_rows:,} the file is damaged: {error}."
                self._tally.fault(ReasonCode.MALFORMED, 0, 0, message)
                return
            if made is None:
                return
            yield made

    def _made(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        count = batch.num_rows
        batch.validate(full=True)
        raw = row_text(batch)
        first = self._tally.number(count)
        self._tally.record(count, 0)
        fields = pa.StructArray.from_arrays(batch.columns, fields=list(self._columns))
        numbers = pa.array(np.arange(first, first + count, dtype=np.int64))
        nowhere = [pa.nulls(count, pa.int64()), pa.nulls(count, pa.int32())]
        return pa.RecordBatch.from_arrays([numbers, *nowhere, raw, fields], schema=self.schema)
