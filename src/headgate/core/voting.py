"""Who has a vote on a decision: asked when somebody votes, and again when the decision is executed."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.core.accounts import Account
from headgate.core.cases import Act, Decision
from headgate.core.records import DELIVERED_BY, Delivery
from headgate.core.roles import Permission, may


def deciders(accounts: Iterable[Account], flow: str) -> list[Account]:
    """The accounts that decide in a flow."""
    return [one for one in accounts if one.disabled_at is None and may(one.grants, Permission.DECIDE, flow)]


def sent(account: Account, origin: Delivery) -> bool:
    """Whether the account answers for the delivery: then it has no vote on it."""
    return account.name == origin.sender or account.id == origin.facts.get(DELIVERED_BY)


def refusal(account: Account, decision: Decision, origin: Delivery | None, *, flow: str) -> str:
    """Why the account has no vote in the flow; empty where it has one. A change of rules has no `origin`."""
    if account.disabled_at is not None:
        return f"{account.name} is disabled."
    if not may(account.grants, Permission.DECIDE, flow):
        return f"{account.name} has no role that decides in flow {flow}."
    if origin is not None and sent(account, origin):
        return f"{account.name} sent {origin.id}: who delivered does not decide on it."
    if account.id in decision.editors:
        what = "wrote the change" if decision.act in {Act.ACCEPT, Act.CHANGE} else "edited the rows"
        return f"{account.name} {what}: another account must agree to what it wrote."
    return ""
