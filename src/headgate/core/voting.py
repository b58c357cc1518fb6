"""Who has a vote on a decision: asked when somebody votes, and again when the decision is executed."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.core.accounts import Account
from headgate.core.cases import Act, Decision
from headgate.core.records import Delivery
from headgate.core.roles import Permission, may

DELIVERED_BY = "delivered_by"  # fact of a delivery: the account that answers for it, where the sender is none


def deciders(accounts: Iterable[Account], flow: str) -> list[Account]:
    """The accounts that decide in a flow."""
    return [one for one in accounts if one.disabled_at is None and may(one.grants, Permission.DECIDE, flow)]


def refusal(account: Account, decision: Decision, origin: Delivery | None, *, flow: str) -> str:
    """Why the account has no vote in the flow; empty where it has one. A change of rules has no `origin`."""
    if account.disabled_at is not None:
        return f"{account.name} is disabled."
    if not may(account.grants, Permission.DECIDE, flow):
        return f"{account.name} has no role that decides in flow {flow}."
    if origin is not None and (account.name == origin.sender or account.id == origin.facts.get(DELIVERED_BY)):
        return f"{account.name} sent {origin.id}: who delivered does not decide on it."
    if account.id in decision.editors:
        what = "wrote the change" if decision.act is Act.CHANGE else "edited the rows"
        return f"{account.name} {what}: another account must agree to what it wrote."
    return ""
