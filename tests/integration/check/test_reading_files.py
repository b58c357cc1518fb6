"""Readings from real files, and what an engine makes of them."""

from __future__ import annotations

import csv
import gzip
import json
import sys
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headgate.check.faults import Fault
from headgate.check.records import Reading, read_records
from headgate.core.errors import UnreadableError
from headgate.core.forms import HEAD_BYTES, Compression, Form, Format
from headgate.core.reasons import ReasonCode
from headgate.land.recognise import recognise

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here")


def read(path: Path, record_path: str | None = None) -> tuple[pa.Table, list[Fault], Reading]:
    faults: list[Fault] = []
    with path.open("rb") as stream:
        form = recognise(stream.read(HEAD_BYTES), path.name, path.stat().st_size)
        stream.seek(0)
        reading = read_records(stream, form, path=record_path, on_fault=faults.append)
        table = pa.Table.from_batches(reading.batches(), reading.schema)
        assert not stream.closed
    return table, faults, reading


@needs_data
def test_invoice_lines_are_all_there() -> None:
    path = DATA / "online_retail_2010.csv"
    table, faults, reading = read(path)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *expected = csv.reader(stream)
    assert not faults
    assert list(reading.summary.header) == header
    assert [list(row.values()) for row in table.column("fields").to_pylist()] == expected
    assert reading.summary.total_bytes == path.stat().st_size


@needs_data
def test_a_file_that_stops_within_its_last_field_says_so() -> None:
    # it has all its fields, so that only the type of the last one can tell that it is cut off
    path = DATA / "used_cars_2016_truncated.csv"
    table, faults, reading = read(path)
    data = path.read_bytes()
    assert not faults
    assert table.num_rows == data.count(b"\n")
    assert reading.summary.encoding == "windows-1252"
    assert reading.summary.facts.dialect["last_line_ended"] is False
    assert table.column("fields")[-1].as_py()["lastSeen"] == "2016-03-14 "
    last = table.column("offset")[-1].as_py()
    assert data[last:].decode("cp1252") == table.column("raw")[-1].as_py()


@needs_data
def test_a_file_that_is_cut_off_within_its_last_line_has_one_fault(tmp_path: Path) -> None:
    data = (DATA / "used_cars_2016_truncated.csv").read_bytes()[:-40]
    path = tmp_path / "cut.csv"
    path.write_bytes(data)
    table, faults, reading = read(path)
    assert [fault.code for fault in faults] == [ReasonCode.RAGGED_LINE]
    assert faults[0].offset + faults[0].length == len(data)
    assert faults[0].row == table.num_rows + 1 == data.count(b"\n")
    assert reading.summary.fault_bytes == faults[0].length


@needs_data
def test_a_zip_of_a_real_file_reads_like_the_file(tmp_path: Path) -> None:
    plain = DATA / "online_retail_2010.csv"
    packed = tmp_path / "retail.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "one.csv")
        archive.write(plain, "two.csv")
    table, faults, reading = read(packed)
    once, _, _ = read(plain)
    assert not faults
    assert table.num_rows == 2 * once.num_rows
    assert table.column("raw").slice(once.num_rows).to_pylist() == once.column("raw").to_pylist()
    assert [size for _, _, size in reading.summary.members] == [plain.stat().st_size] * 2


ODD = [
    '{"a": 1e999}',
    '{"a": "\\u0000"}',
    '{"a": ' + "9" * 5000 + "}",
    '{"a": ' + "[" * 62 + "]" * 62 + "}",
    '{"a": 1, "a": 2}',
    '{"\\u0000": 1, "": 2}',
    '{"a": -0, "b": 1E+400, "c": "\\ud83d\\ude00"}',
    '"text"',
    "null",
    "[1]",
    "-0.0",
]


def test_whatever_is_a_record_an_engine_parses(tmp_path: Path) -> None:
    bad = ['{"a": 01}', '{"a": NaN}', '"\\ud800"', '{"a": "\x01"}', "[" * 100 + "]" * 100, "nul"]
    path = tmp_path / "odd.json"
    path.write_bytes(("[" + ", ".join([*ODD, *bad, *ODD]) + "]").encode())
    table, faults, _ = read(path)
    texts = table.column("raw").to_pylist()
    assert texts[: len(ODD)] == ODD
    assert faults
    engine = duckdb.connect()
    engine.register("records", table)
    parsed = engine.execute("""select from_json(raw, '{"a": "JSON"}'), json_type(raw), json_keys(raw) from records""")
    assert len(parsed.fetchall()) == len(texts)


def test_engines_read_the_stream_of_batches(tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    path.write_text(json.dumps({"rows": [{"id": number} for number in range(50_000)]}))
    with path.open("rb") as stream:
        reading = read_records(stream, Form(format=Format.JSON_DOCUMENT), path="rows", on_fault=lambda _: None)
        engine = duckdb.connect()
        engine.register("records", reading.reader())
        found = engine.execute("select count(*), max(row), sum((raw->>'$.id')::int) from records").fetchone()
    assert found == (50_000, 50_000, 1_249_975_000)
    assert reading.summary.records == 50_000


def test_rows_of_a_parquet_file_are_typed_and_told_as_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    rows = pa.table({"id": list(range(30_000)), "tags": [["a", None]] * 30_000})
    pq.write_table(rows, path, row_group_size=7_000)
    table, faults, reading = read(path)
    assert not faults
    assert table.column("row").to_pylist() == list(range(1, 30_001))
    assert table.column("raw")[29_999].as_py() == '{"id":29999,"tags":["a",null]}'
    assert table.column("fields").combine_chunks().flatten()[0].type == pa.int64()
    assert table.column("offset").null_count == 30_000
    assert reading.summary.total_bytes == reading.summary.wrapper_bytes == path.stat().st_size
    assert reading.summary.header == ("id", "tags")


def test_a_damaged_page_gives_up_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    table = pa.table({"id": [f"text {number}" for number in range(40_000)]})
    pq.write_table(table, path, row_group_size=20_000, compression="zstd", use_dictionary=False)
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    data = bytearray(path.read_bytes())
    data[start + 2_000 : start + 4_000] = bytes(2_000)
    path.write_bytes(data)
    found, faults, _ = read(path)
    assert found.num_rows >= 16_384
    assert len(faults) == 1


@pytest.mark.parametrize("size", [8, 400, -20])
def test_a_parquet_file_without_its_footer_is_unreadable(tmp_path: Path, size: int) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UnreadableError) as caught:
        read(path)
    assert caught.value.code == ReasonCode.MALFORMED


def test_memory_follows_the_window_and_not_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.json.gz"
    record = json.dumps({"id": 1, "text": "x" * 900}).encode() + b", "
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(b'{"rows": [')
        for _ in range(200):
            stream.write(record * 1_000)
        stream.write(b'{"id": 2, "text": "end"}]}')
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    form = Form(format=Format.JSON_DOCUMENT, compression=Compression.GZIP)
    largest = rows = 0
    with path.open("rb") as stream:
        for batch in read_records(stream, form, path="rows", on_fault=lambda _: None).batches():
            rows += batch.num_rows
            largest = max(largest, pool.bytes_allocated() - before, sys.getsizeof(batch))
    assert rows == 200_001
    assert largest < 32 << 20
