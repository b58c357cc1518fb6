"""The rows of many deliveries as one stream that the engine reads, and what was learnt on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec
import pyarrow as pa

from headgate.check.batches import LEAST_ROWS, MOST_BYTES
from headgate.check.faults import Fault
from headgate.check.limits import Limits
from headgate.check.records import Reading, Summary, read_records
from headgate.core.errors import UnreadableError
from headgate.core.forms import Compression, Form, Format
from headgate.core.records import Delivery

CARRIED = pa.schema(
    [
        pa.field("_n", pa.int64()),
        pa.field("_row", pa.int64()),
        pa.field("_offset", pa.int64()),
        pa.field("_length", pa.int32()),
        pa.field("_now", pa.timestamp("us", tz="UTC")),
        pa.field("raw", pa.string()),
    ],
)


def form_of(delivery: Delivery) -> Form:
    """What landing recognised, as a record again."""
    return Form(
        format=Format(delivery.form["format"]),
        compression=Compression(delivery.form.get("compression", "none")),
        encoding=delivery.form.get("encoding", "utf-8"),
    )


class Input(msgspec.Struct):
    """One delivery while it is read. Its file is open no longer than that: a batch may have thousands of them."""

    delivery: Delivery
    open_file: Callable[[], BinaryIO]
    path: str | None  # to the list of records
    limits: Limits
    text_columns: pa.Field | None = None  # the struct of a text file's columns, once it was looked at; see `look`
    faults: list[Fault] = []
    summary: Summary | None = None
    unreadable: tuple[str, str] | None = None  # reason and message of a file that cannot be read at all
    _file: BinaryIO | None = None
    _reading: Reading | None = None

    def look(self, *, keep_open: bool) -> None:
        """Learn the columns of a text file.

        JSON has none, and neither has Parquet here: its values have types of their own, which the row's JSON text
        keeps, so that they are judged as strictly as JSON and by the same statements.
        """
        if form_of(self.delivery).format is not Format.CSV:
            return
        self._open()
        if self._reading is not None:
            self.text_columns = self._reading.schema.field("fields")
        if not keep_open:
            self.close()

    @property
    def received(self) -> int:
        """Records and faults; known once all was read."""
        return (self.summary.records if self.summary else 0) + len(self.faults)

    @property
    def headers(self) -> frozenset[str] | None:
        """Columns of a text file; None for records that are judged by their JSON text."""
        return None if self.text_columns is None else frozenset(field.name for field in self.text_columns.type)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The delivery's rows with its landing number and time."""
        if self._reading is None and self.unreadable is None:
            self._open()
        if self._reading is None:
            return
        try:
            for batch in self._reading.batches():
                yield self._carry(batch)
            self.summary = self._reading.summary
        except UnreadableError as error:
            self.unreadable = (error.code, str(error))
        self.close()

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
        self._file = self._reading = None

    def _open(self) -> None:
        self.faults = []  # what a first look was told is told again
        self._file = self.open_file()
        try:
            self._reading = read_records(
                self._file,
                form_of(self.delivery),
                path=self.path,
                on_fault=self.faults.append,
                window_bytes=self.limits.window,
                max_record_bytes=self.limits.record,
                max_unpacked_bytes=self.limits.unpacked,
            )
        except UnreadableError as error:
            self.unreadable = (error.code, str(error))
            self.close()

    def _carry(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = batch.num_rows
        columns = [
            pa.repeat(pa.scalar(self.delivery.landing_number, pa.int64()), rows),
            batch.column("row"),
            batch.column("offset"),
            batch.column("length"),
            pa.repeat(pa.scalar(self.delivery.landed_at, pa.timestamp("us", tz="UTC")), rows),
            batch.column("raw"),
        ]
        schema = CARRIED
        if self.text_columns is not None:
            columns.append(batch.column("fields"))
            schema = schema.append(self.text_columns)
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def as_reader(inputs: list[Input], batches: Iterator[pa.RecordBatch]) -> pa.RecordBatchReader:
    """One stream over the batches of inputs of equal columns."""
    schema = CARRIED
    for one in inputs:
        if one.text_columns is not None:
            schema = schema.append(one.text_columns)
            break
    return pa.RecordBatchReader.from_batches(schema, batches)


def all_batches(inputs: list[Input], tell: Callable[[Input], None]) -> Iterator[pa.RecordBatch]:
    """Rows of the inputs one after the other, small ones pooled; `tell` hears of each input that is read."""
    pool: list[pa.RecordBatch] = []
    rows = size = 0
    for one in inputs:
        for batch in one.batches():
            pool.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= LEAST_ROWS or size >= MOST_BYTES:
                yield pa.concat_batches(pool) if len(pool) > 1 else batch
                pool, rows, size = [], 0, 0
        tell(one)
    if pool:
        yield pa.concat_batches(pool)
