"""What waits for somebody: its number for every page, and in few lines for the first; and names of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from headgate.core.canonical import digest
from headgate.core.cases import Case, CaseFilter, CaseGroup
from headgate.core.roles import Permission
from headgate.deciding.desk import Desk
from headgate.web.access import Visitor
from headgate.web.case_words import title

_MOST_OVERDUE = 50
_FIRST = 5  # groups on the first page
_ACCOUNT_UNKNOWN = "an account that is gone"


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for somebody, for the first page."""

    cases: int
    rows: int
    oldest: datetime | None
    due_at: datetime | None
    first: tuple[tuple[str, str, CaseGroup], ...]  # id of the group, its title


def group_id(one: Case | CaseGroup) -> str:
    """A short name of a group in addresses."""
    return digest([one.flow, one.kind.value, one.rule, one.code])[:16]


def count_cases(desk: Desk, which: CaseFilter) -> int:
    """How many cases fit."""
    return sum(group.cases for group in desk.cases.groups(which))


def waiting_for(desk: Desk, who: Visitor) -> int:
    """Open cases in the flows in which the visitor decides."""
    flows = who.flows(Permission.DECIDE)
    return count_cases(desk, CaseFilter(flows=flows)) if flows else 0


def waits_for(desk: Desk, who: Visitor) -> Waits | None:
    """What waits for the visitor, in few lines; None for who decides in no flow."""
    flows = who.flows(Permission.DECIDE)
    if not flows:
        return None
    groups = desk.cases.groups(CaseFilter(flows=flows))
    due = [group.due_at for group in groups if group.due_at is not None]
    return Waits(
        cases=sum(group.cases for group in groups),
        rows=sum(group.rows for group in groups),
        oldest=min((group.opened_at for group in groups), default=None),
        due_at=min(due, default=None),
        first=tuple((group_id(group), title(group), group) for group in groups[:_FIRST]),
    )


def escalated_to(desk: Desk, who: Visitor, now: datetime) -> list[Case]:
    """Cases that nobody decided in time, of flows that escalate to the visitor by name or role; the first due first."""
    flows = tuple(flow for flow in who.flows(Permission.SEE) if _is_named(desk, who, flow))
    found = desk.cases.cases(CaseFilter(flows=flows, overdue_at=now, limit=_MOST_OVERDUE)) if flows else []
    return [case for case in found if not case.asked]


def _is_named(desk: Desk, who: Visitor, flow: str) -> bool:
    policy = desk.platform.flows[flow].review.escalate
    roles = {grant.role.value for grant in who.account.grants if grant.flow in {"", flow}}
    return policy is not None and not {who.account.name, *roles}.isdisjoint(policy.to)


def account_names(desk: Desk, ids: Sequence[str | None]) -> dict[str, str]:
    """Names by id, of accounts that pages speak of."""
    wanted = sorted({id_ for id_ in ids if id_})
    found = {one.id: one.name for one in desk.people.accounts.accounts(ids=wanted)} if wanted else {}
    return {id_: found.get(id_, _ACCOUNT_UNKNOWN if id_.startswith("a-") else id_) for id_ in wanted}
