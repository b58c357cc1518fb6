"""Rows of a case that were decided and are not yet published: they stand in the case, and are nobody's to decide."""

from __future__ import annotations

import numpy as np

from headgate.core.cases import Case, Decision, DecisionState
from headgate.core.decision_document import Rows, as_rows
from headgate.core.ports import DeliveryFilter
from headgate.core.states import DeliveryState
from headgate.deciding.desk import Desk, document_of

GOING = (DeliveryState.LANDED, DeliveryState.CHECKED, DeliveryState.PUBLISHING)


def on_the_way(desk: Desk, case: Case) -> list[tuple[Decision, Rows]]:
    """Executed decisions whose amendment is made and not yet published, each with its rows."""
    made = {
        one.amendment: one
        for one in desk.cases.decisions([case.id], states=(DecisionState.EXECUTED,))
        if one.amendment is not None
    }
    going = desk.platform.ledger.deliveries(DeliveryFilter(ids=tuple(made), states=GOING)) if made else []
    return [(made[one.id], as_rows(document_of(desk, made[one.id]).rows)) for one in going]


def rows_on_the_way(desk: Desk, case: Case) -> Rows:
    """The rows of all of them, rising."""
    rows = [taken for _, taken in on_the_way(desk, case)]
    return np.sort(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)


def taken_first(desk: Desk, case: Case, rows: Rows) -> str:
    """Which decision has some of these rows already, as a sentence without its end; empty where none has."""
    for decision, taken in on_the_way(desk, case):
        if len(both := np.intersect1d(rows, taken, assume_unique=True)):
            others = f" (and {len(both) - 1} more)" if len(both) > 1 else ""
            return (
                f"row {both[0]}{others} of case {case.id} was decided first: decision {decision.number} of it, "
                f"{decision.act}, is about to be published"
            )
    return ""
