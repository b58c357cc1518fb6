"""A change of rules is a case: proposed by one, agreed to by others, and in force only as it was agreed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.harness.changed_rules import (
    STRICTER,
    WHY,
    WITH_SHOP,
    agreed,
    change,
    contract_file,
    enacted,
    limit,
    values_in_force,
)
from tests.harness.office import ANY_SHARE, LIMIT, RULES, UNDO_S, Office, counted
from tests.harness.small import FLOW, TASKS, contract, rows_of

from headgate import operations, pipeline
from headgate.core.cases import Act, Case, CaseState, Decision, DecisionState
from headgate.core.errors import ConflictError, ContractError, FlowError, NotFoundError, RefusedVoteError, UsageError
from headgate.core.parameters import vault_name
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.deciding.changes import plan_change
from headgate.deciding.desk import document_of, one_case
from headgate.deciding.execution import execute_due
from headgate.deciding.in_force import lay_beside
from headgate.deciding.plan import plan
from headgate.deciding.saying import say
from headgate.deciding.votes import agree, propose, withdraw


def case_of(office: Office, decision: Decision) -> Case:
    return one_case(office.desk, decision.case)


# ── What can be proposed ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_parameter_gets_the_value_that_was_agreed(office: Office) -> None:
    proposed = change(office, limit="99")
    case = case_of(office, proposed)
    assert (case.kind, case.state, case.delivery, case.rows, case.flow) == ("change", "open", None, 0, "shop")
    assert proposed.agreed == ()
    assert document_of(office.desk, proposed).words == ("parameter limit: 100 becomes 99",)
    assert limit(office).value == "100"
    decided = agreed(office, proposed)
    assert execute_due(office.desk) == []  # it can be undone yet
    assert limit(office).value == "100"
    assert enacted(office, decided).state is DecisionState.EXECUTED
    now = limit(office)
    assert (now.number, now.value, now.set_by, now.reason) == (2, "99", "ada", f"{WHY} (case {case.id})")
    closed = case_of(office, proposed)
    assert (closed.state, closed.note) == ("closed", "the change is in force")
    assert office.execute() == []


def test_the_log_tells_who_agreed_to_which_values(office: Office) -> None:
    decided = agreed(office, change(office, limit="99"))
    enacted(office, decided)
    told = [one for one in office.leaves() if one["type"].startswith(("decision_", "parameter"))]
    assert [one["type"] for one in told][1:] == ["parameter", "decision_executed"]  # the first is the default
    done = told[2]["fields"]
    assert done["digest"] == decided.digest
    assert done["parameters"] == {"limit": 2}
    assert done["votes"] == [office.people["bob"].id]
    assert not any(one.get("delivery") for one in told)
    assert WHY not in str(office.leaves())


def test_a_contract_is_put_in_force_with_what_it_was_agreed_with(office: Office) -> None:
    decided = agreed(office, change(office, contract_text=STRICTER, limit="102"))
    document = document_of(office.desk, decided)
    assert document.words[0] == "contract 1.0.0 becomes 2.0.0"
    assert document.words[-1] == "parameter limit: 100 becomes 102"
    enacted(office, decided)
    assert contract_file(office).read_text() == STRICTER
    assert values_in_force(office) == {"limit": "102"}
    assert office.platform.flows["shop"].contract.version == "2.0.0"
    assert counted(office.deliver(*rows_of("a", amount=101), *rows_of("b", amount=103))) == (2, 1, 1, 0, 0)
    office.open()
    assert office.platform.flows["shop"].contract.version == "2.0.0"


@pytest.mark.parametrize(
    ("text", "values", "kind", "why"),
    [
        (None, {}, UsageError, "says what shall change"),
        (None, {"limit": "100"}, UsageError, "limit is 100 already; nothing would change"),
        (None, {"limit": "0100"}, UsageError, "limit is 100 already; nothing would change"),
        (None, {"limit": "much"}, UsageError, "takes integer, 'much' is none"),
        (None, {"limit": "-1"}, UsageError, "has min 0, '-1' is beyond it"),
        (None, {"limits": "99"}, NotFoundError, "no parameter 'limits'. Did you mean"),
        (contract(rules=RULES), {"limit": "99"}, UsageError, "nothing would change by it"),
        (STRICTER.replace("2.0.0", "1.0.1"), {}, UsageError, "need a rise of"),
        (STRICTER.replace("amount <", "amt <"), {}, ContractError, "amt is no column here"),
        (STRICTER.replace("< $limit", "< $limits"), {}, FlowError, r"uses \$limits, which is not declared"),
        ("version: [", {}, ContractError, "contract.odcs.yaml"),
        (STRICTER.replace("required: true, ", ""), {}, ContractError, "a key that may be missing"),
    ],
)
def test_what_cannot_be_in_force_is_not_proposed(
    office: Office, text: str | None, values: dict[str, str], kind: type[UsageError], why: str
) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT.replace("default", "min: 0, default"))
    with pytest.raises(kind, match=why):
        plan_change(office.desk, "shop", contract=text, values=values)
    assert office.cases() == []


def test_there_is_no_such_flow(office: Office) -> None:
    with pytest.raises(NotFoundError, match=r"no flow 'shopp'\. Did you mean"):
        plan_change(office.desk, "shopp", values={"limit": "99"})


def test_a_dry_run_changes_nothing_and_names_what_is_proposed_then(office: Office) -> None:
    before = len(office.leaves())
    planned = plan_change(office.desk, "shop", values={"limit": "99"})
    assert (len(office.leaves()), office.cases()) == (before, [])
    again = plan_change(office.desk, "shop", values={"limit": "99"})
    assert again.document == planned.document
    assert document_of(office.desk, change(office, limit="99")) == planned.document


def test_a_table_is_kept_when_it_is_proposed(office: Office) -> None:
    rates = 'rates: {type: table, file: rates.csv, key: [kind], value: "rate decimal(6,2)"}'
    flow = FLOW + ANY_SHARE + LIMIT.replace("{limit", f"{{{rates}, limit")
    office.write(flow=flow, files={**TASKS, "rates.csv": "kind,rate\na,1.00\n"})
    with pytest.raises(UsageError, match="cannot be read"):
        plan_change(office.desk, "shop", values={"rates": "kind,ratio\na,1\n"})
    with pytest.raises(UsageError, match="rates is this table already"):
        plan_change(office.desk, "shop", values={"rates": "kind,rate\na,1.00\n"})
    proposed = change(office, rates="kind,rate\na,1.00\nb,2.00\n")
    document = document_of(office.desk, proposed)
    assert document.words == ("parameter rates: a table of 1 lines becomes one of 2",)
    assert office.platform.vault.size(vault_name(document.values["rates"])) == 24
    enacted(office, agreed(office, proposed))
    assert values_in_force(office)["rates"] == document.values["rates"]


# ── Who has a vote ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_proposes_has_no_vote_in_it(office: Office) -> None:
    proposed = change(office, limit="99")
    with pytest.raises(RefusedVoteError, match=r"ada wrote the change: another account must agree.*not counted"):
        agree(office.desk, proposed, by=office.people["ada"], digest=proposed.digest)
    office.execute()
    assert limit(office).value == "100"


def test_fewer_votes_than_the_flow_wants_do_nothing(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {votes: 1, rule_changes: 2}\n")
    office.add("cyd")
    proposed = change(office, limit="99")
    assert proposed.needed == 2
    assert agreed(office, proposed, "bob").state is DecisionState.PROPOSED
    assert agreed(office, proposed, "bob").state is DecisionState.PROPOSED  # one vote, however often
    assert office.execute() == []
    assert limit(office).value == "100"
    enacted(office, agreed(office, proposed, "cyd"))
    assert limit(office).value == "99"


def test_who_does_not_decide_neither_proposes_nor_agrees(office: Office) -> None:
    for role in (Role.OPERATOR, Role.ADMIN, Role.ANALYST):
        with pytest.raises(RefusedVoteError, match=r"in flow shop\. Nothing was proposed"):
            change(office, limit="99", by=office.add(role.value, role).name)
    proposed = change(office, limit="99")
    with pytest.raises(RefusedVoteError, match="no role that decides"):
        agree(office.desk, proposed, by=office.people["operator"], digest=proposed.digest)
    with pytest.raises(RefusedVoteError, match="Nothing was undone"):
        withdraw(office.desk, proposed, by=office.people["operator"])


def test_who_comes_second_is_told_who_was_first(office: Office) -> None:
    first = change(office, limit="99")
    with pytest.raises(ConflictError, match=r"under way already: change of rules, by .*"):
        change(office, limit="98", by="bob")
    with pytest.raises(ConflictError, match="under way already"):
        change(office, limit="99", by="bob")
    assert [one.digest for one in office.desk.cases.decisions()] == [first.digest]


def test_a_proposal_that_is_changed_loses_its_votes(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {rule_changes: 2}\n")
    for name in ("cyd", "dan"):
        office.add(name)
    first = agreed(office, change(office, limit="99"), "bob")
    second = change(office, limit="98", by="cyd", instead=first)
    assert (second.case, second.number) == (first.case, first.number)
    assert [vote.void for vote in second.votes] == [f"{office.people['cyd'].id} changed the proposal"]
    with pytest.raises(ConflictError, match="was changed since it was shown"):
        agree(office.desk, second, by=office.people["dan"], digest=first.digest)
    for name in ("ada", "cyd"):  # both wrote it
        with pytest.raises(RefusedVoteError, match="wrote the change"):
            agree(office.desk, second, by=office.people[name], digest=second.digest)
    enacted(office, agreed(office, second, "bob", "dan"))
    assert limit(office).value == "98"


def test_a_change_is_taken_back_until_it_is_due(office: Office) -> None:
    decided = agreed(office, change(office, limit="99"))
    say(office.desk, case_of(office, decided), by=office.people["bob"], text="wait for the season")
    with pytest.raises(UsageError, match="no sender to ask"):
        say(office.desk, case_of(office, decided), by=office.people["bob"], text="why?", question=True)
    ended = withdraw(office.desk, decided, by=office.people["ada"])
    case = case_of(office, decided)
    assert (ended.state, case.state, case.note) == ("withdrawn", "closed", "ada took it back")
    assert office.execute() == []
    assert limit(office).value == "100"
    again = change(office, limit="99")  # the rules are as they were: the same case, opened again
    assert (again.case, again.number) == (decided.case, 2)
    assert case_of(office, again).state is CaseState.OPEN


def test_a_case_of_a_change_is_decided_as_a_whole(office: Office) -> None:
    proposed = change(office, limit="99")
    for act in Act:
        with pytest.raises(UsageError, match="no case in which rules are changed row by row"):
            plan(office.desk, case_of(office, proposed), act)


def test_it_is_due_when_the_flow_says(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {within: 4h}\n")
    case = case_of(office, change(office, limit="99"))
    assert case.due_at == case.opened_at + timedelta(hours=4)


# ── What voids it ────────────────────────────────────────────────────────────────────────────────────────────────────
def contract_by_hand(office: Office) -> str:
    """While the process works on: it is read again from the folder."""
    contract_file(office).write_text(STRICTER)
    return "the contract is "


def contract_by_hand_and_opened(office: Office) -> str:
    office.write(contract_text=STRICTER)
    return "the contract is "


def comments_in_the_contract(office: Office) -> str:
    """They say nothing of rules; but what somebody wrote would be written over."""
    with contract_file(office).open("a") as stream:
        stream.write("# seen\n")
    return "contract.odcs.yaml"


def contract_broken(office: Office) -> str:
    contract_file(office).write_text("version: [")
    return "contract.odcs.yaml has"


def parameter(office: Office) -> str:
    operations.change_parameter(office.platform, "shop", "limit", "98", set_by="command", reason="less")
    return "parameter limit has version 2 by now, agreed was version 1"


def bounds(office: Office) -> str:
    office.write(flow=FLOW + ANY_SHARE + LIMIT.replace("default", "min: 100, default"))
    return "has min 100, '99' is beyond it"


def role(office: Office) -> str:
    accounts = office.desk.people.accounts
    (bob,) = accounts.accounts(name="bob")
    accounts.change(replace(bob, grants=(Grant(role=Role.ANALYST),)), Event(type="grants_changed"), at=office.now)
    return "1 of 1 votes count no more"


def account(office: Office) -> str:
    accounts = office.desk.people.accounts
    (bob,) = accounts.accounts(name="bob")
    accounts.change(replace(bob, disabled_at=office.now), Event(type="disabled"), at=office.now)
    return "1 of 1 votes count no more"


def expired(office: Office) -> str:
    office.now += timedelta(days=8)
    return "it was not executed in time"


def document(office: Office) -> str:
    place = office.project / "vault" / vault_name(office.desk.cases.decisions()[-1].digest)
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().replace(b'"99"', b'"97"'))
    return "was changed in the vault: nobody agreed to what it says now"


def flow_gone(office: Office) -> str:
    (office.project / "flows" / "shop").rename(office.project / "flows" / "other")
    office.open()
    return "has no flow shop"


CHANGES = [
    contract_by_hand,
    contract_by_hand_and_opened,
    contract_broken,
    parameter,
    bounds,
    role,
    account,
    expired,
    document,
    flow_gone,
]


@pytest.mark.parametrize("what", CHANGES, ids=lambda what: what.__name__)
def test_what_changed_since_it_was_agreed_voids_it(office: Office, what: Callable[[Office], str]) -> None:
    decided = agreed(office, change(office, limit="99"))
    why = what(office)
    before = values_in_force(office)
    (ended,) = office.execute()
    assert ended.state is DecisionState.VOID
    assert why in ended.note
    assert values_in_force(office) == before
    assert before["limit"] != "99"
    assert case_of(office, decided).state is CaseState.CLOSED
    assert execute_due(office.desk) == []


def test_a_parameter_that_the_flow_does_not_have_any_more(office: Office) -> None:
    office.write(flow=FLOW + ANY_SHARE + LIMIT.replace("{limit", "{cap: {type: integer, default: 5}, limit"))
    agreed(office, change(office, cap="6"))
    office.write()
    (ended,) = office.execute()
    assert ended.state is DecisionState.VOID
    assert ended.note == "flow shop has no parameter cap by now"
    assert values_in_force(office) == {"limit": "100", "cap": "5"}


@pytest.mark.parametrize(
    "what", [contract_by_hand, comments_in_the_contract, parameter, role, account], ids=lambda what: what.__name__
)
def test_nor_is_its_contract_written(office: Office, what: Callable[[Office], str]) -> None:
    agreed(office, change(office, contract_text=WITH_SHOP))
    what(office)
    written = contract_file(office).read_text()
    assert [one.state for one in office.execute()] == [DecisionState.VOID]
    assert contract_file(office).read_text() == written != WITH_SHOP
    assert list(contract_file(office).parent.glob(".contract*")) == []


def test_too_few_votes_in_time(office: Office) -> None:
    proposed = change(office, limit="99")
    office.now += timedelta(days=7)
    (ended,) = execute_due(office.desk)
    assert (ended.state, ended.note) == ("void", "not enough people agreed in time")
    assert case_of(office, proposed).state is CaseState.CLOSED


def test_an_account_that_is_gone_from_the_votes_takes_only_its_own(office: Office) -> None:
    office.add("cyd")
    office.write(flow=FLOW + ANY_SHARE + LIMIT + "review: {rule_changes: 2}\n")
    decided = agreed(office, change(office, limit="99"), "bob", "cyd")
    account(office)
    (ended,) = office.execute()
    assert (ended.state, ended.note) == ("void", "1 of 2 votes count no more")
    void = [vote for vote in office.desk.cases.decisions([decided.case])[0].votes if vote.void]
    assert [vote.void for vote in void] == ["bob is disabled."]


# ── What goes on by it ───────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_held_for_drift_goes_on_under_the_new_contract(office: Office) -> None:
    held = office.deliver(*rows_of("a", shop="here"))
    assert held.held_for == ("unknown_column",)
    enacted(office, agreed(office, change(office, contract_text=WITH_SHOP)))
    pipeline.resume(office.platform)
    pipeline.work(office.platform)
    after = office.delivery(held.id)
    assert (after.state, counted(after)) == ("archived", (1, 1, 0, 0, 0))
    assert office.cases() == []


def test_a_change_and_a_drift_that_is_accepted_first(office: Office) -> None:
    """Both speak of the contract as it was: the second is void."""
    office.deliver(*rows_of("a", shop="here"))
    decided = agreed(office, change(office, limit="99"))
    drift = plan(office.desk, office.case("unknown_column"), Act.ACCEPT)
    propose(office.desk, drift, by=office.people["bob"], reason="new")
    office.now += timedelta(seconds=UNDO_S)
    ended = {one.act: one.state for one in execute_due(office.desk)}
    assert sorted(ended.values()) == ["executed", "void"]
    assert decided.act in ended


# ── Cut off ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def cut_off(office: Office) -> Decision:
    """A change of both, by a process that is killed between the execution and the contract."""
    decided = agreed(office, change(office, contract_text=STRICTER, limit="99"))
    office.now += timedelta(seconds=UNDO_S)
    document = document_of(office.desk, decided)
    assert lay_beside(office.platform, document) == ""
    return office.desk.cases.enact(
        decided.case, 1, problem="", parameters=document.parameters, values=document.values, at=office.now
    )


def test_the_next_process_completes_what_was_executed(office: Office) -> None:
    executed = cut_off(office)
    assert (limit(office).value, contract_file(office).read_text() == STRICTER) == ("99", False)
    office.open()
    assert execute_due(office.desk) == [executed]
    assert contract_file(office).read_text() == STRICTER
    assert execute_due(office.desk) == []
    assert list(contract_file(office).parent.glob(".contract*")) == []


def test_what_a_person_wrote_between_is_not_written_over(office: Office) -> None:
    cut_off(office)
    office.write(contract_text=WITH_SHOP)
    assert execute_due(office.desk) == []
    assert contract_file(office).read_text() == WITH_SHOP
    (left,) = contract_file(office).parent.glob(".contract*.left")
    assert left.read_text() == STRICTER
