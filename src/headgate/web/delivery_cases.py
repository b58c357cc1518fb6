"""What people have to decide about a delivery and what they decided: its cases, its amendments, or what it amends."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate.core.cases import Case, CaseFilter, CaseKind, Decision, DecisionState
from headgate.core.overlay import is_amendment, origin_of
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.roles import Permission
from headgate.core.states import DeliveryState
from headgate.deciding.desk import Desk
from headgate.web.access import Visitor
from headgate.web.canal import Returned
from headgate.web.waiting import account_names, group_id

_PUBLISHED = (DeliveryState.PUBLISHED, DeliveryState.ARCHIVED)


class Amended(msgspec.Struct, frozen=True, kw_only=True):
    """One decision that took effect."""

    decision: Decision
    case: Case
    delivery: Delivery | None  # the amendment; None where the delivery itself went on
    receipt: int  # number of its newest receipt; 0 for none

    @property
    def done(self) -> str:
        """Released, corrected, rejected or accepted."""
        return {"release": "released", "correct": "corrected", "reject": "rejected"}.get(self.decision.act, "accepted")


class DeliveryCases(msgspec.Struct, frozen=True, kw_only=True):
    """The cases of a delivery."""

    open: tuple[Case, ...]
    amended: tuple[Amended, ...]  # of an origin all, of an amendment its own
    origin: Delivery | None  # of an amendment
    names: Mapping[str, str]
    may_decide: bool

    @property
    def by_reason(self) -> dict[tuple[str, str], Case]:
        """Open cases of rows by rule and code."""
        return {(case.rule, case.code): case for case in self.open if case.kind is CaseKind.ROWS}

    @property
    def whole(self) -> Case | None:
        """The open case of a delivery that is held as a whole."""
        return next((case for case in self.open if case.kind is not CaseKind.ROWS), None)

    @property
    def review(self) -> str:
        """Where what waits is decided: the one case, or the inbox at the one due first; empty where nothing waits."""
        if not self.open:
            return ""
        first = self.open[0]
        return f"/cases/{first.id}" if len(self.open) == 1 else f"/inbox?group={group_id(first)}&case={first.id}"

    @property
    def returned(self) -> Returned | None:
        """Rows that are published by amendments; None of an amendment, whose rows are these."""
        if self.origin is not None:
            return None
        made = [one.delivery for one in self.amended if one.delivery and one.delivery.state in _PUBLISHED]
        found = [one.counts.accepted for one in made if one.counts]
        return Returned(rows=sum(found), amendments=sum(rows > 0 for rows in found))


def read_delivery_cases(desk: Desk, who: Visitor, one: Delivery) -> DeliveryCases:
    """The cases of a delivery that the visitor may see, and what became of those that were decided."""
    amends = is_amendment(one)
    origin = _delivery(desk, origin_of(one)) if amends else None
    about = origin or one
    cases = {case.id: case for case in desk.cases.cases(CaseFilter(delivery=about.id, state=None))}
    came = (DecisionState.EXECUTED, DecisionState.VOID) if amends else (DecisionState.EXECUTED,)
    executed = desk.cases.decisions(list(cases), states=came) if cases else []
    decisions = sorted(executed, key=lambda decision: decision.due_at or decision.proposed_at)
    if amends:
        decisions = [decision for decision in decisions if decision.amendment == one.id]
    found = _amendments(desk, [decision.amendment for decision in decisions if decision.amendment != about.id])
    receipts = {receipt.delivery: receipt.number for receipt in desk.platform.ledger.receipts(tuple(found))}
    speakers = [decision.proposed_by for decision in decisions]
    speakers += [vote.account for decision in decisions for vote in decision.votes]
    return DeliveryCases(
        open=() if amends else tuple(case for case in cases.values() if case.state == "open"),
        amended=tuple(
            Amended(
                decision=decision,
                case=cases[decision.case],
                delivery=found.get(decision.amendment or ""),
                receipt=receipts.get(decision.amendment or "", 0),
            )
            for decision in decisions
        ),
        origin=origin,
        names=account_names(desk, speakers),
        may_decide=one.flow is not None and who.may(Permission.DECIDE, one.flow),
    )


def origins_of(desk: Desk, deliveries: list[Delivery]) -> dict[str, Delivery]:
    """The delivery that each of these amendments is of, by the amendment's id."""
    wanted = {one.id: origin_of(one) for one in deliveries if is_amendment(one)}
    if not wanted:
        return {}
    ids = tuple(sorted(set(wanted.values())))
    known = {one.id: one for one in desk.platform.ledger.deliveries(DeliveryFilter(ids=ids))}
    return {id_: known[origin] for id_, origin in wanted.items()}


def _delivery(desk: Desk, id_: str) -> Delivery:
    return desk.platform.ledger.deliveries(DeliveryFilter(ids=(id_,)))[0]


def _amendments(desk: Desk, ids: list[str | None]) -> dict[str, Delivery]:
    wanted = tuple(id_ for id_ in ids if id_)
    return {one.id: one for one in desk.platform.ledger.deliveries(DeliveryFilter(ids=wanted))} if wanted else {}
