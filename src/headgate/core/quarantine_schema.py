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
        ("_case", pa.string()),  # in which a person decides about the row; none where nobody is asked
    ],
)

OUTCOMES_SCHEMA = pa.schema(
    [
        ("_delivery", pa.string()),  # the origin
        ("_row", pa.int64()),
        ("outcome", pa.string()),  # released, corrected, discarded, or duplicate
        ("_amendment", pa.string()),  # the delivery that brought it about
        ("_case", pa.string()),  # that the row left
    ],
)
"""What became of rows that were held: the quarantine itself is never changed by a decision."""
