"""Schemas as the ledger and the tables keep them."""

from __future__ import annotations

import pyarrow as pa

from headgate.core.arrow_schema import decode_schema, encode_schema, nullable

TEXTS = pa.struct([pa.field("t", pa.large_string(), nullable=False)])
SCHEMA = pa.schema([pa.field("a", pa.string_view(), nullable=False), ("b", pa.large_list(TEXTS)), ("c", pa.int8())])


def test_a_schema_comes_back_from_its_text() -> None:
    assert decode_schema(encode_schema(SCHEMA)).equals(SCHEMA)


def test_tables_keep_plain_types_that_may_be_null() -> None:
    element = pa.field("element", pa.struct([("t", pa.string())]))
    assert nullable(SCHEMA) == pa.schema([("a", pa.string()), ("b", pa.list_(element)), ("c", pa.int8())])
