"""Rows that came by an amendment: marked in silver, and told in the table of outcomes."""

from __future__ import annotations

import pyarrow as pa

from headgate.core.batches import ReviewedBatch
from headgate.core.cases import Act
from headgate.core.naming import ACCEPTED, AMENDMENT, DELIVERY, ROW
from headgate.core.overlay import Laid, is_amendment
from headgate.core.ports import Engine, FileSet
from headgate.core.quarantine_schema import QUARANTINE_SCHEMA
from headgate.core.reasons import Verdict
from headgate.core.sql import literal

AMENDED = "_amended"  # _delivery (the origin), _row, _amendment, _case, act: rows of this publication
_OUTCOME = {Act.RELEASE: "released", Act.CORRECT: "corrected", Act.REJECT: "discarded"}


def register_amended(engine: Engine, batch: ReviewedBatch) -> bool:
    """Make AMENDED known; False where no row of the publication came by an amendment."""
    parts = [
        _lines(batch.overlays[one.id].origin, laid)
        for one in batch.deliveries
        if one.id in batch.overlays
        for laid in batch.overlays[one.id].standing
    ]
    if not parts:
        return False
    engine.register(AMENDED, pa.concat_tables(parts))
    return True


def with_amendment(sql: str) -> str:
    """A silver statement with the column that names each row's amendment; NULL where it came with the delivery."""
    return (
        f"SELECT _t.*, _a.{AMENDMENT} FROM ({sql}) AS _t LEFT JOIN {AMENDED} AS _a "
        f"ON _a.{DELIVERY} = _t.{DELIVERY} AND _a.{ROW} = _t.{ROW}"
    )


def outcomes_sql(engine: Engine, batch: ReviewedBatch) -> str:
    """What becomes of the rows that this publication's amendments speak of; those that did not pass stay held."""
    own = pa.table(
        {
            "_n": pa.array([one.landing_number for one in batch.deliveries if is_amendment(one)], pa.int64()),
            AMENDMENT: pa.array([one.id for one in batch.deliveries if is_amendment(one)], pa.string()),
        }
    )
    engine.register("_own", own)
    act = " ".join(f"WHEN {literal(act.value)} THEN {literal(word)}" for act, word in _OUTCOME.items())
    passed = _line(f"CASE a.act {act} END")
    accepted = (
        f"{passed} FROM {AMENDED} AS a JOIN _own USING ({AMENDMENT}) "
        f"JOIN {ACCEPTED} AS r ON r.{DELIVERY} = a.{DELIVERY} AND r.{ROW} = a.{ROW}"
    )
    files = tuple(file.path for file in batch.quarantine)
    if not files:
        return accepted
    engine.register("_kept_now", FileSet(paths=files, schema=QUARANTINE_SCHEMA))
    duplicate, rejected = literal(Verdict.DUPLICATE), literal(Verdict.REJECTED)
    stopped = _line(f"CASE q.verdict WHEN {duplicate} THEN {duplicate} ELSE {literal(_OUTCOME[Act.REJECT])} END")
    return (
        f"{accepted} UNION ALL {stopped} FROM {AMENDED} AS a "
        f"JOIN _kept_now AS q ON q.{DELIVERY} = a.{AMENDMENT} AND q.{ROW} = a.{ROW} "
        f"WHERE q.verdict = {duplicate} OR (q.verdict = {rejected} AND a.act = {literal(Act.REJECT)})"
    )


def _line(outcome: str) -> str:
    return f"SELECT a.{DELIVERY}, a.{ROW}, {outcome} AS outcome, a.{AMENDMENT}, a._case"


def _lines(origin: str, laid: Laid) -> pa.Table:
    count = len(laid.rows)
    values = {DELIVERY: origin, AMENDMENT: laid.amendment, "_case": laid.document.case, "act": laid.document.act.value}
    constant = {name: pa.repeat(pa.scalar(value, pa.string()), count) for name, value in values.items()}
    return pa.table(constant | {ROW: pa.array(laid.rows, pa.int64())})
