"""Which gold tasks can be brought forward by merging: additive figures of new rows joined to those that stand.

A task is additive if it is one SELECT over one silver table, grouped by the target's key, whose other columns are
sums, counts, minima or maxima. Sums of DECIMAL are exact, so merged figures equal a full recomputation to the digit.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate.core.sql import quoted


class Merging(msgspec.Struct, frozen=True, kw_only=True):
    """How an additive task's results are joined: a column's name -> sum, min or max; the rest is the key."""

    source: str
    key: tuple[str, ...]
    columns: Mapping[str, str]

    def sql(self, standing: str, added: str, types: Mapping[str, str]) -> str:
        """SQL of the merged table; `types` keep each column as it was."""
        key = ", ".join(quoted(name) for name in self.key)
        merged = ", ".join(
            f"CAST({self.columns[name]}({quoted(name)}) AS {kind}) AS {quoted(name)}"
            if name in self.columns
            else quoted(name)
            for name, kind in types.items()
        )
        names = ", ".join(quoted(name) for name in types)
        both = f"SELECT {names} FROM {standing} UNION ALL SELECT {names} FROM {added}"
        return f"SELECT {merged} FROM ({both}) GROUP BY {key}"
