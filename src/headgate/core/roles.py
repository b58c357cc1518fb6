"""Who may do what: roles give permissions, a grant gives an account a role in one flow or in all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What an account is for. Nobody has a permission that no role of theirs gives."""

    UPLOADER = "uploader"  # sends files and sees what became of them
    REVIEWER = "reviewer"  # decides on what is held
    OPERATOR = "operator"  # keeps flows running: retries, parameters, runs
    ANALYST = "analyst"  # reads tables
    AUDITOR = "auditor"  # reads the log and proves it
    ADMIN = "admin"  # accounts and their roles; decides on no row


class Permission(StrEnum):
    """What a page or a call asks for."""

    SEE = "see"  # deliveries, flows and figures, without personal values
    UPLOAD = "upload"
    DECIDE = "decide"
    OPERATE = "operate"
    QUERY = "query"
    UNMASK = "unmask"  # personal values; each look is an event
    AUDIT = "audit"
    ACCOUNTS = "accounts"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.UPLOADER: frozenset({Permission.UPLOAD}),
    Role.REVIEWER: frozenset({Permission.SEE, Permission.DECIDE, Permission.UNMASK}),
    Role.OPERATOR: frozenset({Permission.SEE, Permission.UPLOAD, Permission.OPERATE}),
    Role.ANALYST: frozenset({Permission.SEE, Permission.QUERY}),
    Role.AUDITOR: frozenset({Permission.SEE, Permission.AUDIT}),
    Role.ADMIN: frozenset({Permission.SEE, Permission.OPERATE, Permission.AUDIT, Permission.ACCOUNTS}),
}


class Grant(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A role in one flow, or in all."""

    role: Role
    flow: str = ""  # empty: in every flow, those to come too
    withheld: tuple[Permission, ...] = ()  # of the role's permissions, by the token that it is used with; never kept

    def permissions(self) -> frozenset[Permission]:
        """What it gives."""
        return PERMISSIONS[self.role].difference(self.withheld)

    def __str__(self) -> str:
        return f"{self.role}:{self.flow}" if self.flow else self.role.value


def may(grants: Iterable[Grant], permission: Permission, flow: str | None = None) -> bool:
    """Whether one of the grants gives the permission: in that flow, or without one in any flow at all."""
    return any(permission in grant.permissions() and (flow is None or grant.flow in {"", flow}) for grant in grants)


def may_everywhere(grants: Iterable[Grant], permission: Permission) -> bool:
    """Whether one of the grants gives the permission in every flow: what concerns the whole project asks for that."""
    return any(permission in grant.permissions() and not grant.flow for grant in grants)


def flows_for(grants: Collection[Grant], permission: Permission, flows: Iterable[str]) -> tuple[str, ...]:
    """Those of the flows in which the grants give the permission, in their order."""
    return tuple(flow for flow in flows if may(grants, permission, flow))


def narrowed(grants: Iterable[Grant], permissions: Collection[Permission], flow: str = "") -> tuple[Grant, ...]:
    """What is left of the grants where only these permissions count, and only in that flow if one is named.

    >>> left = narrowed([Grant(role=Role.REVIEWER), Grant(role=Role.ADMIN, flow="retail")], {Permission.SEE}, "sales")
    >>> [(str(grant), *grant.permissions()) for grant in left]
    [('reviewer:sales', <Permission.SEE: 'see'>)]
    """
    left = []
    for grant in grants:
        kept = grant.permissions().intersection(permissions)
        if kept and (not flow or grant.flow in {"", flow}):
            withheld = tuple(sorted(PERMISSIONS[grant.role] - kept))
            left.append(Grant(role=grant.role, flow=grant.flow or flow, withheld=withheld))
    return tuple(left)


def grant_of(text: str) -> Grant:
    """`reviewer` -> everywhere, `reviewer:sales` -> in one flow; ValueError names the roles there are."""
    role, _, flow = text.partition(":")
    if role not in set(Role):
        raise ValueError(f"{role!r} is no role; there are {', '.join(Role)}.")
    return Grant(role=Role(role), flow=flow)
