"""Files whole in themselves that are odd all the same: bombs, strange tables, strange archives, strange names."""

from __future__ import annotations

import gzip
import io
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MEBIBYTE = 1 << 20

NAMES = (
    *("", "", "", "", " ", "'; DROP TABLE deliveries; --", '"', "\n", "\t\r", "\x1b[31m", "\x7f", "ünï表😀", "\u202e"),
    *("%s%n{}", "$now", " -rf", "..", "x" * 180, "\udcff\udcfe", "\\", "*?[a]", "`id`", "&<b>x", "#", "~", "null"),
)
"""Parts of file names; a path's separators and NUL are the only signs that a file system refuses."""


def parquet_bytes(table: pa.Table, **options: object) -> bytes:
    """A table as a Parquet file."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def odd_parquet(chance: random.Random) -> bytes:
    """A sound Parquet file of strange columns."""
    return parquet_bytes(chance.choice(_TABLES)(chance))


def _column(values: Sequence[object], kind: pa.DataType | None = None, name: str = "value") -> pa.Table:
    return pa.table({"id": pa.array(["a"] * len(values), pa.string()), name: pa.array(values, kind)})


def _deep(levels: int) -> pa.Table:
    kind: pa.DataType = pa.int64()
    value: object = 1
    for _ in range(levels):
        kind, value = pa.list_(kind), [value]
    return _column([value], kind)


_TABLES: tuple[Callable[[random.Random], pa.Table], ...] = (
    lambda _: pa.table({"id": pa.array([], pa.string())}),
    lambda _: _column([None, None], pa.null()),
    lambda _: _column([float("nan"), float("inf"), -0.0, 5e-324], pa.float64()),
    lambda _: _column([np.float16(1.5)], pa.float16()),
    lambda _: _column([1 << 63, (1 << 64) - 1], pa.uint64()),
    lambda _: _column([Decimal(9) ** 70], pa.decimal256(76, 0)),
    lambda _: _column([Decimal("1.5")], pa.decimal128(38, 30)),
    lambda _: _column([1 << 62, -(1 << 62)], pa.timestamp("us")),
    lambda _: _column([1 << 62], pa.timestamp("ns", "Asia/Kathmandu")),
    lambda _: _column([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("ms", "+05:45")),
    lambda _: _column([1 << 30, -(1 << 30)], pa.date32()),
    lambda _: _column([0, 86_399_999_999], pa.time64("us")),
    lambda _: _column([5], pa.duration("s")),
    lambda chance: _column([chance.randbytes(50), b""], pa.binary()),
    lambda _: _column([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int64())),
    lambda _: _column([{}], pa.struct([("", pa.int64())])),
    lambda _: _column(["\x00\x1f\"'\\"], pa.large_string()),
    lambda _: _column(["a", "b", "a"]).append_column("d", pa.array(["a", "b", "a"]).dictionary_encode()),
    lambda _: _deep(12),
    lambda _: _deep(70),
    lambda _: pa.table([pa.array(["a"]), pa.array(["b"])], names=["id", "id"]),
    lambda _: pa.table([pa.array(["a"]), pa.array(["b"])], names=["id", "ID"]),
    lambda _: pa.table([pa.array(["a"]), pa.array([1])], names=["id", "_row"]),
    lambda _: pa.table([pa.array(["a"]), pa.array([1])], names=["id", ""]),
    lambda _: pa.table([pa.array(["a"]), pa.array([1])], names=["id", 'a"; --\n\x00']),
    lambda _: pa.table({f"c{number}": pa.array([number]) for number in range(1_500)}),
    lambda _: _column(["x" * MEBIBYTE]),
)


WHOLE = (b"\0", b" ", b"[", b'"', b"\n", b"9", b'{"a":', b"\xff")  # of which a bomb holds MiBs
ROWS = (b"a,b\n", b'{"id":"x"}\n', b"id,value\nx,1\n", b"[],")  # of which it holds records by the 10,000
MOST_ROWS = 20_000


def bomb(chance: random.Random) -> tuple[bytes, str]:
    """Little that unpacks to much: (bytes, ending)."""
    pattern = chance.choice(WHOLE + ROWS)
    times = MOST_ROWS if pattern in ROWS else chance.choice([3, 12, 40]) * MEBIBYTE // len(pattern)
    start = chance.choice([b"", b"id,value\n", b'[{"id":"a"},', b'{"rows":[', b'{"transactions":['])
    text = start + pattern * times
    kind = chance.choice(["gz", "gz", "zst", "zip"])
    if kind == "gz":
        return gzip.compress(text, 1, mtime=0), ".gz"
    if kind == "zst":
        return pa.compress(text, codec="zstd", asbytes=True), ".zst"
    return zip_of([("a.csv", text)]), ".zip"


def zip_of(members: list[tuple[str, bytes]]) -> bytes:
    """A zip of deflated members; the same bytes each time."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of a name that stands twice: that is what is asked for
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 1)
    return file.getvalue()


def odd_zip(chance: random.Random, text: bytes) -> bytes:
    """An archive around a sound text that no sender should make."""
    plain = zip_of([("a.csv", text), ("b.csv", text)])
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: zip_of([]),
        lambda: zip_of([("", text)]),
        lambda: zip_of([("../../../../tmp/a.csv", text)]),
        lambda: zip_of([("/etc/passwd", text), ("a\x00b", text), ("C:\\a.csv", text)]),
        lambda: zip_of([("folder/", b""), ("folder/a.csv", text)]),
        lambda: zip_of([("inner.zip", plain)]),
        lambda: zip_of([("inner.gz", gzip.compress(text, mtime=0))]),
        lambda: zip_of([(f"{number}.csv", text[:200]) for number in range(2_000)]),
        lambda: zip_of([("a.csv", text), ("a.csv", text)]),
        lambda: zip_of([("a.csv", text), ("b.csv", b"other;columns\n1;2\n")]),
        lambda: _overlapping(plain),
        lambda: plain + chance.randbytes(100),
        lambda: chance.randbytes(100) + plain,
        lambda: plain.replace(b"b.csv", b"\xff.csv"),
    )
    return chance.choice(kinds)()


def _overlapping(archive: bytes) -> bytes:
    """The directory's second entry told to lie where the first one does."""
    data = bytearray(archive)
    second = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, second + 42, 0)  # offset of the local header (APPNOTE 4.3.12)
    return bytes(data)


def odd_text(chance: random.Random) -> bytes:
    """Text of extreme proportions, or hardly any."""
    return chance.choice(
        [
            *(b"", b" ", b"\0", b"\n", b"[", b"{", b"[]", b"{}", b"null", b"\xef\xbb\xbf", b"\xff\xfe", b'""', b"[[]]"),
            *(
                b"id\n",
                b"id,value",
                b"id,id\n1,2\n",
                b",\n,\n",
                b"a\n" * 9,
                b"PAR1",
                b"PAR1PAR1",
                b"PK\x03\x04",
                b"1,2",
            ),
            *(b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"<html></html>", b"%PDF-1.7", b"id,value\n" + b'"' + b"x,1\n" * 5000),
            ",".join(f"c{number}" for number in range(5_000)).encode() + b"\n" + b"1," * 4_999 + b"1\n",
            b"id,value\n" + b"x" * (17 * MEBIBYTE) + b",1\n",  # one record over the limit of 16 MiB
            b'[{"id":"' + b"x" * (17 * MEBIBYTE) + b'"},{"id":"y"}]',
            b"id,value\n" + b"1,2,3\n1\n" * 2_000,
            b"[" + b"1," * 5_000 + b"{}]",
            b'{"a":1}' * 400,
            b"id,value\r" + b"1,2\r" * 50,
            b"_delivery,_row,_n,raw,fields\n1,2,3,4,5\n",
        ],
    )
