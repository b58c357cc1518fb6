import datetime as dt
import decimal
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.check.parquet_text import json_text, row_text

MOMENT = dt.datetime(2026, 11, 20, 10, 0, 0, 120000)  # noqa: DTZ001 - a type without zone is meant


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([1, None, -(2**63)], pa.int64(), ["1", "null", str(-(2**63))]),
        ([True, None], pa.bool_(), ["true", "null"]),
        ([0.1, 1.0, 1e300, float("nan"), float("-inf")], pa.float64(), ["0.1", "1", "1e+300", '"nan"', '"-inf"']),
        ([decimal.Decimal("1.10"), None], pa.decimal128(30, 2), ["1.10", "null"]),
        (['a"b\\c', "x\n\x01ü", ""], pa.string(), ['"a\\"b\\\\c"', '"x\\u000a\\u0001ü"', '""']),
        ([b"\x00\xff", None], pa.binary(), ['"AP8="', "null"]),
        ([dt.date(2026, 1, 2)], pa.date32(), ['"2026-01-02"']),
        ([MOMENT], pa.timestamp("us"), ['"2026-11-20T10:00:00.120000"']),
        ([MOMENT], pa.timestamp("ms", "Europe/Berlin"), ['"2026-11-20T10:00:00.120Z"']),
        ([dt.time(1, 2, 3)], pa.time32("s"), ['"01:02:03"']),
        ([dt.timedelta(seconds=2)], pa.duration("ms"), ["2000"]),
        ([[1, None], [], None], pa.list_(pa.int8()), ["[1,null]", "[]", "null"]),
        ([[1, 2], None], pa.list_(pa.int8(), 2), ["[1,2]", "null"]),
        ([{"a": 1, "b": None}, None], pa.struct({"a": pa.int8(), "b": pa.string()}), ['{"a":1,"b":null}', "null"]),
        ([[("k", 1)], []], pa.map_(pa.string(), pa.int8()), ['[{"key":"k","value":1}]', "[]"]),
        ([None], pa.null(), ["null"]),
        ([{}, None], pa.struct([]), ["{}", "null"]),
    ],
)
def test_values_keep_their_digits(values: list[Any], kind: pa.DataType, texts: list[str]) -> None:
    array = pa.array(values, kind)
    assert json_text(array).to_pylist() == texts
    assert json_text(pa.concat_arrays([array, array]).slice(len(array))).to_pylist() == texts


def test_dictionaries_are_read_through() -> None:
    assert json_text(pa.array(["a", None, "a"]).dictionary_encode()).to_pylist() == ['"a"', "null", '"a"']


def test_extension_types_are_read_as_what_they_are_stored_in() -> None:
    array = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', None]))
    assert json_text(array).to_pylist() == ['"{\\"a\\": 1}"', "null"]


def test_rows_without_columns() -> None:
    batch = pa.RecordBatch.from_struct_array(pa.array([{}, {}], pa.struct([])))
    assert row_text(batch).to_pylist() == ["{}", "{}"]


inner = st.none() | st.integers(-(2**63), 2**63 - 1)
rows = st.lists(
    st.fixed_dictionaries(
        {'q"': st.none() | st.text(max_size=5), "n": st.lists(st.fixed_dictionaries({"i": inner}), max_size=3)}
    )
)


@given(rows, st.data())
def test_rows_are_json_that_reads_back(records: list[dict[str, Any]], data: st.DataObject) -> None:
    kind = pa.schema({'q"': pa.string(), "n": pa.list_(pa.struct({"i": pa.int64()}))})
    batch = pa.RecordBatch.from_pylist(records, schema=kind)
    start = data.draw(st.integers(0, len(records)))
    assert [json.loads(text) for text in row_text(batch.slice(start)).to_pylist()] == records[start:]
