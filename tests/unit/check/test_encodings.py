import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.encodings import transcoded, windows_1252_ends, windows_1252_text
from headgate.check.faults import Fault
from headgate.check.records import read_records
from headgate.core.errors import UnreadableError
from headgate.core.forms import Form, Format
from headgate.core.reasons import ReasonCode

UNITS = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


def drain(data: bytes, encoding: str, size: int) -> bytes:
    stream = transcoded(io.BytesIO(data), encoding)
    return b"".join(iter(lambda: stream.read(size), b""))


@given(st.text(), st.sampled_from(UNITS), st.integers(1, 20))
def test_text_comes_through_whatever_the_windows(text: str, encoding: str, size: int) -> None:
    assert drain(text.encode(encoding), encoding, size) == text.encode()


@given(st.binary(max_size=50), st.sampled_from(UNITS), st.integers(1, 20))
def test_what_is_no_text_never_raises(data: bytes, encoding: str, size: int) -> None:
    text = drain(data, encoding, size)
    if len(data) % (2 if "16" in encoding else 4):
        assert not _is_utf8(text)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("encoding", UNITS)
def test_half_a_pair_is_a_fault_of_its_record(encoding: str) -> None:
    data = '\ufeff[{"a": "ö"}, {"a": "\ud800"}, {"a": "😀"}]'.encode(encoding, "surrogatepass")
    faults: list[Fault] = []
    reading = read_records(io.BytesIO(data), Form(format=Format.JSON_ARRAY, encoding=encoding), on_fault=faults.append)
    assert [raw for batch in reading.batches() for raw in batch.column("raw").to_pylist()] == [
        '{"a": "ö"}',
        '{"a": "😀"}',
    ]
    assert [(fault.row, fault.code) for fault in faults] == [(2, ReasonCode.BAD_ENCODING)]


def test_json_in_a_single_byte_encoding_is_refused() -> None:
    form = Form(format=Format.JSON_ARRAY, encoding="windows-1252")
    with pytest.raises(UnreadableError, match="UTF-8") as caught:
        read_records(io.BytesIO(b'["\xe4"]'), form, on_fault=lambda _: None)
    assert caught.value.code == ReasonCode.BAD_ENCODING


@given(st.binary(max_size=60))
def test_windows_1252_has_no_byte_without_a_meaning(data: bytes) -> None:
    text = windows_1252_text(data)
    assert len(text.decode()) == len(data)
    ends = np.arange(len(data) + 1)
    places = windows_1252_ends(data, ends)
    assert [int(place) for place in places] == [len(windows_1252_text(data[:end])) for end in range(len(data) + 1)]
