"""The digest that SQL makes is the one that its definition says, made here by RFC 8785 and hashlib."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rfc8785

from headgate.adapters.duckdb_engine import DuckDBEngine
from headgate.core.digest import table_digest
from headgate.core.ports import Engine, FileSet

SCHEMA = pa.schema(
    [
        ("b_text", pa.string()),
        ("a_number", pa.float64()),
        ("c_exact", pa.decimal128(12, 2)),
        ("d_time", pa.timestamp("us", tz="UTC")),
        ("e_day", pa.date32()),
        ("f_clock", pa.time64("us")),
        ("g_flag", pa.bool_()),
        ("h_list", pa.list_(pa.struct([("z", pa.int64()), ("y", pa.string())]))),
        ("i_whole", pa.int64()),
        ("_delivery", pa.string()),
    ],
)
ROWS: list[dict[str, Any]] = [
    {
        "b_text": 'quote " backslash \\ line \n tab \t bell \x07 escape \x1b slash / ünï 😀 del \x7f \u2028',
        "a_number": 0.1,
        "c_exact": Decimal("12.30"),
        "d_time": datetime(2026, 11, 20, 7, 41, 9, 5, tzinfo=UTC),
        "e_day": date(2026, 11, 20),
        "f_clock": time(7, 41, 9),
        "g_flag": True,
        "h_list": [{"z": 1, "y": "x"}, {"z": None, "y": None}, None],
        "i_whole": 9_007_199_254_740_993,
        "_delivery": "d-1",
    },
    dict.fromkeys(SCHEMA.names),
    {"b_text": "", "h_list": [], "g_flag": False, "a_number": 1e22, "c_exact": Decimal("0.00")},
    {"b_text": "null", "a_number": -5e-324, "c_exact": Decimal("-1.00"), "i_whole": -1, "_delivery": "d-2"},
]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = DuckDBEngine(memory_limit_bytes=100 << 20, threads=2, scratch=str(tmp_path), readable=[str(tmp_path)])
    yield opened
    opened.close()


def files(folder: Path, rows: list[dict[str, Any]], *, parts: int = 1) -> FileSet:
    paths = []
    for number in range(parts):
        path = folder / f"{len(list(folder.glob('*.parquet')))}-{number}.parquet"
        whole = [{name: row.get(name) for name in SCHEMA.names} for row in rows[number::parts]]
        pq.write_table(pa.Table.from_pylist(whole, schema=SCHEMA), path)
        paths.append(str(path))
    return FileSet(paths=tuple(paths), schema=SCHEMA)


def expected(rows: list[dict[str, Any]]) -> str:
    hashes = []
    for row in rows:
        values = [_canonical(row.get(name)) for name in sorted(SCHEMA.names) if not name.startswith("_")]
        hashes.append(hashlib.sha256(rfc8785.dumps(values)).digest())
    return hashlib.sha256(b"".join(sorted(hashes))).hexdigest()


def _canonical(value: object) -> Any:  # noqa: ANN401  any JSON
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, list):
        return [_canonical(one) for one in value]
    if isinstance(value, dict):
        return {key: _canonical(one) for key, one in value.items()}
    return str(value)


def test_is_what_its_definition_says(engine: Engine, tmp_path: Path) -> None:
    assert table_digest(engine, files(tmp_path, ROWS)) == expected(ROWS)


def test_files_and_order_change_nothing(engine: Engine, tmp_path: Path) -> None:
    rows = [row | {"i_whole": number} for number, row in enumerate(ROWS * 300)]
    shuffled = random.Random(1).sample(rows, len(rows))  # noqa: S311  repeatable on purpose
    assert table_digest(engine, files(tmp_path, shuffled, parts=3)) == expected(rows)


@pytest.mark.parametrize(
    "change",
    [{"b_text": None}, {"c_exact": Decimal("12.31")}, {"h_list": [{"z": None, "y": None}]}, {"g_flag": None}],
    ids=str,
)
def test_every_value_counts(engine: Engine, tmp_path: Path, change: dict[str, Any]) -> None:
    rows = [ROWS[0] | {"b_text": ""}, *ROWS[1:]]
    before = table_digest(engine, files(tmp_path, rows))
    assert table_digest(engine, files(tmp_path, [rows[0] | change, *rows[1:]])) != before


def test_duplicates_count_and_our_own_columns_do_not(engine: Engine, tmp_path: Path) -> None:
    before = table_digest(engine, files(tmp_path, ROWS))
    assert table_digest(engine, files(tmp_path, [*ROWS, ROWS[1]])) != before
    assert table_digest(engine, files(tmp_path, [row | {"_delivery": "other"} for row in ROWS])) == before


def test_no_row(engine: Engine) -> None:
    assert table_digest(engine, FileSet(paths=(), schema=SCHEMA)) == hashlib.sha256(b"").hexdigest()
