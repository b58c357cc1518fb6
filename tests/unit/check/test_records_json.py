import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.faults import Fault
from headgate.check.records import Reading, read_records
from headgate.core.errors import UnreadableError
from headgate.core.forms import Form, Format
from headgate.core.reasons import ReasonCode

Found = list[tuple[int, int, str]]  # row, offset, raw


def read(data: bytes, path: str | None = "rows", **limits: int) -> tuple[Found, list[Fault], Reading]:
    kind = Format.JSON_DOCUMENT if path else Format.JSON_ARRAY
    faults: list[Fault] = []
    reading = read_records(io.BytesIO(data), Form(format=kind), path=path, on_fault=faults.append, **limits)
    rows: Found = []
    for batch in reading.batches():
        batch.validate(full=True)
        assert batch.column("length").to_pylist() == [len(raw.encode()) for raw in batch.column("raw").to_pylist()]
        rows += zip(*(batch.column(name).to_pylist() for name in ("row", "offset", "raw")), strict=True)
    assert_conserved(data, rows, faults, reading)
    return rows, faults, reading


def assert_conserved(data: bytes, rows: Found, faults: list[Fault], reading: Reading) -> None:
    summary = reading.summary
    assert (summary.records, summary.faults, summary.total_bytes) == (len(rows), len(faults), len(data))
    assert summary.wrapper_bytes + summary.record_bytes + summary.fault_bytes == len(data)
    spans = [(row, offset, len(raw.encode())) for row, offset, raw in rows]
    spans += [(fault.row, fault.offset, fault.length) for fault in faults]
    spans.sort()
    assert [row for row, _, _ in spans] == list(range(1, len(spans) + 1))
    end = 0
    for _, offset, length in spans:
        assert offset >= end
        end = offset + length
    for _, offset, raw in rows:
        assert data[offset : offset + len(raw.encode())] == raw.encode()


space = st.text(" \t\r\n", max_size=3)
leaf = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
value = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
objects = st.lists(st.dictionaries(st.text(max_size=5), value, max_size=4), max_size=30)


@given(objects, st.data(), st.integers(64, 4096))
def test_any_list_comes_back_whatever_its_white_space(
    records: list[dict[str, Any]], data: st.DataObject, window: int
) -> None:
    texts = [json.dumps(record, ensure_ascii=data.draw(st.booleans())) for record in records]
    body = ",".join(data.draw(space) + text + data.draw(space) for text in texts)
    document = '{"n": 1, "rows":' + data.draw(space) + "[" + data.draw(space) + body + '],"m": [2]}' + data.draw(space)
    rows, faults, reading = read(document.encode(), window_bytes=window)
    assert [raw for _, _, raw in rows] == texts
    assert not faults
    assert reading.summary.wrapper == {"n": 1, "m": [2]}


@given(st.lists(value, max_size=30), st.integers(64, 4096), st.sampled_from([None, 1]))
def test_records_need_not_be_objects(records: list[Any], window: int, indent: int | None) -> None:
    rows, faults, _ = read(json.dumps(records, indent=indent).encode(), None, window_bytes=window)
    assert [json.loads(raw) for _, _, raw in rows] == records
    assert not faults


@given(objects, st.data(), st.integers(64, 512))
def test_every_byte_of_a_damaged_document_has_its_place(
    records: list[dict[str, Any]], data: st.DataObject, window: int
) -> None:
    text = json.dumps({"rows": records}).encode()
    start = data.draw(st.integers(10, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = text[:start] + data.draw(st.binary(max_size=12)) + text[end:]
    read(damaged, window_bytes=window, max_record_bytes=data.draw(st.sampled_from([200, 1 << 14])))


A, B, C = '{"id": 1, "v": "x"}', '{"id": 2, "v": "y"}', '{"id": 3, "v": [{"q": 1}]}'


@pytest.mark.parametrize(
    ("body", "raws", "faults"),
    [
        pytest.param(f"{A}, {B}, {C}]", [A, B, C], [], id="sound"),
        pytest.param(f'{A}, {{"id": 2, "v": tru}}, {C}]', [A, C], ['{"id": 2, "v": tru}'], id="malformed record"),
        pytest.param(f'{A}, {{"id": 2, "v: "y"}}, {C}]', [A, C], ['{"id": 2, "v: "y"}'], id="missing quote"),
        pytest.param(f'{{"id": 1, "v": tru}}, {B}, {C}]', [B, C], ['{"id": 1, "v": tru}'], id="first record"),
        pytest.param(f'{A}, {B}, {{"id": 3, "v": tru}}]', [A, B], ['{"id": 3, "v": tru}'], id="last record"),
        pytest.param(f"{A} {B}, {C}]", [A, B, C], [""], id="comma missing"),
        pytest.param(f"{A},, {B}, {C}]", [A, B, C], [""], id="comma too many"),
        pytest.param(f"{A}, {B}, {C},]", [A, B, C], [""], id="comma at the end"),
        pytest.param(f"{A}, xyz, {B}, {C}]", [A, B, C], ["xyz"], id="garbage between"),
        pytest.param(f"{A}], {B}, {C}]", [A, B, C], ["]"], id="closed too early"),
        pytest.param(f"{A}, {B}\0, {C}]", [A, B, C], ["\0"], id="zero byte"),
        pytest.param(f'{A}, {{"id": 2, "id": 2}}, {C}]', [A, '{"id": 2, "id": 2}', C], [], id="twin keys are rows"),
    ],
)
def test_records_beside_a_fault_survive(body: str, raws: list[str], faults: list[str]) -> None:
    document = f'{{"rows": [{body}, "end": true}}'.encode()
    for window in (64, 1 << 20):
        rows, told, reading = read(document, window_bytes=window)
        assert [raw for _, _, raw in rows] == raws
        assert [document[fault.offset : fault.offset + fault.length].decode() for fault in told] == faults
        assert reading.summary.wrapper == {"end": True}


def test_a_cut_off_document_gives_up_its_whole_records() -> None:
    rows, faults, _ = read(f'{{"rows": [{A}, {B}, {C[:-5]}'.encode())
    assert [raw for _, _, raw in rows] == [A, B]
    assert [(fault.row, fault.code, fault.length) for fault in faults] == [(3, ReasonCode.MALFORMED, len(C) - 5)]


def test_a_list_that_is_not_closed_is_a_fault_without_bytes() -> None:
    rows, faults, _ = read(f'{{"rows": [{A}, {B}'.encode())
    assert len(rows) == 2
    assert [fault.length for fault in faults] == [0]


def test_a_fault_takes_the_row_number_of_its_place() -> None:
    rows, faults, _ = read(f'{{"rows": [{A}, tru, {B}, "\xff", {C}]}}'.encode("latin-1"))
    assert [row for row, _, _ in rows] == [1, 3, 5]
    assert [(fault.row, fault.code) for fault in faults] == [(2, ReasonCode.MALFORMED), (4, ReasonCode.BAD_ENCODING)]


def test_an_inner_object_of_a_broken_record_is_no_record() -> None:
    broken = '{"id": 2, "v": tru, "items": [{"sku": 1, "n": 2}, {"sku": 2, "n": 3}], "z": {"k": 1}}'
    rows, faults, _ = read(f'{{"rows": [{A}, {broken}, {B}]}}'.encode())
    assert [raw for _, _, raw in rows] == [A, B]
    assert [fault.length for fault in faults] == [len(broken)]


def test_a_record_over_the_limit_is_a_fault() -> None:
    large = json.dumps({"id": 2, "v": "x" * 5000})
    for window in (64, 1 << 20):
        rows, faults, _ = read(f'{{"rows": [{A}, {large}, {B}]}}'.encode(), window_bytes=window, max_record_bytes=1000)
        assert [raw for _, _, raw in rows] == [A, B]
        assert [(fault.code, fault.length) for fault in faults] == [(ReasonCode.RECORD_TOO_LARGE, len(large))]


def test_text_behind_the_document_is_a_fault() -> None:
    _, faults, _ = read(b'{"rows": []} and more')
    assert [(fault.offset, fault.length) for fault in faults] == [(13, 8)]


def test_a_second_list_under_the_same_key_is_not_read() -> None:
    rows, faults, _ = read(f'{{"rows": [{A}], "rows": [{B}]}}'.encode())
    assert [raw for _, _, raw in rows] == [A]
    assert [fault.code for fault in faults] == [ReasonCode.TWIN_KEY]


def test_the_list_is_found_inside_objects() -> None:
    document = f'\ufeff{{"n": 2, "a": {{"x": [1], "b": {{"rows": [{A}, {B}], "y": 1}}}}, "big": "{"x" * 2000}"}}'
    rows, faults, reading = read(document.encode(), "a.b.rows", window_bytes=64)
    assert [raw for _, _, raw in rows] == [A, B]
    assert not faults
    assert reading.summary.wrapper == {"n": 2, "a": {"x": [1], "b": {"y": 1}}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b'{"row": [1], "n": 2}', "Did you mean 'row'"),
        (b'{"rows": {"a": 1}}', "rows is no list"),
        (b"[1, 2]", "is no object"),
        (b'{"n": tru, "rows": []}', "invalid character"),
        (b'{"n": 1, "ro', "cut off"),
        (b"", "ends before"),
        (b'{"n": "\xff", "rows": []}', "no JSON"),
    ],
)
def test_a_document_without_the_list_is_unreadable(document: bytes, message: str) -> None:
    with pytest.raises(UnreadableError, match=message) as caught:
        read(document)
    assert caught.value.code == ReasonCode.MALFORMED


def test_the_summary_waits_for_the_last_batch() -> None:
    reading = read_records(io.BytesIO(b"[1]"), Form(format=Format.JSON_ARRAY), on_fault=lambda _: None)
    with pytest.raises(RuntimeError, match="after the last batch"):
        _ = reading.summary


def test_batches_are_bounded_in_rows_and_bytes() -> None:
    many = b"[" + b",".join(b'{"id": %d}' % number for number in range(40_000)) + b"]"
    large = b"[" + b",".join(b'{"id": "%s"}' % (b"x" * 100_000) for _ in range(100)) + b"]"
    for data in (many, large):
        reading = read_records(io.BytesIO(data), Form(format=Format.JSON_ARRAY), on_fault=lambda _: None)
        sizes = [(batch.num_rows, sum(batch.column("length").to_pylist())) for batch in reading.batches()]
        assert all(rows <= 16_384 and size <= (4 << 20) + 100_100 for rows, size in sizes)
        assert all(rows >= 4_096 or size >= 2 << 20 for rows, size in sizes[:-1])


@pytest.mark.parametrize("window", [64, 1 << 16])
def test_a_document_of_faults_is_given_up_and_every_byte_still_counts(
    monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    """The bytes behind are one more fault, and conserved as in any reading."""
    monkeypatch.setattr("headgate.check.faults.MOST_FAULTS", 3)
    data = b'{"rows": [{"a": 1}, ' + b'{"a": oops}, {"a": 2}, ' * 50 + b'{"a": 3}]}'
    rows, faults, _ = read(data, window_bytes=window, max_record_bytes=1 << 10)
    assert len(rows) < 50
    assert 3 <= len(faults) < 10
    assert faults[-1].offset + faults[-1].length == len(data)


def test_gaps_of_several_widths() -> None:
    """The fast way needs gaps that are alike; others are stepped through, with the same result."""
    gaps = [", ", ",", " ,\n "] * 30 + [", "] * 3
    texts = [f'{{"a": {number}}}' for number in range(len(gaps) + 1)]
    body = "".join(text + gap for text, gap in zip(texts, [*gaps, ""], strict=True))
    for window in (80, 300, 1 << 16):
        rows, faults, _ = read(f'{{"rows": [{body}]}}'.encode(), window_bytes=window)
        assert ([raw for _, _, raw in rows], faults) == (texts, [])


def test_the_list_is_looked_for_as_far_as_a_record_may_go() -> None:
    near = b'{"note": "' + b"x" * 300 + b'", "rows": [{"a": 1}]}'
    assert [raw for _, _, raw in read(near, window_bytes=64, max_record_bytes=1 << 10)[0]] == ['{"a": 1}']
    with pytest.raises(UnreadableError, match="No list 'rows' in the first 200 bytes"):
        read(near, window_bytes=64, max_record_bytes=200)


def test_an_object_with_countless_keys_around_the_list_is_refused() -> None:
    keys = b", ".join(b'"k%d": 0' % number for number in range(10_001))
    with pytest.raises(UnreadableError, match="more than 10,000 keys before its list"):
        read(b"{" + keys + b', "rows": [1]}')
    rows, faults, _ = read(b'{"rows": [1], ' + keys + b"}")
    assert [raw for _, _, raw in rows] == ["1"]
    assert [fault.code for fault in faults] == [ReasonCode.MALFORMED]


def test_an_empty_object_has_no_list() -> None:
    with pytest.raises(UnreadableError, match="rows"):
        read(b"{}")


def test_a_document_that_is_one_record_has_a_limit() -> None:
    form = Form(format=Format.JSON_DOCUMENT)
    for size, count in ((80, 1), (300, 0)):
        data = b'{"a": "' + b"x" * size + b'"}'
        faults: list[Fault] = []
        reading = read_records(io.BytesIO(data), form, on_fault=faults.append, max_record_bytes=200)
        assert sum(batch.num_rows for batch in reading.batches()) == count
        assert [fault.code for fault in faults] == [ReasonCode.RECORD_TOO_LARGE] * (1 - count)
        assert reading.summary.total_bytes == len(data)


def test_a_form_that_was_found_unreadable_is_not_read() -> None:
    with pytest.raises(UnreadableError, match="empty_file") as caught:
        read_records(
            io.BytesIO(b""), Form(format=Format.UNKNOWN, reason=ReasonCode.EMPTY_FILE), on_fault=lambda _: None
        )
    assert caught.value.code == ReasonCode.EMPTY_FILE
