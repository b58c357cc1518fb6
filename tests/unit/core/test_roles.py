"""Who may do what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.roles import (
    PERMISSIONS,
    Grant,
    Permission,
    Role,
    flows_for,
    grant_of,
    may,
    may_everywhere,
    narrowed,
)

SALES = Grant(role=Role.REVIEWER, flow="sales")
ALL = Grant(role=Role.REVIEWER)


def test_every_role_has_permissions_and_every_permission_a_role() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set().union(*PERMISSIONS.values()) == set(Permission)


def test_nothing_is_allowed_without_a_grant() -> None:
    assert not any(may((), permission) for permission in Permission)


def test_a_grant_counts_in_its_flow_only() -> None:
    assert may([SALES], Permission.DECIDE, "sales")
    assert not may([SALES], Permission.DECIDE, "retail")
    assert may([SALES], Permission.DECIDE)
    assert not may_everywhere([SALES], Permission.DECIDE)
    assert may_everywhere([ALL], Permission.DECIDE)
    assert flows_for([SALES], Permission.SEE, ["retail", "sales"]) == ("sales",)
    assert flows_for([ALL], Permission.SEE, ["retail", "sales"]) == ("retail", "sales")


def test_who_gives_roles_decides_on_no_row() -> None:
    assert Permission.DECIDE not in PERMISSIONS[Role.ADMIN]
    assert Permission.UNMASK not in PERMISSIONS[Role.ADMIN]


def test_grants_as_text() -> None:
    assert grant_of("reviewer:sales") == SALES
    assert grant_of("reviewer") == ALL
    assert [str(SALES), str(ALL)] == ["reviewer:sales", "reviewer"]
    with pytest.raises(ValueError, match="'boss' is no role"):
        grant_of("boss")


GRANTS = st.lists(st.builds(Grant, role=st.sampled_from(Role), flow=st.sampled_from(["", "sales", "retail"])))


@given(GRANTS, st.sets(st.sampled_from(Permission)), st.sampled_from(["", "sales", "retail"]))
def test_what_is_left_of_grants_is_what_both_allow(grants: list[Grant], scope: set[Permission], flow: str) -> None:
    left = narrowed(grants, scope, flow)
    for permission in Permission:
        for asked in ("sales", "retail", "another"):
            both = may(grants, permission, asked) and permission in scope and flow in {"", asked}
            assert may(left, permission, asked) == both
        assert may_everywhere(left, permission) == (
            may_everywhere(grants, permission) and permission in scope and not flow
        )
