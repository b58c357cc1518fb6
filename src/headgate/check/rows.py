"""The rows of deliveries of equal columns, read and typed on threads from the moment they are begun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Self

import pyarrow as pa

from headgate.check.ahead import Ahead
from headgate.check.inputs import Input, all_batches
from headgate.check.strict_json import FIELDS, Sieve, strict_schema
from headgate.core.contract import Contract


class Sifted(NamedTuple):
    """A batch as it was read, and its parts; both are empty where nothing tried to type it."""

    batch: pa.RecordBatch
    typed: list[pa.RecordBatch]  # with `fields` appended
    refused: list[pa.RecordBatch]


class Rows(Iterator[Sifted]):
    """Batches in the order of the inputs; `tell` hears of each input that is read. Closing ends the threads."""

    def __init__(self, inputs: list[Input], contract: Contract, tell: Callable[[Input], None]) -> None:
        self.inputs = inputs
        self.first: Sifted | None = None  # what came first, to learn from
        schema = strict_schema(contract.columns)
        self._sieve = None if schema is None else Sieve(schema)
        self._sifted = Ahead(self._sift, all_batches(inputs, tell))

    def _sift(self, batch: pa.RecordBatch) -> Sifted:
        sieve = self._sieve
        if sieve is None or FIELDS in batch.schema.names:  # columns of a text format
            return Sifted(batch, [], [])
        return Sifted(batch, *sieve.sift(batch))

    def leave_untyped(self) -> None:
        """Type no batch that was not begun yet."""
        self._sieve = None

    def __next__(self) -> Sifted:
        """The next batch, when it is there."""
        sifted = next(self._sifted)
        self.first = self.first or sifted
        return sifted

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sifted.close()
