import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.faults import Fault
from headgate.check.records import read_records
from headgate.core.errors import UnreadableError
from headgate.core.forms import Form, Format
from headgate.core.reasons import ReasonCode

LINES = Form(format=Format.NDJSON)


def read(data: bytes, window: int = 1 << 20, most: int = 1 << 20) -> tuple[list[tuple[int, int, str]], list[Fault]]:
    faults: list[Fault] = []
    reading = read_records(io.BytesIO(data), LINES, on_fault=faults.append, window_bytes=window, max_record_bytes=most)
    rows: list[tuple[int, int, str]] = []
    for batch in reading.batches():
        rows += zip(*(batch.column(name).to_pylist() for name in ("row", "offset", "raw")), strict=True)
    summary = reading.summary
    assert summary.wrapper_bytes + summary.record_bytes + summary.fault_bytes == len(data)
    for _, offset, raw in rows:
        assert data[offset : offset + len(raw.encode())] == raw.encode()
    return rows, faults


value = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9) | st.lists(st.none(), max_size=3))


@given(
    st.lists(value, max_size=40), st.sampled_from(["\n", "\r\n", "\n\n", " \n"]), st.booleans(), st.integers(16, 512)
)
def test_lines_come_back(records: list[dict[str, Any]], newline: str, ended: bool, window: int) -> None:  # noqa: FBT001
    texts = [json.dumps(record, ensure_ascii=False) for record in records]
    rows, faults = read((newline.join(texts) + (newline if ended else "")).encode(), window)
    assert [(row, raw) for row, _, raw in rows] == list(enumerate(texts, start=1))
    assert not faults


@pytest.mark.parametrize(
    ("text", "raws", "faults"),
    [
        ('{"a":1}\n{"a":\n{"a":3}\n', ['{"a":1}', '{"a":3}'], ['{"a":']),
        ('{"a":1} {"a":2}\n{"a":3}', ['{"a":3}'], ['{"a":1} {"a":2}']),
        ('{"a":\n1}\n{"a":2}\n', ['{"a":2}'], ['{"a":', "1}"]),
        ('\n \n\ufeff\n{"a":2}\n', ['{"a":2}'], ["\ufeff"]),
        ('\ufeff{"a":2}\r\n\r\n5\n"x"', ['{"a":2}', "5", '"x"'], []),
        ('{"a":1}\n{"a":2', ['{"a":1}'], ['{"a":2']),
        ("", [], []),
        ("\n\n\n", [], []),
    ],
)
def test_a_bad_line_is_a_fault_by_itself(text: str, raws: list[str], faults: list[str]) -> None:
    data = text.encode()
    for window in (4, 1 << 20):
        rows, told = read(data, window)
        assert [raw for _, _, raw in rows] == raws
        assert [data[fault.offset : fault.offset + fault.length].decode() for fault in told] == faults


def test_rows_and_faults_are_numbered_together() -> None:
    rows, faults = read(b'{"a":1}\n"\xff"\n{"a":2}\n{\n{"a":3}')
    assert [row for row, _, _ in rows] == [1, 3, 5]
    assert [(fault.row, fault.code) for fault in faults] == [(2, ReasonCode.BAD_ENCODING), (4, ReasonCode.MALFORMED)]


@pytest.mark.parametrize("window", [10, 1 << 20])
def test_a_line_over_the_limit_is_a_fault_and_the_rest_goes_on(window: int) -> None:
    rows, faults = read(b'{"a":1}\n"' + b"x" * 3000 + b'"\n{"a":3}\n', window, 100)
    assert [(row, raw) for row, _, raw in rows] == [(1, '{"a":1}'), (3, '{"a":3}')]
    assert [(fault.row, fault.code, fault.length) for fault in faults] == [(2, ReasonCode.RECORD_TOO_LARGE, 3002)]


def test_a_flow_that_names_a_list_gets_no_lines() -> None:
    with pytest.raises(UnreadableError, match="one JSON value a line"):
        read_records(io.BytesIO(b'{"a":1}\n{"a":2}\n'), LINES, path="rows", on_fault=lambda _: None)


def test_hopeless_input_ends_in_one_fault() -> None:
    data = b"{\n" * 1_200_000
    rows, faults = read(data, 1 << 16)
    assert not rows
    assert 100_000 < len(faults) < 150_000
    assert faults[-1].offset + faults[-1].length == len(data)
    assert "After" in faults[-1].message


@pytest.mark.parametrize(
    ("text", "raws", "faults"),
    [
        ('{\n  "a": 1\n}\n', ['{\n  "a": 1\n}'], 0),
        ('{"a": 1}', ['{"a": 1}'], 0),
        ('{"a": 1}\n{"a": 2}\n', ['{"a": 1}', '{"a": 2}'], 0),
        ('{\n"a": 1\n', [], 1),
        ('{\n"a": 1\n} x', [], 1),
    ],
)
def test_a_document_of_which_no_list_is_named_is_one_record(text: str, raws: list[str], faults: int) -> None:
    told: list[Fault] = []
    reading = read_records(io.BytesIO(text.encode()), Form(format=Format.JSON_DOCUMENT), on_fault=told.append)
    assert [raw for batch in reading.batches() for raw in batch.column("raw").to_pylist()] == raws
    assert len(told) == faults
    assert reading.summary.total_bytes == len(text)
