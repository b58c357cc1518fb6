"""Records typed by Arrow's JSON reader, which refuses what a contract refuses.

Given a schema it takes no value of another kind, no name that is unknown or stands twice, no fraction for an integer,
no decimals that a column cannot hold (seen in pyarrow 26.0.1; the tables in `tests/integration/check/` prove it).
What it refuses goes on as text, to the look that says why. Three gaps are closed here: a number in quotes passes for a
decimal, which the count of quotes tells; `null` for a record ends the process, so it is given nothing but objects; and
some numbers become other ones as decimals, so they are looked for before (`json_numbers`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.json

from headgate.check.json_numbers import MOST_SCALE, STEP_BYTES, Codes, has_risky_number
from headgate.core.contract import Column, Kind

BLOCK_ROWS = 128  # tried by themselves where a batch is refused: few rows share the fate of one
FIELDS = "fields"  # the typed record, a struct
Parts = tuple[list[pa.RecordBatch], list[pa.RecordBatch]]  # typed, refused

_LEAVES = {
    Kind.STRING: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.string(),  # forms of time are the engine's to judge
    Kind.TIME: pa.string(),
    Kind.TIMESTAMP: pa.string(),
}
_QUOTE, _BRACE = ord('"'), ord("{")


def strict_schema(columns: Sequence[Column]) -> pa.Schema | None:
    """What the reader is told of a record; None for columns that it would read in another way than the contract means.

    These are columns with a leniency, decimals of a large scale, objects of which no part is named, and two names for
    one source.
    """
    types = {column.source_name: _strict_type(column) for column in columns}
    if not types or len(types) < len(columns) or None in types.values():
        return None
    return pa.schema(list(types.items()))


def _strict_type(column: Column) -> pa.DataType | None:
    if column.lenient:
        return None
    if column.kind is Kind.OBJECT:
        inner = strict_schema(column.children)
        return None if inner is None else pa.struct(list(inner))
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        inner = _strict_type(column.element)
        return None if inner is None else pa.list_(inner)
    if column.kind is Kind.DECIMAL:
        if column.scale > MOST_SCALE:
            return None
        return pa.decimal128(column.precision, column.scale)
    if column.integer_format == "u64":
        return pa.uint64()
    return _LEAVES[column.kind]


class Sieve:
    """Parts batches of JSON records: those that Arrow types, and those that it refuses. Threads may share one."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._has_decimals = _holds_decimal(pa.struct(list(schema)))
        self._whole = True  # the last batch was sound, so the next one is tried in one

    def sift(self, batch: pa.RecordBatch) -> Parts:
        """The rows that were typed, with `fields` appended: their records as a struct; and the rows that were not.

        Each `raw` is one JSON value, as the readers give them.
        """
        if self._whole and (fields := self._read(batch)) is not None:
            return [batch.append_column(FIELDS, fields)], []
        parts = _blocks(batch)
        read = [self._read(part) for part in parts]
        self._whole = all(fields is not None for fields in read)
        typed = [
            part.append_column(FIELDS, fields) for part, fields in zip(parts, read, strict=True) if fields is not None
        ]
        refused = [part for part, fields in zip(parts, read, strict=True) if fields is None]
        return _joined(typed), _joined(refused)

    def _read(self, batch: pa.RecordBatch) -> pa.StructArray | None:
        raw = batch.column("raw")
        _, offsets, values = raw.buffers()
        places = np.frombuffer(offsets, dtype=np.int32)[raw.offset : raw.offset + len(raw) + 1]
        start, stop = int(places[0]), int(places[-1])
        codes = np.frombuffer(values, dtype=np.uint8)[start:stop]
        if not len(codes) or not (codes[places[:-1] - start] == _BRACE).all():
            return None
        if self._has_decimals and has_risky_number(codes):
            return None
        text = values.slice(start, stop - start)
        try:
            table = pyarrow.json.read_json(
                pa.BufferReader(text),
                read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(codes) + 1),
                parse_options=pyarrow.json.ParseOptions(
                    explicit_schema=self._schema, newlines_in_values=True, unexpected_field_behavior="error"
                ),
            )
            fields = table.to_struct_array().combine_chunks()
            fields.validate(full=True)  # whole numbers are not held to a decimal's precision before
        except pa.ArrowInvalid:
            return None
        if len(fields) != len(raw):
            return None
        if self._has_decimals and not _quotes_add_up(codes, fields):
            return None
        return fields


def _quotes_add_up(codes: Codes, fields: pa.StructArray) -> bool:
    """True where no number stands in quotes: each quote belongs to a name or to a string.

    Names are known and single, and text is a string, or the reader had refused it: what is left over is a number's.
    Names of NULLs are counted by their text; one that is missed leaves quotes over, which errs on the safe side.
    """
    names, strings, nulls = _count(fields)
    quotes = _occurrences(codes, b'"')
    if _occurrences(codes, b"\\") and _occurrences(codes, b'\\"'):
        return False
    null_names = quotes // 2 - names - strings
    if quotes % 2 or null_names > nulls:
        return False
    return null_names == 0 or any(null_names == _occurrences(codes, text) for text in (b'": n', b'":n'))


def _occurrences(codes: Codes, text: bytes) -> int:
    """How often a text of other bytes each stands in the bytes; by steps that stay in the processor's cache."""
    found = 0
    for start in range(0, len(codes), STEP_BYTES):
        part = codes[start : start + STEP_BYTES + len(text) - 1]
        last = max(0, len(part) - len(text) + 1)
        here = part[:last] == text[0]
        for place, code in enumerate(text[1:], start=1):
            here &= part[place : place + last] == code
        found += int(np.count_nonzero(here))
    return found


def _count(array: pa.Array) -> tuple[int, int, int]:
    """Named values that are there, strings among them or in lists, and at least the named NULLs; in all depths."""
    if pa.types.is_string(array.type):
        return 0, len(array) - array.null_count, 0
    if pa.types.is_list(array.type):
        return _count(elements(array))
    names = strings = nulls = 0
    if pa.types.is_struct(array.type):
        for child in array.flatten():
            inner = _count(child)
            names += len(child) - child.null_count + inner[0]
            strings += inner[1]
            nulls += child.null_count + inner[2]
    return names, strings, nulls


def elements(lists: pa.ListArray) -> pa.Array:
    """The elements of all lists; to `flatten` them would import pyarrow.compute, which takes 30 ms.

    A NULL among the lists must have none, as the reader leaves it.
    """
    offsets = lists.offsets
    return lists.values[offsets[0].as_py() : offsets[-1].as_py()]


def _holds_decimal(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_holds_decimal(field.type) for field in kind)
    return _holds_decimal(kind.value_type) if pa.types.is_list(kind) else pa.types.is_decimal(kind)


def _blocks(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    return [batch.slice(start, BLOCK_ROWS) for start in range(0, batch.num_rows, BLOCK_ROWS)]


def _joined(parts: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """The parts in one batch, since an engine takes some thousand rows at a time; none for none."""
    return [pa.concat_batches(parts)] if parts else []
