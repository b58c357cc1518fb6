"""Bounds of staged files in the words of Delta and of DuckDB."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from headgate.adapters.deltalake_stats import delta_stats
from headgate.adapters.duckdb_parquet import column_stats
from headgate.core.records import StagedFile


@pytest.mark.parametrize(
    ("kind", "text", "bound"),
    [
        (pa.string(), "x", "x"),
        (pa.int64(), "-5", -5),
        (pa.decimal128(12, 2), "12.30", 12.3),
        (pa.decimal128(38, 2), "12345678901234567.89", None),
        (pa.timestamp("us", tz="UTC"), "2026-11-20 07:41:09.5+00", "2026-11-20T07:41:09.5Z"),
        (pa.timestamp("us", tz="UTC"), "2026-11-20 07:41:09 (BC)", None),
        (pa.date32(), "2026-11-20", "2026-11-20"),
        (pa.date32(), "infinity", None),
        (pa.float64(), "0.1", None),
    ],
)
def test_a_bound_is_exact_or_left_out(kind: pa.DataType, text: str, bound: object) -> None:
    file = StagedFile(path="p", rows=3, size_bytes=9, stats={"min": {"a": text}, "max": {"a": text}, "nulls": {"a": 1}})
    told = json.loads(delta_stats(file, pa.schema([("a", kind)])))
    expected = {} if bound is None else {"a": bound}
    assert told == {"numRecords": 3, "minValues": expected, "maxValues": expected, "nullCount": {"a": 1}}


def test_columns_that_are_not_in_the_table_are_left_out() -> None:
    file = StagedFile(path="p", rows=1, size_bytes=9, stats={"min": {"x": "1"}, "max": {"x": "1"}, "nulls": {"x": 0}})
    told = json.loads(delta_stats(file, pa.schema([("a", pa.int64())])))
    assert (told["minValues"], told["nullCount"]) == ({}, {})


def test_what_the_engine_tells() -> None:
    exact = {"min": "1", "max": "2", "null_count": "3", "min_is_exact": "true", "max_is_exact": "true"}
    given = {
        '"a"': exact,
        '"b"."c"': exact,
        '"say ""x"""': exact,
        '"cut"': exact | {"max_is_exact": "false"},
        '"long"': exact | {"max": "z" * 65},
    }
    told = column_stats(given)
    assert told["min"] == {"a": "1", 'say "x"': "1"}
    assert told["nulls"] == {"a": 3, 'say "x"': 3, "cut": 3, "long": 3}
    assert column_stats(None) == {"min": {}, "max": {}, "nulls": {}}
