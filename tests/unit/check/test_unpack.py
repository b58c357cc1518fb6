import gzip
import io
import random
import zipfile
import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.faults import Fault
from headgate.check.records import Reading, read_records
from headgate.check.unpack import Inflated, Limited, Plain, Unpacked, Zstandard, unpack_stream
from headgate.core.errors import UnreadableError
from headgate.core.forms import Compression, Form, Format
from headgate.core.reasons import ReasonCode

TEXT = b"".join(b'{"id": %d, "v": "%d"}\n' % (number, number * 7919 % 10_007) for number in range(20_000))


def drain(stream: Unpacked, size: int = 10_000) -> bytes:
    return b"".join(iter(lambda: stream.read(size), b""))


def read(data: bytes, compression: Compression, limit: int = 1 << 30) -> tuple[list[str], list[Fault], Reading]:
    faults: list[Fault] = []
    form = Form(format=Format.NDJSON, compression=compression)
    reading = read_records(io.BytesIO(data), form, on_fault=faults.append, max_unpacked_bytes=limit)
    raws = [raw for batch in reading.batches() for raw in batch.column("raw").to_pylist()]
    return raws, faults, reading


def packed(compression: Compression, data: bytes = TEXT) -> bytes:
    if compression is Compression.GZIP:
        return gzip.compress(data, mtime=0)
    if compression is Compression.ZSTD:
        return bytes(pa.compress(data, codec="zstd", asbytes=True))
    return data


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.GZIP, Compression.ZSTD])
@pytest.mark.parametrize("size", [1_000, 1 << 20])
def test_packed_bytes_come_back(compression: Compression, size: int) -> None:
    stream = unpack_stream(io.BytesIO(packed(compression)), compression)
    assert drain(stream, size) == TEXT
    assert not stream.problem


def test_gzip_members_follow_each_other() -> None:
    half = len(TEXT) // 2
    stream = Inflated(io.BytesIO(gzip.compress(TEXT[:half]) + gzip.compress(TEXT[half:]) + b"\0" * 512))
    assert drain(stream) == TEXT
    assert not stream.problem


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.ZSTD])
@pytest.mark.parametrize("kept", [0.0, 0.2, 0.9, 1.0])
def test_what_is_cut_off_gives_up_what_came_before(compression: Compression, kept: float) -> None:
    data = packed(compression)
    stream = unpack_stream(io.BytesIO(data[: min(int(len(data) * kept), len(data) - 1)]), compression)
    found = drain(stream)
    assert TEXT.startswith(found)
    assert len(found) >= kept * len(TEXT) - (130 << 10)  # Zstandard gives whole blocks of 128 KiB
    assert stream.problem or kept == 0


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.ZSTD])
def test_bytes_behind_the_packed_data_are_told(compression: Compression) -> None:
    stream = unpack_stream(io.BytesIO(packed(compression) + b"not packed"), compression)
    assert drain(stream) == TEXT
    assert stream.problem


def test_a_damaged_byte_does_not_cost_what_came_before_it() -> None:
    data = bytearray(packed(Compression.GZIP))
    data[len(data) // 2] ^= 0xFF
    stream = Inflated(io.BytesIO(bytes(data)))
    sound = zlib.decompressobj(31).decompress(bytes(data[: len(data) // 2]))
    assert drain(stream).startswith(sound)
    assert stream.problem


def test_a_cut_is_a_fault_without_bytes_behind_the_rows() -> None:
    data = packed(Compression.GZIP)
    raws, faults, reading = read(data[: len(data) // 2], Compression.GZIP)
    assert len(raws) > 8_000
    assert faults[-1].offset == reading.summary.total_bytes
    assert (faults[-1].code, faults[-1].length) == (ReasonCode.MALFORMED, 0)
    assert "cut off" in faults[-1].message


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.GZIP, Compression.ZSTD])
def test_more_unpacked_bytes_than_allowed_are_refused(compression: Compression) -> None:
    with pytest.raises(UnreadableError, match="over the limit") as caught:
        read(packed(compression), compression, len(TEXT) - 1)
    assert caught.value.code == ReasonCode.UNPACKED_TOO_LARGE
    assert len(read(packed(compression), compression, len(TEXT))[0]) == 20_000


def test_a_bomb_is_stopped_before_it_is_unpacked() -> None:
    bomb = gzip.compress(bytes(64 << 20))
    limited = Limited(Inflated(io.BytesIO(bomb)), 1 << 20)
    with pytest.raises(UnreadableError):
        drain(limited, 64 << 20)
    assert limited.total == (1 << 20) + 1


def test_the_callers_stream_stays_open() -> None:
    source = io.BytesIO(packed(Compression.ZSTD))
    drain(Zstandard(source))
    assert not source.closed


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_members_of_a_zip_are_read_in_order(method: int) -> None:
    raws, faults, reading = read(zipped({"../b": TEXT, "a": b'{"id": -1}\n', "e": b""}, method), Compression.ZIP)
    assert len(raws) == 20_001
    assert raws[-1] == '{"id": -1}'
    assert not faults
    size = len(TEXT)
    assert reading.summary.members == (("../b", 0, size), ("a", size, 11), ("e", size + 11, 0))


def test_rows_and_places_go_on_over_members() -> None:
    faults: list[Fault] = []
    form = Form(format=Format.JSON_DOCUMENT, compression=Compression.ZIP)
    data = zipped({"a": b'{"rows": [{"i": 1}, tru]}', "b": b'{"rows": [{"i": 2}]}'})
    reading = read_records(io.BytesIO(data), form, path="rows", on_fault=faults.append)
    rows = [row for batch in reading.batches() for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)]
    assert rows == [(1, 10, 8, '{"i": 1}'), (3, 35, 8, '{"i": 2}')]
    assert [(fault.row, fault.offset) for fault in faults] == [(2, 20)]


def flagged(data: bytes, offset: int, value: bytes) -> bytes:
    """The zip with bytes of its first local header and its directory entry changed alike."""
    entry = data.index(b"PK\x01\x02")
    changed = bytearray(data)
    changed[offset : offset + len(value)] = value
    changed[entry + offset + 2 : entry + offset + 2 + len(value)] = value
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(zipped({"d/": b"", "d/a": TEXT}), "folder", id="folder"),
        pytest.param(zipped({"a": zipped({"b": TEXT})}), "is an archive", id="zip in zip"),
        pytest.param(zipped({"a": gzip.compress(TEXT)}), "is an archive", id="gzip in zip"),
        pytest.param(flagged(zipped({"a": TEXT}), 6, b"\1\0"), "encrypted", id="encrypted"),
        pytest.param(zipped({"a": TEXT}, zipfile.ZIP_BZIP2), "method 12", id="unusual method"),
        pytest.param(zipped({"a": TEXT})[:5000], "directory", id="cut off"),
        pytest.param(zipped({}), "holds no file", id="empty"),
    ],
)
def test_what_is_doubtful_in_a_zip_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableError, match=message):
        read(data, Compression.ZIP)


def test_members_that_share_bytes_are_refused() -> None:
    data = zipped({"a": b"x" * 40, "b": b"y" * 40}, zipfile.ZIP_STORED)
    second = data.rindex(b"PK\x01\x02")
    shared = data[: second + 42] + (0).to_bytes(4, "little") + data[second + 46 :]
    with pytest.raises(UnreadableError, match="shares bytes"):
        read(shared, Compression.ZIP)


@pytest.mark.parametrize("names", [("",), ("a", "a")], ids=["no name", "one name twice"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_of_members_may_be_odd(names: tuple[str, ...]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), TEXT)
    raws, faults, reading = read(packed.getvalue(), Compression.ZIP)
    assert (len(raws), faults) == (20_000 * len(names), [])
    assert reading.summary.total_bytes == len(TEXT) * len(names)


def test_a_member_with_another_checksum_is_told() -> None:
    data = flagged(zipped({"a": TEXT}), 14, b"\1\2\3\4")
    raws, faults, _ = read(data, Compression.ZIP)
    assert len(raws) == 20_000
    assert "checksum" in faults[0].message


def test_many_members_do_not_pass_the_limit_together() -> None:
    with pytest.raises(UnreadableError, match="over the limit"):
        read(zipped({str(number): TEXT for number in range(5)}), Compression.ZIP, 4 * len(TEXT))


@given(st.integers(0, 2**32 - 1))
def test_noise_never_raises_anything_else(seed: int) -> None:
    noise = random.Random(seed).randbytes(200)  # noqa: S311 - seeded on purpose
    for stream in (
        Inflated(io.BytesIO(b"\x1f\x8b\x08" + noise)),
        Plain(io.BytesIO(noise)),
        Zstandard(io.BytesIO(noise)),
    ):
        drain(stream)


class Trickle(io.BytesIO):
    """Gives one byte a call, as a slow stream may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(1, size if size is not None and size >= 0 else 1))


def test_a_stream_may_give_fewer_bytes_than_are_asked_for() -> None:
    small = TEXT[:2_000]
    stream = Inflated(Trickle(gzip.compress(small, mtime=0) + gzip.compress(small, mtime=0)))
    assert drain(stream) == small * 2
    assert stream.problem == ""


def test_nothing_comes_after_a_break() -> None:
    data = packed(Compression.ZSTD)
    stream = Zstandard(io.BytesIO(data[: len(data) // 2]))
    found = drain(stream)
    assert TEXT.startswith(found)
    assert stream.problem == "the packed data is cut off or damaged"
    assert stream.read(10) == b""
