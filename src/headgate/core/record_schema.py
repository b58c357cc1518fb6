"""The Arrow columns of a contract's record, as checking stages them."""

from __future__ import annotations

import pyarrow as pa

from headgate.core.contract import Column, Contract, Kind

UTC = pa.timestamp("us", tz="UTC")
REASON = pa.struct(
    [
        ("code", pa.string()),
        ("column", pa.string()),  # as in the record: items[2].quantity
        ("path", pa.string()),  # as in the contract: items[].quantity
        ("value", pa.string()),
        ("rule", pa.string()),
        ("consequence", pa.string()),
        ("weight", pa.int32()),
        ("place", pa.int32()),  # of the rule in the contract
    ],
)
POSITION = [("_n", pa.int64()), ("_row", pa.int64()), ("_offset", pa.int64()), ("_length", pa.int32())]
FAULTY = pa.schema([*POSITION, ("_raw", pa.string()), ("reasons", pa.list_(REASON))])
_SIMPLE = {
    Kind.STRING: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("us"),
    Kind.TIMESTAMP: UTC,
}


def arrow_type(column: Column) -> pa.DataType:
    """Type of one typed column."""
    if column.kind is Kind.OBJECT:
        return pa.struct([pa.field(child.name, arrow_type(child)) for child in column.children])
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        return pa.list_(arrow_type(column.element))
    if column.kind is Kind.INTEGER:
        return pa.decimal128(20, 0) if column.integer_format == "u64" else pa.int64()
    if column.kind is Kind.DECIMAL:
        return pa.decimal128(column.precision, column.scale)
    return _SIMPLE[column.kind]


def staged_schema(contract: Contract) -> pa.Schema:
    """Columns of staged rows: position, time of landing, the record typed, whether it passed, its text if not."""
    return pa.schema(
        [
            *POSITION,
            ("_now", UTC),
            *((column.name, arrow_type(column)) for column in contract.columns),
            ("_ok", pa.bool_()),
            ("_raw", pa.string()),
        ],
    )
