"""Arrow columns as JSON text, column by column: no loop over rows.

Integers and decimals keep their digits, floats their shortest form that reads back the same, NaN and infinities are
text since JSON has none, dates and times are ISO 8601 (times with a zone in UTC, with Z), binary is base64.
"""

from __future__ import annotations

import base64
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_CONTROL = r"[\x00-\x1f]"


def json_text(array: pa.Array) -> pa.Array:
    """JSON text of each value; null is `null`."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return json_text(array.dictionary_decode())
    if isinstance(array, pa.ExtensionArray):
        return json_text(array.storage)
    if pa.types.is_map(kind):
        return json_text(
            array.cast(pa.list_(pa.struct([kind.key_field.with_name("key"), kind.item_field.with_name("value")])))
        )
    if pa.types.is_struct(kind):
        text = _object(array)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        text = _list(array)
    else:
        text = _scalar(array)
    return pc.if_else(array.is_valid(), text, "null")


def row_text(batch: pa.RecordBatch) -> pa.StringArray:
    """Each row of a batch as a JSON object."""
    if batch.num_columns == 0:
        return pa.array(["{}"] * batch.num_rows, pa.string())
    return _members([field.name for field in batch.schema], batch.columns)


def _scalar(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return pc.cast(array, pa.string())
    if pa.types.is_floating(kind):
        text = pc.cast(array, pa.string())
        return pc.if_else(pc.is_finite(array), text, _quoted(text))
    if pa.types.is_duration(kind):
        return pc.cast(pc.cast(array, pa.int64()), pa.string())
    return _quoted(_inside_quotes(array))


def _inside_quotes(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_timestamp(kind):
        return _timestamp(array)
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        return pc.cast(array, pa.string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _escaped(pc.cast(array, pa.string()))
    # Arrow has no kernel for base64: the one loop over values here, for columns of bytes only
    values = [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]
    return pa.array(values, pa.string())


def _timestamp(array: pa.Array) -> pa.Array:
    if array.type.tz is None:
        return pc.strftime(array, format="%Y-%m-%dT%H:%M:%S")
    return pc.strftime(array.cast(pa.timestamp(array.type.unit, "UTC")), format="%Y-%m-%dT%H:%M:%SZ")


def _quoted(text: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', text, '"', "")


def _escaped(text: pa.Array) -> pa.Array:
    for sign, written in (("\\", "\\\\"), ('"', '\\"')):
        text = pc.replace_substring(text, pattern=sign, replacement=written)
    if pc.any(pc.match_substring_regex(text, pattern=_CONTROL)).as_py():
        for code in range(0x20):
            text = pc.replace_substring(text, pattern=chr(code), replacement=f"\\u{code:04x}")
    return text


def _list(array: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(array) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    elements = json_text(array.flatten())
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), elements), ",")
    return pc.binary_join_element_wise("[", joined, "]", "")


def _object(array: pa.StructArray) -> pa.Array:
    fields = list(array.type)
    if not fields:
        return pa.array(["{}"] * len(array), pa.string())
    return _members([field.name for field in fields], array.flatten())


def _members(names: list[str], columns: list[pa.Array]) -> pa.Array:
    parts: list[str | pa.Array] = []
    for name, column in zip(names, columns, strict=True):
        parts += ["," if parts else "{", f"{json.dumps(name, ensure_ascii=False)}:", json_text(column)]
    return pc.binary_join_element_wise(*parts, "}", "")
