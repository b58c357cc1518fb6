"""Bytes into records: the one entry for all formats. What it gives and what it counts stands in docs/formats.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa

from headgate.check.encodings import UNICODE
from headgate.check.faults import FaultSink, Tally
from headgate.check.limits import Limits
from headgate.check.reader import Facts, RecordReader
from headgate.check.records_csv import CsvReader
from headgate.check.records_json import ListReader
from headgate.check.records_ndjson import LinesReader
from headgate.check.records_single import open_without_path
from headgate.check.source import Part, open_parts, whole_part
from headgate.check.windows import Window
from headgate.core.errors import UnreadableError
from headgate.core.forms import Form, Format
from headgate.core.reasons import ReasonCode


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading came to. `total_bytes` is `wrapper_bytes + record_bytes + fault_bytes`."""

    records: int  # rows that batches hold
    faults: int  # rows that on_fault was told; received is both together
    total_bytes: int  # of the unpacked input, transcoded where it was UTF-16 or UTF-32
    wrapper_bytes: int
    record_bytes: int
    fault_bytes: int
    encoding: str
    facts: Facts
    members: tuple[tuple[str, int, int], ...] = ()  # of a zip, in order: name, offset and bytes

    @property
    def wrapper(self) -> Mapping[str, Any]:
        """Small values around the list of records, such as the sender's own count."""
        return self.facts.wrapper

    @property
    def header(self) -> tuple[str, ...]:
        """Columns of CSV and Parquet, as they stand in the file."""
        return self.facts.header


class Reading:
    """Records of one input, read once, in order.

    `schema` is known at once: `row`, `offset`, `length`, `raw`, and for CSV and Parquet `fields`, a struct of the
    columns (all text for CSV).
    """

    def __init__(
        self, parts: Iterator[Part], open_part: Callable[[Part], RecordReader], form: Form, tally: Tally
    ) -> None:
        self._parts = parts
        self._open_part = open_part
        self._form = form
        self._tally = tally
        self._members: list[tuple[str, int, int]] = []  # name, offset, bytes; a zip may have a name twice
        self._summary: Summary | None = None
        self._part = next(parts, None)
        if self._part is None:
            raise UnreadableError(ReasonCode.EMPTY_FILE, "The archive holds no file.")
        self._reader = open_part(self._part)
        self.schema = self._reader.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of 4,096 to 16,384 rows or about 4 MiB; faults are told while it runs.

        Raises UnreadableError where an archive breaks a limit, or a later member of a zip cannot be read.
        """
        facts = Facts()
        while self._part is not None:
            part, reader = self._part, self._reader
            yield from reader.batches()
            part.tell_problem(self._tally)
            self._members.append((part.name, part.offset, part.size_bytes))
            facts = facts if len(self._members) > 1 else reader.facts()
            self._part = next(self._parts, None)
            if self._part is not None:
                self._reader = self._open_next(self._part)
        self._summary = self._summed_up(facts)

    def _open_next(self, part: Part) -> RecordReader:
        reader = self._open_part(part)
        if reader.schema != self.schema:
            message = f"Member {part.name!r} has other columns than the first of the zip; send it by itself."
            raise UnreadableError(ReasonCode.MALFORMED, message)
        return reader

    def _summed_up(self, facts: Facts) -> Summary:
        tally = self._tally
        read = sum(size for _, _, size in self._members)
        if tally.total_bytes != read:
            raise AssertionError(f"{read:,} bytes were read, {tally.total_bytes:,} found their place")
        return Summary(
            records=tally.records,
            faults=tally.faults,
            total_bytes=read,
            wrapper_bytes=tally.wrapper_bytes,
            record_bytes=tally.record_bytes,
            fault_bytes=tally.fault_bytes,
            encoding=self._form.encoding,
            facts=facts,
            members=tuple(member for member in self._members if member[0]),
        )

    def reader(self) -> pa.RecordBatchReader:
        """The same as a stream that engines take."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches())

    @property
    def summary(self) -> Summary:
        """What the reading came to; only after the last batch."""
        if self._summary is None:
            raise RuntimeError("The summary is known after the last batch; take all batches first.")
        return self._summary


def open_reader(window: Window, form: Form, path: tuple[str, ...], *, limits: Limits, tally: Tally) -> RecordReader:
    """The reader of a format, at the beginning of one part."""
    if form.format == Format.CSV:
        return CsvReader(window, tally, limits, encoding=form.encoding)
    if form.encoding not in UNICODE:
        message = f"JSON is Unicode text; this file looks like {form.encoding}. Send it as UTF-8."
        raise UnreadableError(ReasonCode.BAD_ENCODING, message)
    if form.format == Format.NDJSON:
        if path:
            message = f"The file has one JSON value a line; the flow expects a list {'.'.join(path)!r}."
            raise UnreadableError(ReasonCode.MALFORMED, message)
        return LinesReader(window, tally, limits)
    if form.format == Format.JSON_DOCUMENT and not path:
        return open_without_path(window, tally, limits)
    return ListReader(window, tally, limits, path)


def read_records(
    stream: BinaryIO,
    form: Form,
    *,
    on_fault: FaultSink,
    path: str | None = None,
    window_bytes: int = 2 << 20,
    max_record_bytes: int = 16 << 20,
    max_unpacked_bytes: int = 64 << 30,
) -> Reading:
    """Open a file as it lies in the vault, packed or not, for reading record by record.

    `path` leads to the list of records in a JSON document (`transactions`, `a.b.rows`). `on_fault` is told every
    stretch that is no record. Memory follows `window_bytes` and `max_record_bytes`, never the file. The
    stream must be seekable for zip, Zstandard and Parquet.

    Raises UnreadableError where the bytes are no such format, have no list at the path, or break a limit.
    """
    if form.reason:
        raise UnreadableError(form.reason, f"The file cannot be read: {form.reason}.")
    keys = tuple(path.split(".")) if path else ()
    limits = Limits(window=window_bytes, record=max_record_bytes, unpacked=max_unpacked_bytes)
    tally = Tally(on_fault)
    if form.format == Format.PARQUET:
        # what reads Parquet takes 40 ms to import, which no other format needs
        from headgate.check.records_parquet import ParquetReader  # noqa: PLC0415

        return Reading(iter((whole_part(stream),)), lambda _: ParquetReader(stream, tally, limits), form, tally)

    def open_part(part: Part) -> RecordReader:
        return open_reader(Window(part, part.offset), form, keys, limits=limits, tally=tally)

    return Reading(open_parts(stream, form, max_unpacked_bytes), open_part, form, tally)
