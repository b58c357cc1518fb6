import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.faults import Fault, Tally
from headgate.check.limits import Limits
from headgate.check.records import Reading, read_records
from headgate.check.records_csv import CsvReader
from headgate.check.windows import Window
from headgate.core.errors import UnreadableError
from headgate.core.forms import Form, Format
from headgate.core.reasons import ReasonCode

Row = tuple[int, int, int, str, dict[str, str]]


def read(
    data: bytes, *, encoding: str = "utf-8", window: int = 1 << 20, most: int = 1 << 20
) -> tuple[list[Row], list[Fault], Reading]:
    faults: list[Fault] = []
    form = Form(format=Format.CSV, encoding=encoding)
    reading = read_records(io.BytesIO(data), form, on_fault=faults.append, window_bytes=window, max_record_bytes=most)
    rows: list[Row] = []
    for batch in reading.batches():
        batch.validate(full=True)
        rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
    summary = reading.summary
    assert summary.wrapper_bytes + summary.record_bytes + summary.fault_bytes == len(data)
    numbers = sorted([row[0] for row in rows] + [fault.row for fault in faults])
    assert numbers == list(range(1, len(numbers) + 1))
    for _, offset, length, raw, _ in rows:
        assert data[offset : offset + length].decode("cp1252" if encoding == "windows-1252" else encoding) == raw
    return rows, faults, reading


cell = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)


@given(
    st.lists(st.tuples(cell, cell, cell), max_size=20),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(",;\t|"),
    st.integers(16, 300),
)
def test_what_is_written_by_the_book_comes_back(
    table: list[tuple[str, str, str]], newline: str, delimiter: str, window: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), ("x", "y", "z"), *table])
    rows, faults, reading = read(text.getvalue().encode(), window=window)
    assert not faults
    assert [tuple(row[4].values()) for row in rows] == [("x", "y", "z"), *table]
    assert reading.summary.header == ("a", "b", "c")


@pytest.mark.parametrize(
    ("lines", "values", "faults"),
    [
        pytest.param("1,2\n3\n4,5\n", [("1", "2"), ("4", "5")], [("ragged_line", "3")], id="too few"),
        pytest.param("1,2\n3,4,5\n6,7", [("1", "2"), ("6", "7")], [("ragged_line", "3,4,5")], id="too many"),
        pytest.param("1,2\n3", [("1", "2")], [("ragged_line", "3")], id="cut off"),
        pytest.param('1,"x\n\ny"\n3,4\n', [("1", "x\n\ny"), ("3", "4")], [], id="line ends in quotes"),
        pytest.param('1,5" pipe\n2,"a""b"\n', [("1", '5" pipe'), ("2", 'a"b')], [], id="inch sign"),
        pytest.param('1,5" a\n2,6" b\n3,"x\ny"\n', [("1", '5" a'), ("2", '6" b'), ("3", "x\ny")], [], id="inch signs"),
        pytest.param('1,"open\n2,x\n3,"y"\n', [("2", "x"), ("3", "y")], [("malformed", '1,"open')], id="open quote"),
        pytest.param('1,x\n2,"open\n3,y\n', [("1", "x"), ("3", "y")], [("malformed", '2,"open')], id="open to the end"),
        pytest.param('1,"a"b\n2,x\n', [("2", "x")], [("malformed", '1,"a"b')], id="text behind a quote"),
        pytest.param("1,a\0b\n2,x\n", [("2", "x")], [("malformed", "1,a\0b")], id="zero byte"),
        pytest.param("1,a\rb\n2,x\n", [("2", "x")], [("malformed", "1,a\rb")], id="return in a field"),
        pytest.param('1,"a\rb"\n2,x\n', [("1", "a\rb"), ("2", "x")], [], id="return in quotes"),
        pytest.param("\n1,\n\n,2\n\n", [("1", ""), ("", "2")], [], id="blank lines, empty fields"),
        pytest.param('"",""\n', [("", "")], [], id="quoted empty"),
    ],
)
def test_lines_that_stand_out(lines: str, values: list[tuple[str, str]], faults: list[tuple[str, str]]) -> None:
    for newline in ("\n", "\r\n"):
        data = ("a,b\n" + lines).replace("\n", newline).encode()
        for window in (8, 1 << 20):
            rows, told, _ = read(data, window=window)
            assert [tuple(row[4].values()) for row in rows] == [
                tuple(field.replace("\n", newline) for field in pair) for pair in values
            ]
            assert [(f.code, data[f.offset : f.offset + f.length].decode()) for f in told] == faults


def test_bad_bytes_are_a_fault_of_their_line() -> None:
    rows, faults, _ = read("a,b\n1,ä\n".encode() + b"2,\xe4\n3,x\n")
    assert [row[4] for row in rows] == [{"a": "1", "b": "ä"}, {"a": "3", "b": "x"}]
    assert [(fault.row, fault.code) for fault in faults] == [(2, ReasonCode.BAD_ENCODING)]


def test_windows_1252_is_read_with_places_in_its_own_bytes() -> None:
    rows, faults, reading = read("näme;€\nZoë;1\nß;\n".encode("cp1252"), encoding="windows-1252")
    assert [row[4] for row in rows] == [{"näme": "Zoë", "€": "1"}, {"näme": "ß", "€": ""}]
    assert [(row[1], row[2]) for row in rows] == [(7, 5), (13, 2)]
    assert not faults
    assert reading.summary.facts.dialect["delimiter"] == ";"


def test_names_of_columns_are_made_distinct_and_told() -> None:
    rows, _, reading = read(b"a,a,,a_2,b\n1,2,3,4,5\n")
    assert rows[0][4] == {"a": "1", "a_3": "2", "column_3": "3", "a_2": "4", "b": "5"}
    assert reading.summary.header == ("a", "a", "", "a_2", "b")
    assert reading.summary.facts.dialect["renamed"] == {"a_3": "a", "column_3": ""}


def test_a_line_over_the_limit_is_a_fault() -> None:
    data = b"a,b\n1,2\n" + b"x" * 5000 + b",1\n3,4\n"
    for window in (64, 1 << 20):
        rows, faults, _ = read(data, window=window, most=1000)
        assert [row[0] for row in rows] == [1, 3]
        assert [(fault.code, fault.length) for fault in faults] == [(ReasonCode.RECORD_TOO_LARGE, 5002)]


def test_an_open_quote_does_not_swallow_a_large_file() -> None:
    data = b'a,b\n1,"open\n' + b"2,x\n" * 100_000
    rows, faults, _ = read(data, window=1 << 12, most=1 << 14)
    assert len(rows) == 100_000
    assert [fault.length for fault in faults] == [7]


@given(st.binary(max_size=60), st.integers(4, 100))
def test_every_byte_has_its_place(noise: bytes, window: int) -> None:
    rows, faults, _ = read(b'a,b\n1,"x"\n' + noise + b'\n2,"y"\n', window=window, most=200)
    assert rows or faults


@given(st.text('ab",\n\r', max_size=40))
def test_signs_in_any_order_are_conserved(text: str) -> None:
    read(b"a,b\n" + text.encode())


@given(st.text('ab";,\n\r', max_size=60), st.sampled_from(["a,b\n", "a;b\r\n", "a\n", "a,b\r"]))
def test_a_line_by_itself_reads_as_in_its_file(text: str, header: str) -> None:
    data = (header + (text.replace("\n", "\r") if header.endswith("\r") else text)).encode()
    rows, _, _ = read(data)
    reader = reader_of(data)
    assert [reader.fields_of([row[3]]) for row in rows] == [[row[4]] for row in rows]
    assert not rows or reader.fields_of([row[3] for row in rows]) == [row[4] for row in rows]


@pytest.mark.parametrize("line", ["1", "1,2,3", '1,"open'])
def test_a_line_that_is_no_record_has_no_fields(line: str) -> None:
    assert reader_of(b"a,b\n").fields_of([line, "1,2"]) is None


def reader_of(data: bytes) -> CsvReader:
    return CsvReader(Window(io.BytesIO(data)), Tally(lambda _: None), Limits(), encoding="utf-8")


@pytest.mark.parametrize(
    ("data", "delimiter"), [(b"a;b\n1,5;2\n", ";"), (b"a\tb\n1\t2\n", "\t"), (b"a|b\n1|2\n", "|"), (b"a\n1\n", ",")]
)
def test_the_delimiter_is_found(data: bytes, delimiter: str) -> None:
    assert read(data)[2].summary.facts.dialect["delimiter"] == delimiter


def test_lines_that_end_in_a_return_alone() -> None:
    rows, _, _ = read(b"a,b\r1,2\r3,4\r")
    assert [row[4] for row in rows] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize("data", [b'a,"b\n1,2\n', b"a,\xff\n1,2\n", b"a,\0\n1,2\n", b"," * 5000 + b"\n"])
def test_a_first_line_that_is_no_header_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(data)
    assert caught.value.code == ReasonCode.MALFORMED


def test_a_file_of_faults_is_given_up_and_every_byte_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.check.faults.MOST_FAULTS", 3)
    data = b"a,b\n1,2\n" + b"x\n" * 60_000
    rows, faults, _ = read(data, window=1 << 10)
    assert len(rows) == 1
    assert 3 <= len(faults) < 50_000
    assert faults[-1].offset + faults[-1].length == len(data)


@pytest.mark.parametrize("end", [b"\n5,6\n", b""], ids=["goes on", "ends"])
def test_a_line_over_the_limit_is_one_fault(end: bytes) -> None:
    data = b"a,b\n1,2\n" + b"x" * 500 + end
    rows, faults, _ = read(data, window=32, most=100)
    assert [row[4]["a"] for row in rows] == ["1", *(["5"] if end else [])]
    assert [(fault.code, fault.offset) for fault in faults] == [(ReasonCode.RECORD_TOO_LARGE, 8)]


def test_a_line_longer_than_a_window_is_read_whole() -> None:
    data = b"a,b\n1," + b"y" * 200 + b'\n"' + b"z" * 200 + b'",2\n'
    rows, faults, _ = read(data, window=32, most=1000)
    assert [len(row[4]["a"]) + len(row[4]["b"]) for row in rows] == [201, 201]
    assert faults == []
