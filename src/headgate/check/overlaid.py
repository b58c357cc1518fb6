"""Rows of an input as people decided about them: only some of them, or some with other records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headgate.check.inputs import CARRIED, Input
from headgate.core.errors import CheckError
from headgate.core.overlay import Overlay

NOW = CARRIED.get_field_index("_now")
RAW = CARRIED.get_field_index("raw")
FIELDS = len(CARRIED)  # where the columns of a text file stand


class OverlaidInput(Input, kw_only=True):
    """An input under an overlay. Of an amendment neither faults nor the sender's own count are told again."""

    overlay: Overlay
    found: int = 0

    @property
    def received(self) -> int:
        """Rows; of an amendment those that it speaks of."""
        return super().received if self.overlay.only is None else self.found

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows that are meant, each as it stands now."""
        records = self.overlay.records
        only = self.overlay.only
        with closing(super().batches()) as read:  # type: ignore[type-var]  # a generator
            for whole in read:
                batch = self._chosen(whole)
                if batch.num_rows:
                    self.found += batch.num_rows
                    yield _replaced(batch, records) if records else batch
                if only is not None and self.found == len(only):
                    break  # numbers rise: what follows is not meant
        self.close()
        if only is None:
            return
        self.faults, self.summary = [], None
        if self.unreadable is None and self.found != len(only):
            raise CheckError(
                f"amendment {self.delivery.id} speaks of {len(only)} rows of {self.overlay.origin}, of which "
                f"{self.found} are in its bytes. Next: `headgate audit verify`, and look at the vault."
            )

    def _chosen(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        only = self.overlay.only
        if only is None:
            return batch
        numbers = batch.column("_row").to_numpy()
        places = np.flatnonzero(_among(numbers, only))
        chosen = batch.take(pa.array(places))
        now = pa.repeat(pa.scalar(self.overlay.landed_at, CARRIED.field(NOW).type), chosen.num_rows)
        return chosen.set_column(NOW, CARRIED.field(NOW), now)


def _among(numbers: npt.NDArray[np.int64], only: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the numbers are among those that rise in `only`."""
    if not len(only):
        return np.zeros(len(numbers), dtype=np.bool_)
    places = np.minimum(np.searchsorted(only, numbers), len(only) - 1)
    return np.asarray(only[places] == numbers)


def _replaced(batch: pa.RecordBatch, records: dict[int, str]) -> pa.RecordBatch:
    """The batch with other records for some rows; people wrote these, so they are few."""
    numbers = batch.column("_row").to_pylist()
    places = [place for place, number in enumerate(numbers) if number in records]
    if not places:
        return batch
    raw = batch.column("raw").to_pylist()
    for place in places:
        raw[place] = records[numbers[place]]
    batch = batch.set_column(RAW, CARRIED.field(RAW), pa.array(raw, pa.string()))
    if batch.num_columns == FIELDS:
        return batch
    kind = batch.schema.field(FIELDS)
    fields = batch.column(FIELDS).to_pylist()
    names = [field.name for field in kind.type]
    for place in places:
        written = msgspec.json.decode(raw[place], type=dict[str, str | None])
        fields[place] = {name: written.get(name) for name in names}
    return batch.set_column(FIELDS, kind, pa.array(fields, kind.type))
