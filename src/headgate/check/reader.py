"""What a reader of one format offers to `records`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pyarrow as pa


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What an input says beside its records."""

    wrapper: Mapping[str, Any] = {}  # small values around the list of records
    header: tuple[str, ...] = ()  # columns of CSV and Parquet, as they stand in the file
    dialect: Mapping[str, Any] = {}  # of a CSV file


class RecordReader(ABC):
    """Reads one part of an input, once, in order. Rows, faults and bytes go to the tally it was made with."""

    schema: pa.Schema

    @abstractmethod
    def batches(self) -> Iterator[pa.RecordBatch]:
        """All records; faults are told on the way."""

    @abstractmethod
    def facts(self) -> Facts:
        """What is known after the last batch."""
