"""What people decided about staged rows: waived rules count as warnings, rejected rows are out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headgate.core.cases import DISCARDED, REVIEW_RULE
from headgate.core.contract import Contract
from headgate.core.overlay import Overlay
from headgate.core.ports import Engine
from headgate.core.reasons import WEIGHT, Consequence
from headgate.core.row_reasons import ReasonSql
from headgate.core.sql import literal

DISCARDS = "_discards"  # _n, _row: rows that a person rejected
_WAIVED = "_waived"  # _n, _row, rules
_PLACE = 100_001  # behind every rule of a contract
_HOLD, _WARN = WEIGHT[Consequence.HOLD], WEIGHT[Consequence.WARN]

REASON_OF_DISCARDED = ReasonSql(
    code=literal(DISCARDED),
    column="''",
    path="''",
    value="NULL",
    rule=REVIEW_RULE,
    consequence=Consequence.REJECT,
    place=_PLACE,
).text


class Decided:
    """The overlays of staged deliveries, by landing number, as relations of one engine."""

    def __init__(self, engine: Engine, contract: Contract, overlays: Mapping[int, Overlay]) -> None:
        waived = [(n, rule, rows) for n, one in overlays.items() for rule, rows in one.waived(contract)]
        rejected = [(n, one.rejected()) for n, one in overlays.items()]
        self.whole = tuple(sorted(n for n, one in overlays.items() if one.discarded))
        self.waives = bool(waived)
        self.discards = any(len(rows) for _, rows in rejected)
        if self.waives:
            lines = pa.table(
                {
                    "_n": _numbers([(n, rows) for n, _, rows in waived]),
                    "_row": pa.array(np.concatenate([rows for _, _, rows in waived])),
                    "rule": pa.array(
                        [rule for _, rule, rows in waived for _ in range(len(rows))], pa.string()
                    ).dictionary_encode(),
                }
            )
            engine.register("_waived_lines", lines)
            each = "SELECT _n, _row, list(CAST(rule AS VARCHAR)) AS rules FROM _waived_lines GROUP BY _n, _row"
            engine.define(_WAIVED, each, keep=True)
        if self.discards:
            rows = np.concatenate([rows for _, rows in rejected])
            engine.register(DISCARDS, pa.table({"_n": _numbers(rejected), "_row": pa.array(rows)}))

    def waived(self, rows: str, others: str) -> str:
        """SQL of `rows` (reasons, weight and the columns `others`), in which waived rules count as warnings."""
        if not self.waives:
            return f"SELECT {others}, reasons, weight FROM {rows}"
        milder = (
            "{'code': _r.code, 'column': _r.\"column\", 'path': _r.path, 'value': _r.\"value\", 'rule': _r.rule, "
            f"'consequence': {literal(Consequence.WARN)}, 'weight': {_WARN}, 'place': _r.place}}"
        )
        reasons = (
            f"CASE WHEN w.rules IS NULL THEN j.reasons ELSE list_transform(j.reasons, lambda _r: "
            f"CASE WHEN _r.weight = {_HOLD} AND list_contains(w.rules, _r.rule) THEN {milder} ELSE _r END) END"
        )
        carried = ", ".join(f"j.{name.strip()}" for name in others.split(","))
        return (
            f"SELECT *, list_max([_m.weight FOR _m IN reasons]) AS weight FROM (SELECT {carried}, {reasons} AS reasons "
            f"FROM {rows} AS j LEFT JOIN {_WAIVED} AS w ON w._n = j._n AND w._row = j._row)"
        )

    def rejected(self, staged: str) -> str:
        """SQL of positions and the reason of rows that a person rejected; empty where there are none."""
        conditions = []
        if self.discards:
            conditions.append(f"(r._n, r._row) IN (SELECT (_n, _row) FROM {DISCARDS})")
        if self.whole:
            conditions.append(f"r._n IN ({', '.join(map(str, self.whole))})")
        if not conditions:
            return ""
        return (
            f"SELECT r._n, r._row, r._offset, r._length, {REASON_OF_DISCARDED} AS reason FROM {staged} AS r "
            f"WHERE {' OR '.join(conditions)}"
        )


def _numbers(parts: list[tuple[int, npt.NDArray[np.int64]]]) -> pa.Array:
    return pa.array(np.repeat([n for n, _ in parts], [len(rows) for _, rows in parts]), pa.int64())
