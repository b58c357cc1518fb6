"""Which case each held row is in: the first hold rule in contract order that it breaks leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pyarrow as pa

from headgate.core.cases import WHOLE_DELIVERY, CaseKind, opening
from headgate.core.flow import Flow
from headgate.core.overlay import is_amendment
from headgate.core.ports import Engine
from headgate.core.reasons import DRIFT, WEIGHT, Consequence, ReasonCode, Verdict
from headgate.core.records import CaseOpening, Delivery
from headgate.core.replacing import replace
from headgate.core.sql import literal
from headgate.core.states import DeliveryState
from headgate.review.verdicts import VERDICTS

CASE_IDS = "_case_ids"  # _n, rule, code, id
GOES_ON_BY_ITSELF = frozenset({ReasonCode.TABLE_MISSING})


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The cases of each delivery, and whether single rows are in one."""

    cases: Mapping[str, tuple[CaseOpening, ...]]
    of_rows: bool


def find_cases(engine: Engine, flow: Flow, ends: Sequence[Delivery]) -> Opened:
    """The cases that stand once these deliveries are in; defines CASE_IDS where rows are in one."""
    found = {one.id: _whole(one) if one.state is DeliveryState.HELD else () for one in ends}
    going = {one.landing_number: one for one in ends if _has_held_rows(one)}
    if going:
        counted: dict[str, dict[str, CaseOpening]] = {}
        ids: dict[tuple[int, str, str], str] = {}
        for n, rule, code, path, rows in engine.rows(_counted(list(going))):
            one = opening(going[n].id, kind=CaseKind.ROWS, rule=rule, code=code, column=path, rows=rows)
            of_delivery = counted.setdefault(going[n].id, {})
            before = of_delivery.get(one.id)  # one rule may stand on several columns: all its rows are one case
            of_delivery[one.id] = one if before is None else replace(before, rows=before.rows + rows)
            ids[n, rule, code] = one.id
        found |= {id_: tuple(cases.values()) for id_, cases in counted.items()}
        engine.register(CASE_IDS, _ids(ids))
    within = flow.review.within_s
    return Opened(
        cases={id_: tuple(replace(case, within_s=within) for case in cases) for id_, cases in found.items()},
        of_rows=bool(going),
    )


def _has_held_rows(one: Delivery) -> bool:
    """Whether single rows of a delivery wait; what an amendment could not let go stays in the origin's case."""
    return one.state is DeliveryState.PUBLISHED and bool(one.counts and one.counts.held) and not is_amendment(one)


def _whole(one: Delivery) -> tuple[CaseOpening, ...]:
    if set(one.held_for) <= GOES_ON_BY_ITSELF or one.counts is None:
        return ()
    kind = CaseKind.DRIFT if DRIFT & set(one.held_for) else CaseKind.DELIVERY
    code = next(code for code in one.held_for if code not in GOES_ON_BY_ITSELF)
    return (opening(one.id, kind=kind, rule=WHOLE_DELIVERY, code=code, column="", rows=one.counts.received),)


def _counted(numbers: Sequence[int]) -> str:
    """SQL: held rows of these deliveries by what leads."""
    listed = ", ".join(map(str, numbers))
    leads = (
        f"SELECT _n, {lead_sql('reasons')} AS lead FROM {VERDICTS} "
        f"WHERE verdict = {literal(Verdict.HELD)} AND _n IN ({listed})"
    )
    return (
        f"SELECT _n, lead.rule, lead.code, lead.path, count(*) FROM ({leads}) GROUP BY ALL ORDER BY 1, 5 DESC, 2, 3, 4"
    )


def lead_sql(reasons: str) -> str:
    """SQL of the reason that leads: of the hold rules that are broken the first in contract order.

    A struct with rule, code and path; computed row by row, so that a million held rows need no memory of their own.
    """
    hold = WEIGHT[Consequence.HOLD]
    fields = "{'place': _r.place, 'column': _r.\"column\", 'rule': _r.rule, 'code': _r.code, 'path': _r.path}"
    return f"list_min(list_transform(list_filter({reasons}, lambda _r: _r.weight = {hold}), lambda _r: {fields}))"


def _ids(ids: Mapping[tuple[int, str, str], str]) -> pa.Table:
    return pa.table(
        {
            "_n": pa.array([n for n, _, _ in ids], pa.int64()),
            "rule": pa.array([rule for _, rule, _ in ids], pa.string()),
            "code": pa.array([code for _, _, code in ids], pa.string()),
            "id": pa.array(list(ids.values()), pa.string()),
        }
    )
