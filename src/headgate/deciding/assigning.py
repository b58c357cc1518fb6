"""Who is responsible for a case."""

from __future__ import annotations

from headgate.core.accounts import Account
from headgate.core.cases import Case
from headgate.core.errors import UsageError
from headgate.core.roles import Permission, may
from headgate.deciding.desk import Desk
from headgate.people import one_account


def assign(desk: Desk, case: Case, name: str | None, *, by: Account) -> Case:
    """Make the account of that name or id responsible, or nobody; UsageError for one that does not decide there."""
    chosen = None if name is None else one_account(desk.people, name)
    if chosen is not None and chosen.disabled_at is not None:
        raise UsageError(f"{chosen.name} is disabled. Next: choose somebody who decides in flow {case.flow}.")
    if chosen is not None and not may(chosen.grants, Permission.DECIDE, case.flow):
        raise UsageError(f"{chosen.name} does not decide in flow {case.flow}. Next: choose somebody who does.")
    return desk.cases.assign(case.id, None if chosen is None else chosen.id, by=by.id, at=desk.people.clock())
