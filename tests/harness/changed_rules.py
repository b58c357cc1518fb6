"""Changes of rules in an office: proposed by `ada`, agreed to by others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.harness.office import RULES, Office
from tests.harness.small import COLUMNS, contract

from headgate.core.cases import Decision, DecisionState
from headgate.core.records import ParameterVersion
from headgate.deciding.changes import plan_change
from headgate.deciding.votes import agree, propose

WHY = "the season ada-speaks-of"
STRICTER = contract(rules=RULES.replace("<= $limit", "< $limit")).replace("version: 1.0.0", "version: 2.0.0")
"""Holds what reaches the limit too."""
WITH_SHOP = contract(columns=f"{COLUMNS}      - {{name: shop}}\n", rules=RULES).replace("1.0.0", "1.1.0")
"""Names a column that rows may bring."""


def change(
    office: Office,
    *,
    contract_text: str | None = None,
    by: str = "ada",
    instead: Decision | None = None,
    **values: str,
) -> Decision:
    """A change of rules that is proposed."""
    planned = plan_change(office.desk, "shop", contract=contract_text, values=values)
    return propose(
        office.desk, planned, by=office.people[by], reason=WHY, instead=instead.digest if instead is not None else None
    )


def agreed(office: Office, decision: Decision, *names: str) -> Decision:
    """The decision after these people agreed to it; `bob` where nobody is named."""
    for name in names or ("bob",):
        decision = agree(office.desk, decision, by=office.people[name], digest=decision.digest)
    return decision


def enacted(office: Office, decision: Decision) -> Decision:
    """The decision after its time for undo; executed or void."""
    assert decision.state is DecisionState.DECIDED
    (ended,) = office.execute()
    return ended


def limit(office: Office) -> ParameterVersion:
    """The limit's newest version."""
    return office.platform.ledger.parameters("shop", "limit")[-1]


def contract_file(office: Office) -> Path:
    return office.project / "flows" / "shop" / "contract.odcs.yaml"


def values_in_force(office: Office) -> Mapping[str, str]:
    return {one.name: one.value for one in office.platform.ledger.parameters("shop")}
