"""The quick look at all rows of a group of deliveries as they are read: typed by Arrow, or from their text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from headgate.check.ahead import done_ahead
from headgate.check.inputs import CARRIED, Input, all_batches, as_reader
from headgate.check.plan import INPUT, CheckPlan
from headgate.check.shapes import learn_shapes
from headgate.check.strict_json import FIELDS, Sieve, Sifted, strict_schema
from headgate.core.flow import Flow
from headgate.core.ports import Engine
from headgate.core.record_schema import staged_schema
from headgate.core.records import StagedFile

Staged = tuple[tuple[StagedFile, ...], pa.Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Statements of one plan over one stream of rows."""

    engine: Engine
    plan: CheckPlan
    flow: Flow
    folder: Path
    name: str  # of the staged files, in the folder

    def stage(self, inputs: list[Input], tell: Callable[[Input], None], values: Mapping[str, Any]) -> Staged:
        """The staged rows of the inputs, in one file or two, and their schema. `values` are the rules' parameters."""
        stream = all_batches(inputs, tell)
        first = next(stream, None)
        schema = staged_schema(self.flow.contract)
        if first is not None and FIELDS in first.schema.names:
            schema = schema.append(pa.field("_fields", first.schema.field(FIELDS).type))
        strict = strict_schema(self.flow.contract.columns) if self.plan.typed else None
        if first is None or strict is None:
            return self._from_text(as_reader(inputs, first, stream), first, values), schema
        sieve = Sieve(strict)
        head, back = sieve.sift(first)
        if not head:  # a sender whose records are all of another make
            return self._from_text(as_reader(inputs, first, stream), first, values), schema
        with Refused(self.folder / f"refused-{self.name}.arrows") as refused:
            sifted = chain([(head, back)], done_ahead(sieve.sift, stream))
            rows = self._typed(refused.without(sifted), head[0].schema, values)
            if refused.rows:
                rows += self._from_text(refused.reader(), first, values, suffix="-text")
            return rows, schema

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
        for typed, refused in sifted:
            for batch in refused:
                if self._writer is None:
                    self._writer = pa.ipc.new_stream(str(self._path), CARRIED)
                self._writer.write_batch(batch)
                self.rows += batch.num_rows
            yield from typed

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
