"""Content digest of a table: the same for the same rows, whatever the files, the order and the engine.

A row is the RFC 8785 array of its columns in the order of their names, without those that begin with `_`: decimals as
text at the column's scale; integers, dates, times and floats as text (floats in their shortest form that reads back
the same), timestamps as UTC with six digits and Z, NULL as null. The row's hash is the SHA-256 of that array, the
table's the SHA-256 over the row hashes, 32 bytes each, in rising order, duplicates kept.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from headgate.core.ports import Engine, FileSet
from headgate.core.sql import literal, quoted

_RELATION = "_digested"
_BATCH_ROWS = 20_000
_SHORT = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_LONG = {chr(code): f"\\u{code:04x}" for code in range(32) if chr(code) not in _SHORT}


def table_digest(engine: Engine, data: FileSet) -> str:
    """64 hex digits for the rows of a table; memory follows the engine's limit, not the rows."""
    engine.register(_RELATION, data)
    try:
        total = hashlib.sha256()
        row = row_text(data.schema)
        sql = f"SELECT h FROM (SELECT sha256({row}) AS h FROM {quoted(_RELATION)}) ORDER BY h"
        for batch in engine.stream(sql, batch_rows=_BATCH_ROWS):
            total.update(bytes.fromhex(_joined(batch.column(0))))
        return total.hexdigest()
    finally:
        engine.drop(_RELATION)


def _joined(hashes: pa.Array) -> str:
    whole = pa.ListArray.from_arrays(pa.array([0, len(hashes)], pa.int32()), hashes.cast(pa.string()))
    text: str = pc.binary_join(whole, "")[0].as_py()
    return text


def row_text(schema: pa.Schema) -> str:
    """SQL of a row's canonical text."""
    names = sorted(name for name in schema.names if not name.startswith("_"))
    return _array([_value(quoted(name), schema.field(name).type, depth=0) for name in names])


def _array(values: list[str]) -> str:
    return f"concat('[', {', '.join(_parted(values))}, ']')" if values else "'[]'"


def _parted(values: list[str]) -> list[str]:
    return [part for place, value in enumerate(values) for part in (["','"] if place else []) + [value]]


def _value(sql: str, kind: pa.DataType, *, depth: int) -> str:
    """SQL of the JSON text of one value, never NULL."""
    return f"CASE WHEN {sql} IS NULL THEN 'null' ELSE {_known(sql, kind, depth=depth)} END"


def _known(sql: str, kind: pa.DataType, *, depth: int) -> str:
    if pa.types.is_boolean(kind):
        return f"CASE WHEN {sql} THEN 'true' ELSE 'false' END"
    if pa.types.is_struct(kind):
        fields = sorted(kind, key=lambda field: field.name)
        values = [
            f"concat({literal(_quoted_name(field.name))}, ':', "
            f"{_value(f'{sql}.{quoted(field.name)}', field.type, depth=depth)})"
            for field in fields
        ]
        return f"concat('{{', {', '.join(_parted(values))}, '}}')"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        each = f"_d{depth}"
        inner = _value(each, kind.value_type, depth=depth + 1)
        return f"concat('[', array_to_string(list_transform({sql}, lambda {each}: {inner}), ','), ']')"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return f"""concat('"', {_escaped(sql)}, '"')"""
    if pa.types.is_timestamp(kind):
        text = f"strftime(timezone('UTC', {sql}), '%Y-%m-%dT%H:%M:%S.%fZ')"
        return f"""concat('"', {text}, '"')"""
    return f"""concat('"', CAST({sql} AS VARCHAR), '"')"""


def _quoted_name(name: str) -> str:
    return '"' + "".join((_SHORT | _LONG).get(letter, letter) for letter in name) + '"'


def _escaped(sql: str) -> str:
    """RFC 8785 escapes; nearly no text needs any."""
    text = sql
    for letter, escape in (_SHORT | _LONG).items():
        found = literal(letter) if letter.isprintable() else f"chr({ord(letter)})"
        text = f"replace({text}, {found}, {literal(escape)})"
    return f"CASE WHEN regexp_matches({sql}, '[\\x00-\\x1f\\\\\"]') THEN {text} ELSE {sql} END"
