"""The quick look at all rows of a group of deliveries as they are read: typed by Arrow, or from their text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow as pa

from headgate.check.inputs import CARRIED, as_reader
from headgate.check.plan import INPUT, CheckPlan
from headgate.check.rows import Rows, Sifted
from headgate.check.shapes import learn_shapes
from headgate.check.strict_json import FIELDS
from headgate.core.flow import Flow
from headgate.core.ports import Engine
from headgate.core.record_schema import staged_schema
from headgate.core.records import StagedFile

Staged = tuple[tuple[StagedFile, ...], pa.Schema]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Statements of one plan over one stream of rows."""

    engine: Engine
    plan: CheckPlan
    flow: Flow
    folder: Path
    name: str  # of the staged files, in the folder

    def stage(self, rows: Rows, values: Mapping[str, Any]) -> Staged:
        """The staged rows, in one file or two, and their schema. `values` are the rules' parameters."""
        first = next(rows, None)
        schema = staged_schema(self.flow.contract)
        if first is not None and FIELDS in first.batch.schema.names:
            schema = schema.append(pa.field("_fields", first.batch.schema.field(FIELDS).type))
        sample = None if first is None else first.batch
        if first is None or not first.typed:  # a text format, or a sender whose records are all of another make
            rows.leave_untyped()
            batches = (one.batch for one in chain([] if first is None else [first], rows))
            return self._from_text(as_reader(rows.inputs, batches), sample, values), schema
        with Refused(self.folder / f"refused-{self.name}.arrows") as refused:
            files = self._typed(refused.without(chain([first], rows)), first.typed[0].schema, values)
            if refused.rows:
                files += self._from_text(refused.reader(), sample, values, suffix="-text")
            return files, schema

    def _typed(
        self, batches: Iterator[pa.RecordBatch], schema: pa.Schema, values: Mapping[str, Any]
    ) -> tuple[StagedFile, ...]:
        return self._write(self.plan.typed, pa.RecordBatchReader.from_batches(schema, batches), values, "")

    def _from_text(
        self, reader: pa.RecordBatchReader, sample: pa.RecordBatch | None, values: Mapping[str, Any], suffix: str = ""
    ) -> tuple[StagedFile, ...]:
        shapes = learn_shapes(self.engine, self.plan, self.flow.contract, sample)
        return self._write(self.plan.quick, reader, {**values, **shapes}, suffix)

    def _write(
        self, sql: str, reader: pa.RecordBatchReader, values: Mapping[str, Any], suffix: str
    ) -> tuple[StagedFile, ...]:
        self.engine.register(INPUT, reader)
        try:
            return self.engine.write(sql, str(self.folder), values, name=f"rows-{self.name}{suffix}", keep=False)
        finally:
            self.engine.drop(INPUT)


class Refused:
    """Rows that Arrow did not type, put aside in a file of the stage until the others are through."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._path = path
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self._map: pa.MemoryMappedFile | None = None

    def without(self, sifted: Iterable[Sifted]) -> Iterator[pa.RecordBatch]:
        """The rows that were typed; the others are kept here."""
        for one in sifted:
            for batch in one.refused:
                if self._writer is None:
                    self._writer = pa.ipc.new_stream(str(self._path), CARRIED)
                self._writer.write_batch(batch)
                self.rows += batch.num_rows
            yield from one.typed

    def reader(self) -> pa.RecordBatchReader:
        """The rows kept, once; none are added after."""
        assert self._writer is not None
        self._writer.close()
        self._map = pa.memory_map(str(self._path))
        return pa.ipc.open_stream(self._map)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._map is not None:
            self._map.close()
        self._path.unlink(missing_ok=True)
