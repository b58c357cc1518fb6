"""Records as Arrow batches that an engine reads in parallel: some thousand rows each, a few MiB at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headgate.check.faults import Tally

Positions = npt.NDArray[np.int64]

RAW_FIELDS = (
    pa.field("row", pa.int64(), nullable=False),  # from 1, faults counted
    pa.field("offset", pa.int64()),  # of the record's first byte in the unpacked bytes; null for Parquet
    pa.field("length", pa.int32()),  # bytes there; null for Parquet
    pa.field("raw", pa.string(), nullable=False),  # the record's text, UTF-8
)
RECORD_SCHEMA = pa.schema(RAW_FIELDS)

LEAST_ROWS = 4_096  # fewer are pooled with what follows
MOST_ROWS = 16_384
MOST_BYTES = 4 << 20  # of raw text in a batch, up to one record over it


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Neighbouring records: their texts end to end, and where each lay."""

    data: bytes
    starts: Positions  # in the unpacked bytes
    lengths: Positions  # of the texts in `data`
    sizes: Positions  # in the unpacked bytes; differs from `lengths` where the text was transcoded
    fields: pa.StructArray | None = None  # columns of a text format


def piece_of(data: bytes, starts: Positions, lengths: Positions) -> Piece:
    """A piece whose text is as it lay in the input."""
    return Piece(data=data, starts=starts, lengths=lengths, sizes=lengths)


def kept_text(data: bytes, starts: Positions, ends: Positions) -> bytes:
    """The stretches of `data` between starts and ends, end to end; both rise, and may touch."""
    edges = np.zeros(len(data) + 1, dtype=np.int8)
    edges[starts] += 1
    edges[ends] -= 1
    kept = np.cumsum(edges[:-1], dtype=np.int8).astype(bool)
    return bytes(np.frombuffer(data, dtype=np.uint8)[kept])


class BatchBuilder:
    """Pools pieces and gives them out as batches. Pieces come in the order of their rows."""

    def __init__(self, tally: Tally, schema: pa.Schema = RECORD_SCHEMA) -> None:
        self._tally = tally
        self._schema = schema
        self._pieces: list[Piece] = []
        self._rows: list[Positions] = []
        self._pooled_rows = 0
        self._pooled_bytes = 0

    def add(self, piece: Piece, rows: Positions | None = None) -> None:
        """Keep the records of a piece for the next batch; without `rows` they get the next numbers."""
        count = len(piece.lengths)
        if count == 0:
            return
        self._tally.record(count, int(piece.sizes.sum()))
        if rows is None:
            first = self._tally.number(count)
            rows = np.arange(first, first + count, dtype=np.int64)
        self._rows.append(rows)
        self._pieces.append(piece)
        self._pooled_rows += count
        self._pooled_bytes += len(piece.data)

    def ready(self) -> Iterator[pa.RecordBatch]:
        """Batches, once enough rows or bytes are pooled."""
        if self._pooled_rows >= LEAST_ROWS or self._pooled_bytes >= MOST_BYTES:
            yield from self.flush()

    def flush(self) -> Iterator[pa.RecordBatch]:
        """All that is pooled."""
        if not self._pieces:
            return
        pieces, rows = self._pieces, self._rows
        self._pieces, self._rows, self._pooled_rows, self._pooled_bytes = [], [], 0, 0
        lengths = _joined([piece.lengths for piece in pieces])
        ends = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=ends[1:])
        columns = [
            _numbers(_joined(rows), pa.int64()),
            _numbers(_joined([piece.starts for piece in pieces]), pa.int64()),
            _numbers(_joined([piece.sizes for piece in pieces]).astype(np.int32), pa.int32()),
            _texts(pieces, ends),
        ]
        if pieces[0].fields is not None:
            columns.append(pa.concat_arrays([piece.fields for piece in pieces]))
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        for start, stop in _slices(ends):
            yield batch.slice(start, stop - start)


def _joined(arrays: list[Positions]) -> Positions:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _numbers(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    """The same memory as Arrow; `pa.array` would import what NumPy has for masked arrays."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _texts(pieces: list[Piece], ends: Positions) -> pa.StringArray:
    data = pieces[0].data if len(pieces) == 1 else b"".join([piece.data for piece in pieces])
    offsets = pa.py_buffer(ends.astype(np.int32))
    return pa.StringArray.from_buffers(len(ends) - 1, offsets, pa.py_buffer(data))


def _slices(ends: Positions) -> Iterator[tuple[int, int]]:
    """Cut into equal shares of rows or of bytes, whichever are more; a share passes a limit by one record at most."""
    rows = len(ends) - 1
    load = np.maximum(np.arange(rows + 1) / MOST_ROWS, ends / MOST_BYTES)
    shares = max(1, int(np.ceil(load[-1])))
    cuts = np.searchsorted(load, np.arange(1, shares) * (load[-1] / shares))
    bounds = np.unique(np.concatenate(([0], cuts, [rows])))
    yield from zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
