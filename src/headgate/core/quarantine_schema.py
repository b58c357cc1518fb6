"""Columns of a flow's quarantine table: rows that are not published, and why."""

from __future__ import annotations

import pyarrow as pa

from headgate.core.record_schema import UTC

QUARANTINE_SCHEMA = pa.schema(
    [
        ("_delivery", pa.string()),
        ("_row", pa.int64()),
        ("verdict", pa.string()),
        (
            "reasons",
            pa.list_(
                pa.struct(
                    [
                        ("code", pa.string()),
                        ("column", pa.string()),
                        ("value", pa.string()),
                        ("rule", pa.string()),
                        ("consequence", pa.string()),
                    ],
                ),
            ),
        ),
        ("record", pa.string()),  # the record's text; of a row that is sound in itself its typed values as JSON
        ("offset", pa.int64()),  # of its first byte in the unpacked file
        ("length", pa.int64()),
        ("contract", pa.string()),  # digest of the contract that judged it
        ("landed_at", UTC),
    ],
)
