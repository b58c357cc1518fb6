"""Arrow schemas as text in the ledger, and as tables keep them."""

from __future__ import annotations

import base64

import pyarrow as pa


def encode_schema(schema: pa.Schema) -> str:
    """Base64 of the Arrow IPC form."""
    return base64.b64encode(schema.serialize().to_pybytes()).decode()


def decode_schema(text: str) -> pa.Schema:
    """The schema of `encode_schema`'s text."""
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def nullable(schema: pa.Schema) -> pa.Schema:
    """The same columns, each of which may be null: whether a value must be there is the contract's to say.

    Large and view types become the plain ones that every Delta reader knows.
    """
    return pa.schema([pa.field(field.name, _plain(field.type)) for field in schema])


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(kind.field(i).name, _plain(kind.field(i).type)) for i in range(kind.num_fields)])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(pa.field("element", _plain(kind.value_type)))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return kind
