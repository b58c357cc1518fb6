import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.forms import HEAD_BYTES, Compression, Form, Format
from headgate.land.recognise import recognise

LINES = b'{"a": 1}\n{"a": 2}\n'
DOCUMENT = b'{"n": 1,\n "rows": [\n  {"a": 1}\n]}\n'


def parquet() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), target)
    return target.getvalue()


def zipped(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("inner", data)
    return target.getvalue()


def form(data: bytes, name: str = "data") -> Form:
    return recognise(data[:HEAD_BYTES], name, len(data))


def shown(value: object) -> str:
    """Packed bytes hold the time of day, and names of tests may not."""
    return type(value).__name__ if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        pytest.param(DOCUMENT, "x", Format.JSON_DOCUMENT, id="document over lines"),
        pytest.param(b'{"rows": [1, 2]}\n', "x.json", Format.JSON_DOCUMENT, id="document in one line"),
        pytest.param(b'{"rows": [' + b'{"a": 1}, ' * 20_000, "x", Format.JSON_DOCUMENT, id="long line"),
        pytest.param(b'\xef\xbb\xbf [{"a": 1}]', "x.csv", Format.JSON_ARRAY, id="array, whatever the name says"),
        pytest.param(b"[\n1,\n2\n]", "x", Format.JSON_ARRAY, id="array over lines"),
        pytest.param(LINES, "x.json", Format.NDJSON, id="lines"),
        pytest.param(LINES * 5000, "x.json", Format.NDJSON, id="lines beyond the head"),
        pytest.param(b'{"a": 1}\n{"a": \n{"a": 3}\n', "x", Format.NDJSON, id="lines, one of them broken"),
        pytest.param(b'{"a": 1}', "x.ndjson", Format.NDJSON, id="one line, by name"),
        pytest.param(b"[1, 2]\n[3, 4]\n", "x", Format.NDJSON, id="lines of lists"),
        pytest.param(b"5\n6\n", "x.jsonl", Format.NDJSON, id="lines of numbers, by name"),
        pytest.param(b"a,b\n1,2\n", "x", Format.CSV, id="csv"),
        pytest.param(b"a;b\r\n1;2\r\n", "x.json", Format.CSV, id="csv, whatever the name says"),
        pytest.param(b"a\n1\n", "x.csv.gz", Format.CSV, id="one column, by name"),
        pytest.param(parquet(), "x", Format.PARQUET, id="parquet"),
    ],
)
def test_formats_are_found_by_content_and_then_by_name(data: bytes, name: str, kind: Format) -> None:
    found = form(data, name)
    assert (found.format, found.compression, found.reason) == (kind, Compression.NONE, "")


@pytest.mark.parametrize(
    ("packed", "compression"),
    [
        (gzip.compress(LINES, mtime=0), Compression.GZIP),
        (gzip.compress(LINES * 100_000, mtime=0), Compression.GZIP),
        (pa.compress(LINES, codec="zstd", asbytes=True), Compression.ZSTD),
        (pa.compress(LINES * 100_000, codec="zstd", asbytes=True), Compression.ZSTD),
        (zipped(LINES), Compression.ZIP),
        (zipped(LINES, zipfile.ZIP_STORED), Compression.ZIP),
    ],
    ids=shown,
)
def test_packed_files_are_looked_into(packed: bytes, compression: Compression) -> None:
    assert form(packed) == Form(format=Format.NDJSON, compression=compression)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (DOCUMENT.decode().encode("utf-16"), "utf-16-le"),
        (DOCUMENT.decode().encode("utf-16-le"), "utf-16-le"),
        (DOCUMENT.decode().encode("utf-16-be"), "utf-16-be"),
        (DOCUMENT.decode().encode("utf-32"), "utf-32-le"),
        (DOCUMENT.decode().encode("utf-32-be"), "utf-32-be"),
        ("\ufeffa,b\n".encode("utf-16-be"), "utf-16-be"),
        ("a,b\nü,ß\n".encode("cp1252"), "windows-1252"),
        ("a,b\nü,ß\n".encode(), "utf-8"),
        ("a,b\nü,ß\n".encode() + b"\xff,1\n", "utf-8"),
        (b'{"a": "\xe4"}', "windows-1252"),
    ],
    ids=shown,
)
def test_encodings_are_found(data: bytes, encoding: str) -> None:
    assert form(data).encoding == encoding


def test_a_character_that_the_head_cuts_is_no_other_encoding() -> None:
    data = b"a,b\n" + b"x" * (HEAD_BYTES - 5) + "ü,1\n".encode()
    assert form(data).encoding == "utf-8"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b" \n\t\n", "empty_file"),
        (gzip.compress(b"", mtime=0), "empty_file"),
        (b"%PDF-1.7\n1,2\n", "unknown_format"),
        (b"\x89PNG\r\n\x1a\n", "unknown_format"),
        (b"<html>a,b\n</html>", "unknown_format"),
        (b"just words\nand more\n", "unknown_format"),
        (bytes(range(256)) * 4, "unknown_format"),
        (gzip.compress(parquet(), mtime=0), "unknown_format"),
        (gzip.compress(gzip.compress(LINES), mtime=0), "unknown_format"),
        (zipped(zipped(LINES)), "unknown_format"),
        (b"PK\x03\x04", "unknown_format"),
        (b"\x1f\x8b", "unknown_format"),
    ],
    ids=shown,
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    found = form(data)
    assert (found.format, found.reason) == (Format.UNKNOWN, reason)


@given(
    st.sampled_from([b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PAR1", b"{", b"[", b"\xff\xfe"]),
    st.binary(),
)
def test_any_bytes_have_a_form(start: bytes, rest: bytes) -> None:
    found = form(start + rest)
    assert (found.format is Format.UNKNOWN) == bool(found.reason)


def test_a_head_that_is_damaged_far_behind_is_read_as_far_as_it_needs() -> None:
    """The head of a big packed file ends within a block; what unpacks of it is more than is looked at."""
    lines = b"".join(b'{"a": %d, "b": "%d"}\n' % (number, number * 7919) for number in range(40_000))
    whole = gzip.compress(lines, mtime=0)
    damaged = whole[: len(whole) // 2] + b"\xff" * 64 + whole[len(whole) // 2 + 64 :]
    cut = damaged[: len(damaged) // 2 + 2_000]
    for data in (cut, whole[:3_000]):
        assert recognise(data, "x", len(whole)).format is Format.NDJSON
    zstd = bytes(pa.compress(lines, codec="zstd", asbytes=True))
    for size in (len(zstd) // 3, len(zstd)):
        assert recognise(zstd[:size], "x", len(zstd)).format is Format.NDJSON
