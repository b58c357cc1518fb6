"""From what DuckDB tells about a written Parquet file to the neutral statistics of a staged file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_BOUND_CHARACTERS = 64  # longer bounds are left out: cutting a maximum needs care, leaving it out needs none


def column_stats(columns: Mapping[str, Mapping[str, str]] | None) -> dict[str, Any]:
    """Bounds as text and null counts of the top-level columns: `{"min": {…}, "max": {…}, "nulls": {…}}`.

    DuckDB names a column `"a"` and a nested one `"a"."b"`; only exact bounds are taken.
    """
    lowest: dict[str, str] = {}
    highest: dict[str, str] = {}
    nulls: dict[str, int] = {}
    for path, facts in (columns or {}).items():
        if '"."' in path:
            continue
        name = path[1:-1].replace('""', '"')
        if "null_count" in facts:
            nulls[name] = int(facts["null_count"])
        if facts.get("min_is_exact") == "true" and facts.get("max_is_exact") == "true":
            low, high = facts["min"], facts["max"]
            if len(low) <= MAX_BOUND_CHARACTERS and len(high) <= MAX_BOUND_CHARACTERS:
                lowest[name], highest[name] = low, high
    return {"min": lowest, "max": highest, "nulls": nulls}
