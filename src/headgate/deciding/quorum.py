"""Whether enough people could agree to a plan: said before it is proposed, not when it has waited for days."""

from __future__ import annotations

from headgate.core.accounts import Account
from headgate.core.voting import deciders, sent
from headgate.deciding.desk import Desk, delivered_of
from headgate.deciding.plan import Plan


def too_few_voters(desk: Desk, planned: Plan, *, by: Account | None) -> str:
    """Why a plan would never have its votes as roles are now; empty where it could. `by` None: somebody who decides."""
    case, origin = planned.case, delivered_of(desk, planned.case)
    voters = [
        one
        for one in deciders(desk.people.accounts.accounts(), case.flow)
        if (origin is None or not sent(one, origin)) and not (planned.edited and by is not None and one.id == by.id)
    ]
    left = len(voters) - (planned.edited and by is None)
    if left >= planned.needed:
        return ""
    have = "nobody has" if left <= 0 else f"only {left} has" if left == 1 else f"only {left} have"
    return (
        f"{planned.needed} must agree, and {have} a vote. Next: give another account a role that decides in flow "
        f"{case.flow} (`headgate accounts add NAME --role reviewer:{case.flow}`)."
    )
