"""Inputs of several members, and limits that a footer tells."""

from __future__ import annotations

import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headgate.check.records import read_records
from headgate.core.errors import UnreadableError
from headgate.core.forms import Compression, Form, Format
from headgate.core.reasons import ReasonCode


def zipped(*members: bytes) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number, data in enumerate(members):
            archive.writestr(f"{number}.csv", data)
    target.seek(0)
    return target


def rows_of(stream: io.BytesIO) -> list[dict[str, str]]:
    form = Form(format=Format.CSV, compression=Compression.ZIP)
    reading = read_records(stream, form, on_fault=lambda _: None)
    return [row for batch in reading.batches() for row in batch.column("fields").to_pylist()]


def test_members_with_the_same_columns_are_one_input() -> None:
    assert rows_of(zipped(b"a,b\n1,2\n", b"a,b\n3,4\n")) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_a_member_with_other_columns_is_refused() -> None:
    with pytest.raises(UnreadableError, match=r"Member '1\.csv' has other columns") as caught:
        rows_of(zipped(b"a,b\n1,2\n", b"a,c\n3,4\n"))
    assert caught.value.code == ReasonCode.MALFORMED


def test_parquet_that_unpacks_beyond_the_limit_is_refused() -> None:
    target = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 10_000]}), target, compression="zstd")
    assert target.tell() < 5_000
    with pytest.raises(UnreadableError, match="over the limit of 9,000") as caught:
        read_records(target, Form(format=Format.PARQUET), on_fault=lambda _: None, max_unpacked_bytes=9_000)
    assert caught.value.code == ReasonCode.UNPACKED_TOO_LARGE
