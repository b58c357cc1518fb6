"""The staged rows of a batch as relations of one engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from headgate.core.batches import CheckedBatch
from headgate.core.platform import Platform
from headgate.core.ports import Engine, FileSet
from headgate.core.record_schema import FAULTY as FAULTY_COLUMNS
from headgate.core.record_schema import UTC, staged_schema
from headgate.core.records import Delivery, StagedFile
from headgate.review.decided import Decided

ROWS = "_rows"  # staged rows: _n, _row, the contract's columns, _ok, _raw
FAULTY = "_faulty"  # rows with reasons so far: _n, _row, _offset, _length, _raw, reasons, weight
JUDGED = "_judged"  # FAULTY and what rules over sets add
DELIVERIES = "_deliveries"  # _n, _delivery, landed_at
POSITION = "_n, _row, _offset, _length, _raw"  # columns of FAULTY beside reasons and weight


def file_set(files: Iterable[StagedFile], schema: pa.Schema) -> FileSet:
    """These columns of staged files as one relation."""
    return FileSet(paths=tuple(file.path for file in files), schema=schema)


def open_engine(
    platform: Platform, batches: Sequence[CheckedBatch], deliveries: Sequence[Delivery]
) -> tuple[Engine, Decided]:
    """An engine with the staged rows of the deliveries that can be judged, and what people decided about them.

    The caller closes it.
    """
    engine = platform.engine()
    overlays = {id_: one for batch in batches for id_, one in batch.overlays.items()}
    numbered = {one.landing_number: overlays[one.id] for one in deliveries if one.id in overlays}
    decided = Decided(engine, batches[0].flow.contract, numbered)
    ids = pa.table(
        {
            "_n": pa.array([one.landing_number for one in deliveries], pa.int64()),
            "_delivery": pa.array([one.id for one in deliveries], pa.string()),
            "landed_at": pa.array([one.landed_at for one in deliveries], UTC),
        },
    )
    engine.register(DELIVERIES, ids)
    rows = file_set((file for batch in batches for file in batch.rows), staged_schema(batches[0].flow.contract))
    engine.register("_staged_rows", rows)
    # a stage may hold rows of deliveries that failed, or that go on later
    engine.define(ROWS, f"SELECT * FROM _staged_rows WHERE _n IN (SELECT _n FROM {DELIVERIES})")
    faulty = file_set((file for batch in batches for file in batch.faulty), FAULTY_COLUMNS)
    engine.register("_staged_faulty", faulty)
    weighed = (
        "SELECT *, list_max(list_transform(reasons, lambda _r: _r.weight)) AS weight FROM _staged_faulty "
        f"WHERE _n IN (SELECT _n FROM {DELIVERIES})"
    )
    engine.define(FAULTY, decided.waived(f"({weighed})", POSITION), keep=True)
    return engine, decided


def count_rows(engine: Engine) -> dict[int, int]:
    """Staged rows by landing number."""
    return dict(engine.rows(f"SELECT _n, count(*) FROM {ROWS} GROUP BY _n"))
