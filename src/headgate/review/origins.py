"""What amendments do to the deliveries that their rows come from: the balance moves, and cases grow smaller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from headgate.core.cases import Act
from headgate.core.decision_document import Rows, as_ranges
from headgate.core.errors import BalanceError, OutdatedError
from headgate.core.naming import DELIVERY, ROW
from headgate.core.overlay import AMENDMENTS, JUDGED, Overlay, is_amendment, published_amendment
from headgate.core.ports import Engine
from headgate.core.reasons import Verdict
from headgate.core.records import Counts, Delivery, ReasonCount
from headgate.core.replacing import replace
from headgate.core.sql import literal
from headgate.core.states import DeliveryState
from headgate.review.verdicts import VERDICTS

KEPT = "_kept_before"  # the quarantine as it stands
LEFT = "_left_before"  # what became of rows of it
_MEANT = "_meant"  # amendment, _delivery, _row: what the decisions speak of
_SETTLED = "_settled"  # the same for rows that leave their case
_Key = tuple[str, str, str, str]  # verdict, code, column, rule


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Origins as they stand once the amendments are in, and how many rows left each of their cases."""

    origins: tuple[Delivery, ...] = ()
    settled: Mapping[str, Mapping[str, int]] = {}


def move_origins(
    engine: Engine,
    ends: Sequence[Delivery],
    origins: Mapping[str, Delivery],
    overlays: Mapping[str, Overlay],
) -> Moved:
    """Take what these amendments settle out of what their origins hold; KEPT and LEFT must be known.

    OutdatedError where a row of theirs does not wait any more: it must never be published twice.
    """
    amendments = [one for one in ends if is_amendment(one)]
    _require_waiting(engine, amendments, origins, {one.id: overlays[one.id].own.rows for one in amendments})
    failed = {one.id: _failed_rows(engine, one, overlays[one.id]) for one in amendments}
    left = {one.id: np.setdiff1d(overlays[one.id].own.rows, failed[one.id], assume_unique=True) for one in amendments}
    before = _reasons_before(engine, amendments, left)
    after = dict(origins)
    settled: dict[str, Counter[str]] = {}
    for one in amendments:
        origin = after[one.facts["origin"]]
        settled.setdefault(origin.id, Counter())[one.facts["case"]] += len(left[one.id])
        after[origin.id] = _amended(origin, one, failed[one.id], before[one.id])
    return Moved(origins=tuple(after.values()), settled=settled)


def _failed_rows(engine: Engine, one: Delivery, overlay: Overlay) -> Rows:
    """Rows that a person let go on, but which still do not pass."""
    if overlay.own.document.act is Act.REJECT:
        return np.empty(0, dtype=np.int64)
    kept = f"verdict IN ({literal(Verdict.HELD)}, {literal(Verdict.REJECTED)})"
    found = engine.table(f"SELECT _row FROM {VERDICTS} WHERE _n = {one.landing_number} AND {kept} ORDER BY _row")
    return np.asarray(found.column("_row").to_numpy(), dtype=np.int64)


def _require_waiting(
    engine: Engine, amendments: Sequence[Delivery], origins: Mapping[str, Delivery], rows: Mapping[str, Rows]
) -> None:
    """Every row must be held in the case that was decided, and have left it by no other decision."""
    for one in amendments:
        origin = origins[one.facts["origin"]]
        if origin.state is not DeliveryState.ARCHIVED:
            raise OutdatedError(
                f"amendment {one.id} is of {origin.id}, which is {origin.state} by now: its rows do not wait any more. "
                "Nothing was published. Next: decide on the cases that are open now."
            )
        if one.facts.get(JUDGED) != origin.facts.get(JUDGED):
            raise OutdatedError(
                f"amendment {one.id} was agreed on before the rows of {origin.id} were checked again: they may not be "
                "what was shown. Nothing was published. Next: decide on the cases that are open now."
            )
    engine.register(_MEANT, _positions(amendments, rows))
    ids = _listed(amendments)
    waiting = (
        f"SELECT m.amendment, count(*) AS waiting FROM {_MEANT} AS m JOIN {KEPT} AS q USING ({DELIVERY}, {ROW}) "
        f"WHERE q.{DELIVERY} IN ({ids}) AND q.verdict = {literal(Verdict.HELD)} AND q._case = m._case "
        f"AND NOT EXISTS (SELECT 1 FROM {LEFT} AS o WHERE o.{DELIVERY} = m.{DELIVERY} AND o.{ROW} = m.{ROW}) "
        "GROUP BY m.amendment"
    )
    counted = dict(engine.rows(waiting))
    for one in amendments:
        if counted.get(one.id, 0) != len(rows[one.id]):
            raise OutdatedError(
                f"amendment {one.id} speaks of {len(rows[one.id])} rows of {one.facts['origin']}, of which only "
                f"{counted.get(one.id, 0)} still wait: the others were decided {_first(engine, one)}. Nothing was "
                "published. Next: decide on the case as it stands now."
            )


def _first(engine: Engine, one: Delivery) -> str:
    """Which amendments took rows of this one."""
    found = engine.rows(
        f"SELECT DISTINCT o._amendment FROM {LEFT} AS o JOIN {_MEANT} AS m USING ({DELIVERY}, {ROW}) "
        f"WHERE m.amendment = {literal(one.id)} ORDER BY 1"
    )
    return f"first, by {', '.join(id_ for (id_,) in found[:3])}" if found else "or checked again meanwhile"


def _positions(amendments: Sequence[Delivery], rows: Mapping[str, Rows]) -> pa.Table:
    sizes = [len(rows[one.id]) for one in amendments]
    repeated = {
        "amendment": [one.id for one in amendments],
        DELIVERY: [one.facts["origin"] for one in amendments],
        "_case": [one.facts["case"] for one in amendments],
    }
    lines = {name: pa.array(np.repeat(values, sizes).tolist(), pa.string()) for name, values in repeated.items()}
    return pa.table(lines | {ROW: pa.array(np.concatenate([rows[one.id] for one in amendments]), pa.int64())})


def _listed(amendments: Sequence[Delivery]) -> str:
    return ", ".join(literal(id_) for id_ in sorted({one.facts["origin"] for one in amendments}))


def _reasons_before(
    engine: Engine, amendments: Sequence[Delivery], left: Mapping[str, Rows]
) -> dict[str, Counter[_Key]]:
    """What stood on the rows that leave, by amendment."""
    found: dict[str, Counter[_Key]] = {one.id: Counter() for one in amendments}
    engine.register(_SETTLED, _positions(amendments, left))
    path = "regexp_replace(reason.\"column\", '\\[[0-9]+\\]', '[]', 'g')"
    listed = engine.rows(
        f"SELECT amendment, verdict, reason.code, {path}, reason.rule, count(DISTINCT {ROW}) FROM ("
        f"SELECT s.amendment, q.{ROW}, q.verdict, unnest(q.reasons) AS reason FROM {KEPT} AS q "
        f"JOIN {_SETTLED} AS s USING ({DELIVERY}, {ROW}) WHERE q.{DELIVERY} IN ({_listed(amendments)})) GROUP BY ALL"
    )
    for amendment, verdict, code, column, rule, rows in listed:
        found[amendment][verdict, code, column, rule] += rows
    return found


def _amended(
    origin: Delivery,
    one: Delivery,
    failed: Rows,
    before: Counter[_Key],
) -> Delivery:
    assert origin.counts is not None
    assert one.counts is not None
    rejected = one.counts.rejected if one.facts["act"] == Act.REJECT.value else 0
    gone = one.counts.received - len(failed)
    counts = Counts(
        received=origin.counts.received,
        accepted=origin.counts.accepted + one.counts.accepted,
        held=origin.counts.held - gone,
        rejected=origin.counts.rejected + rejected,
        duplicate=origin.counts.duplicate + one.counts.duplicate,
        warned=origin.counts.warned + one.counts.warned,
    )
    if not counts.balances or counts.held < 0:
        raise BalanceError(
            f"amendment {one.id} takes {gone} rows out of {origin.id}, which holds {origin.counts.held}: {counts} does "
            "not balance. Nothing of it was published. Next: report this fault with both ids."
        )
    entry = published_amendment(one, as_ranges(failed))
    facts = {**origin.facts, AMENDMENTS: [*origin.facts.get(AMENDMENTS, ()), entry]}
    return replace(origin, counts=counts, facts=facts, reasons=_reasons(origin, one, before))


def _reasons(origin: Delivery, one: Delivery, before: Counter[_Key]) -> tuple[ReasonCount, ...]:
    """The origin's reasons without those of the rows that left, and with what stands on them now."""
    standing: Counter[_Key] = Counter()
    for told in origin.reasons:
        standing[told.verdict, told.code, told.column, told.rule] += told.rows
    standing.subtract(before)
    stays = {Verdict.HELD.value} | (set() if one.facts["act"] == Act.REJECT.value else {Verdict.REJECTED.value})
    for told in one.reasons:
        if told.verdict not in stays:
            standing[told.verdict, told.code, told.column, told.rule] += told.rows
    listed = [
        ReasonCount(verdict=verdict, code=code, column=column, rule=rule, rows=rows)
        for (verdict, code, column, rule), rows in standing.items()
        if rows > 0
    ]
    return tuple(sorted(listed, key=lambda told: (-told.rows, told.code, told.column, told.rule, told.verdict)))
