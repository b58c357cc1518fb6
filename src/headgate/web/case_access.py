"""Which cases somebody may see, and who may decide on them; looks at personal values are events."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from headgate.core.cases import Case
from headgate.core.errors import NotFoundError
from headgate.core.flow import Flow
from headgate.core.records import Event
from headgate.core.roles import Permission
from headgate.deciding.desk import one_case
from headgate.serve.record_form import is_personal
from headgate.web.access import Visitor, refuse
from headgate.web.site import site_of


def seen_case(request: Request, who: Visitor, id_: str) -> Case:
    """The case, where its flow is one of the visitor's.

    NotFoundError else, in the same words as where there is none; that it was asked for is an event.
    """
    return _case(request, who, id_, Permission.SEE)


def decided_case(request: Request, who: Visitor, id_: str) -> Case:
    """The same, for somebody who decides in its flow; RefusedError for who sees it and does not.

    The desk asks what the account may, when votes are counted: that a token may less is asked here. One that decides
    finds the case without seeing rows of it.
    """
    case = _case(request, who, id_, Permission.SEE, Permission.DECIDE)
    if not who.may(Permission.DECIDE, case.flow):
        what = f"{who.account.name} has no role that decides in flow {case.flow}."
        raise refuse(request, who, Permission.DECIDE, what)
    return case


def decided_flow(request: Request, who: Visitor, name: str) -> Flow:
    """The flow, for somebody who decides in it; RefusedError for who sees it and does not, NotFoundError else."""
    if name in who.known_flows and who.may(Permission.DECIDE, name):
        return site_of(request).platform.flows[name]
    if name in who.known_flows and who.may(Permission.SEE, name):
        raise refuse(request, who, Permission.DECIDE, f"{who.account.name} has no role that decides in flow {name}.")
    if name in who.known_flows:
        refuse(request, who, Permission.DECIDE, "")
    raise NotFoundError(f"There is no flow {name[:80]!r} among yours.")


def require_value(request: Request, who: Visitor, case: Case, value: str | None) -> None:
    """RefusedError where rows are chosen by a personal value that the visitor may not see; an event where they may.

    Whether any row holds a value tells the value to who guesses.
    """
    contract = site_of(request).desk.platform.flows[case.flow].contract
    if value is not None and is_personal(contract, case.column):
        sees_personal(request, who, case)
        personal_seen(request, who, case, [case.column])


def _case(request: Request, who: Visitor, id_: str, *permissions: Permission) -> Case:
    """The case, for who has one of the permissions in its flow."""
    told = f"There is no case {id_[:40]!r} in your flows. Next: look at the inbox."
    try:
        case = one_case(site_of(request).desk, id_)
    except NotFoundError as error:
        raise NotFoundError(told) from error
    if case.flow in who.known_flows and any(who.may(one, case.flow) for one in permissions):
        return case
    refuse(request, who, permissions[-1], "")
    raise NotFoundError(told)


def personal_seen(request: Request, who: Visitor, case: Case, columns: Iterable[str]) -> None:
    """Write that somebody was shown personal values: which columns of which case, and no value."""
    site = site_of(request)
    fields = {"account": who.account.id, "case": case.id, "columns": sorted(set(columns))}
    event = Event(type="personal_seen", delivery=case.delivery, fields=fields)
    site.people.accounts.tell(event, at=site.people.clock())


def sees_personal(request: Request, who: Visitor, case: Case) -> bool:
    """True where the visitor may see personal values of the case's flow; RefusedError else, and an event."""
    if not who.may(Permission.UNMASK, case.flow):
        what = f"{who.account.name} may not see personal values of flow {case.flow}."
        raise refuse(request, who, Permission.UNMASK, what)
    return True
