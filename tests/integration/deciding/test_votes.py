"""Who may agree, when it counts, and what can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.harness import proof
from tests.harness.office import ANY_SHARE, LIMIT, UNDO_S, Office, counted
from tests.harness.project import all_deliveries, arrived
from tests.harness.small import FLOW, rows_of, write_rows

from headgate import operations, pipeline
from headgate.core.cases import Act, Decision, DecisionState
from headgate.core.decision_document import document_digest
from headgate.core.errors import ConflictError, RefusedVoteError, UsageError
from headgate.core.parameters import vault_name
from headgate.core.records import Move
from headgate.core.replacing import replace
from headgate.core.roles import Role
from headgate.core.states import DeliveryState
from headgate.deciding.desk import document_of, under_way
from headgate.deciding.execution import execute_due
from headgate.deciding.plan import ALL, Plan, plan
from headgate.deciding.proposal import Edit
from headgate.deciding.saying import say
from headgate.deciding.votes import agree, propose, withdraw


def test_who_sent_a_delivery_neither_proposes_nor_agrees(office: Office) -> None:
    """`ada` sent the file under her name; `cyd` answers for another by a link that she made."""
    file = write_rows(office.folder / "x", "x.json", rows_of("a", amount=102))
    pipeline.take_in([replace(one, sender="ada") for one in arrived([file])], office.platform, "r-1")
    pipeline.work(office.platform)
    cyd = office.add("cyd")
    (one,) = all_deliveries(office.platform)
    office.platform.ledger.advance(
        [Move(after=replace(one, facts={**one.facts, "delivered_by": cyd.id}), event="linked")], at=office.now
    )
    planned = plan(office.desk, office.case(), Act.RELEASE)
    for name in ("ada", "cyd"):
        with pytest.raises(UsageError, match="who delivered does not decide on it"):
            propose(office.desk, planned, by=office.people[name], reason="mine")
    decision = office.proposed(office.case(), Act.CORRECT, edits={1: {"amount": "7"}}, by="bob")
    for name in ("ada", "cyd"):
        with pytest.raises(RefusedVoteError, match="who delivered does not decide on it"):
            agree(office.desk, decision, by=office.people[name], digest=decision.digest)
        with pytest.raises(UsageError, match="Nothing was undone"):
            withdraw(office.desk, decision, by=office.people[name])
    assert under_way(office.desk, office.case()) == decision


def test_who_has_no_role_neither_proposes_nor_agrees(office: Office) -> None:
    office.deliver(*rows_of("a", amount=102))
    for name, role in (("op", Role.OPERATOR), ("boss", Role.ADMIN), ("up", Role.UPLOADER)):
        with pytest.raises(UsageError, match="has no role that decides in flow shop"):
            office.proposed(office.case(), Act.RELEASE, by=office.add(name, role).name)
    decision = office.proposed(office.case(), Act.CORRECT, edits={1: {"amount": "7"}})
    with pytest.raises(RefusedVoteError, match="no role that decides"):
        agree(office.desk, decision, by=office.people["boss"], digest=decision.digest)


def test_who_wrote_a_correction_does_not_agree_to_it(office: Office) -> None:
    office.deliver(*rows_of("a", amount=102))
    decision = office.proposed(office.case(), Act.CORRECT, edits={1: {"amount": "7"}})
    assert (decision.state, decision.votes) == (DecisionState.PROPOSED, ())
    with pytest.raises(RefusedVoteError, match="ada edited the rows"):
        agree(office.desk, decision, by=office.people["ada"], digest=decision.digest)
    changed = propose(
        office.desk,
        plan(office.desk, office.case(), Act.CORRECT, edits=[Edit(row=1, values={"amount": "9"})]),
        by=office.people["bob"],
        reason="nine",
        instead=decision.digest,
    )
    for name in ("ada", "bob"):
        with pytest.raises(RefusedVoteError, match="edited the rows"):
            agree(office.desk, changed, by=office.people[name], digest=changed.digest)
    assert agree(office.desk, changed, by=office.add("cyd"), digest=changed.digest).state is DecisionState.DECIDED


def test_too_few_votes_do_nothing(office: Office) -> None:
    """From two rows on three people must agree."""
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {votes: 1, votes_above: {rows: 2, votes: 3}}\n")
    office.deliver(*rows_of("a", "b", amount=102))
    office.add("cyd")
    assert plan(office.desk, office.case(), Act.RELEASE, selection=replace(ALL, rows=(1,))).needed == 1
    decision = office.proposed(office.case(), Act.RELEASE)
    decision = agree(office.desk, decision, by=office.people["bob"], digest=decision.digest)
    assert (decision.needed, len(decision.agreed), decision.state) == (3, 2, DecisionState.PROPOSED)
    assert office.execute() == []
    assert len(all_deliveries(office.platform)) == 1
    decision = agree(office.desk, decision, by=office.people["cyd"], digest=decision.digest)
    assert [one.state for one in office.execute()] == [DecisionState.EXECUTED]


def test_what_too_few_agreed_to_in_time_is_void(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {votes: 2, valid: 1h}\n")
    office.deliver(*rows_of("a", amount=102))
    decision = office.proposed(office.case(), Act.RELEASE)
    office.now = decision.expires_at - timedelta(seconds=1)
    assert execute_due(office.desk) == []
    office.now = decision.expires_at
    (ended,) = execute_due(office.desk)
    assert (ended.state, ended.note) == (DecisionState.VOID, "not enough people agreed in time")


def test_a_changed_proposal_voids_the_votes_for_what_it_was(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {votes: 2}\n")
    office.deliver(*rows_of("a", "b", amount=102))
    first = office.proposed(office.case(), Act.RELEASE)
    planned = plan(office.desk, office.case(), Act.RELEASE, selection=replace(ALL, rows=(2,)))
    second = propose(office.desk, planned, by=office.people["ada"], reason="only b", instead=first.digest)
    assert {(vote.digest == second.digest, bool(vote.void)) for vote in second.votes} == {(False, True), (True, False)}
    with pytest.raises(ConflictError, match="changed since it was shown"):
        agree(office.desk, second, by=office.people["bob"], digest=first.digest)
    assert office.execute() == []
    assert agree(office.desk, second, by=office.people["bob"], digest=second.digest).state is DecisionState.DECIDED


def test_somebody_else_was_first(office: Office) -> None:
    office.deliver(*rows_of("a", "b", amount=102))
    planned = plan(office.desk, office.case(), Act.RELEASE)
    office.decided(office.case(), Act.REJECT)
    with pytest.raises(ConflictError, match="has a decision under way already: reject 2 rows"):
        propose(office.desk, planned, by=office.people["bob"], reason="mine")


def test_a_decision_is_undone_until_it_is_due_and_not_after(office: Office) -> None:
    office.deliver(*rows_of("a", amount=102))
    first = office.decided(office.case(), Act.RELEASE)
    office.now += timedelta(seconds=UNDO_S - 1)
    assert execute_due(office.desk) == []
    undone = withdraw(office.desk, first, by=office.people["bob"], note="on second thought")
    assert (undone.state, undone.note, undone.due_at) == (DecisionState.WITHDRAWN, "on second thought", None)
    assert office.execute() == []
    second = office.decided(office.case(), Act.RELEASE)
    assert second.number == 2
    assert [one.state for one in office.execute()] == [DecisionState.EXECUTED]
    with pytest.raises(ConflictError, match="is executed already"):
        withdraw(office.desk, second, by=office.people["bob"])
    pipeline.work(office.platform)
    assert counted(all_deliveries(office.platform)[0]) == (1, 1, 0, 0, 0)


def test_rows_that_were_published_meanwhile_are_not_decided_again(office: Office) -> None:
    office.deliver(*rows_of("a", "b", amount=102))
    planned = plan(office.desk, office.case(), Act.RELEASE, selection=replace(ALL, rows=(1,)))
    office.settle(office.case(), Act.RELEASE, rows=[1])
    propose(office.desk, planned, by=office.people["bob"], reason="again")
    (ended,) = office.execute()
    assert ended.state is DecisionState.VOID
    assert "is not what was shown" in ended.note
    assert counted(all_deliveries(office.platform)[0]) == (2, 1, 1, 0, 0)


def proposed_unseen(office: Office, planned: Plan) -> Decision:
    """What is entered by a process that looked just before another one executed the first decision."""
    content, bob = planned.document.encoded(), office.people["bob"]
    digest = document_digest(content)
    office.platform.vault.put(vault_name(digest), [content])
    entered = office.desk.cases.propose(
        Decision(
            case=planned.case.id,
            number=0,
            act=planned.document.act,
            digest=digest,
            rows=planned.rows,
            reason="both",
            proposed_by=bob.id,
            editors=(),
            needed=planned.needed,
            state=DecisionState.PROPOSED,
            proposed_at=office.now,
            expires_at=office.now + timedelta(days=1),
        ),
        instead=None,
        at=office.now,
    )
    return agree(office.desk, entered, by=bob, digest=digest)


def test_rows_that_two_decisions_speak_of_are_published_once(office: Office) -> None:
    """The second was planned before the first was executed: it is refused, and void where it was proposed already."""
    origin = office.deliver(*rows_of("a", "b", amount=102))
    planned = plan(office.desk, office.case(), Act.RELEASE)
    office.decided(office.case(), Act.RELEASE, rows=[1])
    office.execute()
    with pytest.raises(ConflictError, match=r"row 1 of case c-\w+ was decided first: decision 1 of it, release"):
        propose(office.desk, planned, by=office.people["bob"], reason="both")
    proposed_unseen(office, planned)
    (done,) = office.execute()
    assert (done.number, done.state) == (2, DecisionState.VOID)
    assert "was decided first: decision 1 of it, release" in done.note
    pipeline.work(office.platform)
    assert counted(office.delivery(origin.id)) == (2, 1, 1, 0, 0)
    assert not [one for one in all_deliveries(office.platform) if one.state is DeliveryState.FAILED]


def test_a_failed_amendment_whose_rows_were_decided_anew_is_refused_once_it_is_tried_again(office: Office) -> None:
    origin = office.deliver(*rows_of("a", "b", amount=102))
    first = office.decided(office.case(), Act.RELEASE, rows=[1])
    (done,) = office.execute()
    place = office.project / "vault" / vault_name(first.digest)
    place.rename(place.with_name("aside"))
    pipeline.work(office.platform)
    failed = office.delivery(done.amendment or "")
    assert failed.state is DeliveryState.FAILED
    place.with_name("aside").rename(place)
    second = office.settle(office.case(), Act.REJECT)
    operations.retry(office.platform, [failed])
    pipeline.work(office.platform)
    refused = office.delivery(failed.id)
    assert refused.state is DeliveryState.REFUSED
    assert f"of which only 0 still wait: the others were decided first, by {second.id}." in refused.note
    told = {one.number: (one.state, one.note) for one in office.desk.cases.decisions([first.case])}
    assert told == {1: (DecisionState.VOID, refused.note), 2: (DecisionState.EXECUTED, "")}
    (event,) = [one for one in office.leaves() if one["type"] == "decision_void"]
    assert event["fields"]["amendment"] == failed.id
    assert counted(office.delivery(origin.id)) == (2, 0, 0, 2, 0)
    assert proof.faults(office.platform, "shop") == []


def test_rows_that_are_about_to_be_published_are_left_out(office: Office) -> None:
    """They stand in their case until their amendment is in; others of it can be decided meanwhile."""
    origin = office.deliver(*rows_of("a", "b", "c", amount=102))
    office.decided(office.case(), Act.RELEASE, rows=[2])
    office.execute()
    with pytest.raises(ConflictError, match=r"row 2 of case c-\w+ was decided, and is about to be published"):
        plan(office.desk, office.case(), Act.REJECT, selection=replace(ALL, rows=(1, 2)))
    assert office.decided(office.case(), Act.REJECT).rows == 2
    office.execute()
    with pytest.raises(UsageError, match="no row of case"):
        plan(office.desk, office.case(), Act.RELEASE)
    pipeline.work(office.platform)
    assert counted(office.delivery(origin.id)) == (3, 1, 0, 2, 0)
    assert office.cases() == []


@pytest.mark.parametrize("reason", ["", " \n", "x" * 10_001])
def test_a_decision_says_why(office: Office, reason: str) -> None:
    office.deliver(*rows_of("a", amount=102))
    with pytest.raises(UsageError, match="needs a reason"):
        propose(office.desk, plan(office.desk, office.case(), Act.RELEASE), by=office.people["ada"], reason=reason)
    with pytest.raises(UsageError, match="1 to 10,000 characters"):
        say(office.desk, office.case(), by=office.people["ada"], text=reason)
    assert office.desk.cases.decisions() == []


def test_the_document_of_a_decision_says_all_that_was_agreed(office: Office) -> None:
    origin = office.deliver(*rows_of("a", "b", amount=102), *rows_of("c", amount=101))
    document = document_of(office.desk, office.proposed(office.case(), Act.RELEASE))
    flow = office.platform.flows["shop"]
    assert document.delivery_sha256 == origin.sha256
    assert document.contract == flow.contract.digest
    assert document.parameters == {"limit": 1}
    assert document.rows == ((1, 3),)
    digests = {rule.id: rule.digest for rule in flow.contract.rules}
    both = (("even", digests["even"]), ("limited", digests["limited"]))
    assert {waiver.rules: waiver.rows for waiver in document.waives} == {both: ((1, 2),), both[1:]: ((3, 3),)}


def test_no_event_holds_words_names_or_values(office: Office) -> None:
    office.deliver(*rows_of("kept-apart", amount=1002))
    decision = office.proposed(office.case(), Act.CORRECT, edits={1: {"amount": "77"}})
    say(office.desk, office.case(), by=office.people["bob"], text="looks-like-a-typo", question=True)
    agree(office.desk, decision, by=office.people["bob"], digest=decision.digest)
    office.execute()
    pipeline.work(office.platform)
    log = b"".join(office.platform.ledger.leaves()).decode()
    for word in ("kept-apart", "1002", ":77", '"77"', "ada", "bob", "because", "typo"):
        assert word not in log, word
