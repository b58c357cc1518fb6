"""Statistics of a Delta `add` action, by which readers skip files (Delta protocol, "Per-file Statistics")."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from headgate.core.ports import ColumnBounds
from headgate.core.records import StagedFile

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?\+00")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
SAFE_DIGITS = 15  # a JSON number with more may lose its last ones in a reader


def delta_stats(file: StagedFile, schema: pa.Schema) -> str:
    """JSON text of the file's statistics; a bound that cannot be told exactly in JSON is left out."""
    bounds: dict[str, dict[str, Any]] = {"min": {}, "max": {}}
    for side, values in bounds.items():
        for name, text in file.stats.get(side, {}).items():
            if name in schema.names and (bound := _bound(text, schema.field(name).type)) is not None:
                values[name] = bound
    nulls = {name: count for name, count in file.stats.get("nulls", {}).items() if name in schema.names}
    return json.dumps(
        {"numRecords": file.rows, "minValues": bounds["min"], "maxValues": bounds["max"], "nullCount": nulls},
    )


def column_bounds(table: DeltaTable) -> dict[str, ColumnBounds]:
    """What the statistics of all files together tell; a bound that one file lacks is told for none."""
    actions = pa.table(table.get_add_actions(flatten=True))
    names = [field.name for field in table.schema().fields]
    return {name: _told(actions, name) for name in names if f"null_count.{name}" in actions.column_names}


def _told(actions: pa.Table, name: str) -> ColumnBounds:
    nulls = actions.column(f"null_count.{name}").to_pylist()
    rows = actions.column("num_records").to_pylist()
    full = [place for place, (count, none) in enumerate(zip(rows, nulls, strict=True)) if count != none]
    sides: dict[str, list[Any]] = {}
    for side in ("min", "max"):
        named = f"{side}.{name}"
        values = actions.column(named).to_pylist() if named in actions.column_names else []
        bounds = [values[place] for place in full] if values else []  # a file of nulls has no bounds, and needs none
        sides[side] = bounds if None not in bounds else []
    return ColumnBounds(
        nulls=sum(nulls) if None not in nulls else None,
        low=min(sides["min"], default=None),
        high=max(sides["max"], default=None),
    )


def _bound(text: str, kind: pa.DataType) -> str | int | float | None:
    if pa.types.is_string(kind):
        return text
    if pa.types.is_integer(kind):
        return int(text)
    if pa.types.is_decimal(kind):
        digits = text.replace("-", "").replace(".", "")
        return float(text) if len(digits) <= SAFE_DIGITS else None
    if pa.types.is_timestamp(kind):
        found = _TIMESTAMP.fullmatch(text)
        return f"{found[1]}T{found[2]}{found[3] or ''}Z" if found else None
    if pa.types.is_date(kind):
        return text if _DATE.fullmatch(text) else None
    return None
