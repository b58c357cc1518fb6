"""A plan that could never have its votes says so before it is proposed; who wrote a content has no vote on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.harness.office import ANY_SHARE, LIMIT, Office
from tests.harness.small import FLOW, contract, rows_of

from headgate.core.cases import Act, CaseKind, DecisionState
from headgate.core.errors import RefusedVoteError
from headgate.core.roles import Role
from headgate.deciding.changes import plan_change
from headgate.deciding.plan import plan
from headgate.deciding.proposal import Edit
from headgate.deciding.quorum import too_few_voters
from headgate.deciding.votes import agree, propose


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()


def test_a_change_that_two_others_must_agree_to_wants_three(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {rule_changes: 2}\n")
    planned = plan_change(office.desk, "shop", values={"limit": "50"})
    for by in (office.people["ada"], None):
        told = too_few_voters(office.desk, planned, by=by)
        assert told.startswith("2 must agree, and only 1 has a vote. Next: ")
        assert "`headgate accounts add NAME --role reviewer:shop`" in told
    office.add("cyd")
    for by in (office.people["ada"], None):
        assert too_few_voters(office.desk, planned, by=by) == ""


def test_who_only_sends_or_looks_does_not_count(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {rule_changes: 2}\n")
    office.add("cyd", Role.UPLOADER, Role.ANALYST)
    assert too_few_voters(office.desk, plan_change(office.desk, "shop", values={"limit": "50"}), by=None)


def test_who_releases_is_one_of_them_and_who_corrects_is_not(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {votes: 2}\n")
    office.deliver(*rows_of("a", amount=101))
    (case,) = office.cases()
    ada = office.people["ada"]
    assert too_few_voters(office.desk, plan(office.desk, case, Act.RELEASE), by=ada) == ""
    edits = [Edit(row=1, values={"amount": "7"})]
    told = too_few_voters(office.desk, plan(office.desk, case, Act.CORRECT, edits=edits), by=ada)
    assert told.startswith("2 must agree, and only 1 has a vote.")


def test_nobody_votes_for_a_contract_that_is_their_own_text(office: Office) -> None:
    office.write(contract_text=contract(), flow=FLOW)
    office.deliver(*rows_of("a", "b", tier="gold"))
    (case,) = office.cases(kind=CaseKind.DRIFT)
    ada, bob = office.people["ada"], office.people["bob"]
    drafted = plan(office.desk, case, Act.ACCEPT)
    assert not drafted.edited
    given = plan(office.desk, case, Act.ACCEPT, contract=f"# mine\n{drafted.document.contract_text}")
    decision = propose(office.desk, given, by=ada, reason="a tier came")
    assert (decision.state, decision.agreed) == (DecisionState.PROPOSED, ())
    with pytest.raises(RefusedVoteError, match="ada wrote the change"):
        agree(office.desk, decision, by=ada, digest=decision.digest)
    assert agree(office.desk, decision, by=bob, digest=decision.digest).state is DecisionState.DECIDED
