"""What every keeper of cases must do with changes of rules: cases that no delivery brings about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.test_cases import AT, LATER, WORDS, Book, in_threads, parameter

from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.adapters.sqlite_case_book import SqliteCases
from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.cases import (
    RULE_CHANGE,
    WHOLE_FLOW,
    Act,
    Case,
    CaseFilter,
    CaseKind,
    CaseState,
    Comment,
    Decision,
    DecisionState,
    change_id,
)
from headgate.core.errors import ConflictError, RefusedVoteError
from headgate.core.ports import DeliveryFilter
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.states import DeliveryState

CASE = Case(
    id=change_id("sales", "c1", {"limit": 1}),
    flow="sales",
    delivery=None,
    kind=CaseKind.CHANGE,
    rule=WHOLE_FLOW,
    code=RULE_CHANGE,
    column="",
    rows=0,
    left=0,
    contract="c1",
    state=CaseState.OPEN,
    opened_at=AT,
    due_at=AT + timedelta(hours=4),
)


class Rules:
    """A book whose accounts change the limit of a flow."""

    def __init__(self, book: Book) -> None:
        self.book = book
        book.ledger.set_parameter(parameter("100"))

    def propose(self, *, instead: str | None = None, **changes: Any) -> Decision:  # noqa: ANN401  fields
        decision = Decision(
            case=CASE.id,
            number=0,
            act=Act.CHANGE,
            digest="d" * 64,
            rows=0,
            reason=WORDS,
            proposed_by="a-ada",
            editors=("a-ada",),
            needed=2,
            state=DecisionState.PROPOSED,
            proposed_at=AT,
            expires_at=AT + timedelta(days=7),
        )
        return self.book.cases.propose(replace(decision, **changes), instead=instead, at=AT, opens=CASE)

    def decide(self, **changes: Any) -> Decision:  # noqa: ANN401  fields
        proposed = self.propose(**changes)
        self.book.vote(proposed, "bob")
        return self.book.vote(proposed, "cyd")

    def enact(self, decision: Decision, *, problem: str = "", **values: str) -> Decision:
        return self.book.cases.enact(
            decision.case,
            decision.number,
            problem=problem,
            parameters={"limit": 1},
            values=values or {"limit": "99"},
            at=LATER,
        )

    @property
    def case(self) -> Case:
        (found,) = self.book.cases.cases(CaseFilter(kind=CaseKind.CHANGE, state=None))
        return found

    @property
    def values(self) -> list[tuple[str, str, str]]:
        return [(one.value, one.set_by, one.reason) for one in self.book.ledger.parameters("sales", "limit")]


class RuleChangesContract:
    """Inherit, and give `rules`: of a fresh book."""

    def test_a_proposal_opens_its_case(self, rules: Rules) -> None:
        proposed = rules.propose()
        assert rules.case == CASE
        assert (proposed.number, proposed.act, proposed.editors) == (1, Act.CHANGE, ("a-ada",))
        (group,) = rules.book.cases.groups(CaseFilter())
        assert (group.kind, group.code, group.cases, group.rows) == (CaseKind.CHANGE, RULE_CHANGE, 1, 0)
        assert rules.book.cases.cases(CaseFilter(flows=("other",))) == []

    def test_a_proposal_that_is_refused_opens_none(self, rules: Rules) -> None:
        with pytest.raises(ConflictError, match="is over"):
            rules.propose(instead="e" * 64)
        assert rules.book.cases.cases(CaseFilter(state=None)) == []

    def test_of_a_flow_one_is_under_way(self, rules: Rules) -> None:
        assert sorted(in_threads(8, lambda number: rules.propose(digest=f"{number:x}" * 64))) == [False] * 7 + [True]
        with pytest.raises(ConflictError, match="under way already: change of rules, by a-ada"):
            rules.propose(digest="e" * 64)

    def test_it_is_executed_with_its_parameters_and_closed(self, rules: Rules) -> None:
        decided = rules.decide()
        with pytest.raises(ConflictError, match="can be undone until"):
            rules.book.cases.enact(decided.case, 1, problem="", parameters={}, values={"limit": "99"}, at=AT)
        assert rules.values == [("100", "x", "y")]
        done = rules.enact(decided)
        assert (done.state, done.amendment) == (DecisionState.EXECUTED, None)
        assert rules.values[1:] == [("99", "ada", f"{WORDS} (case {CASE.id})")]
        assert (rules.case.state, rules.case.closed_at) == (CaseState.CLOSED, LATER)
        last = rules.book.events()[-2:]
        assert [one["type"] for one in last] == ["parameter", "decision_executed"]
        assert last[1]["fields"]["parameters"] == {"limit": 2}
        with pytest.raises(ConflictError, match="is executed"):
            rules.enact(decided)
        assert len(rules.values) == 2
        assert rules.book.ledger.deliveries(DeliveryFilter()) == []

    def test_eight_threads_execute_it_once(self, rules: Rules) -> None:
        decided = rules.decide()
        assert sorted(in_threads(8, lambda _: rules.enact(decided))) == [False] * 7 + [True]
        assert len(rules.values) == 2

    @pytest.mark.parametrize("change", ["problem", "parameter", "role", "disabled"])
    def test_what_changed_since_voids_all_of_it(self, rules: Rules, change: str) -> None:
        decided, problem = rules.decide(), ""
        if change == "problem":
            problem = "the contract is another"
        elif change == "parameter":
            rules.book.ledger.set_parameter(parameter("98"))
        elif change == "role":
            rules.book.change("bob", grants=(Grant(role=Role.ANALYST),))
        else:
            rules.book.change("cyd", disabled_at=AT)
        before = rules.values
        void = rules.enact(decided, problem=problem)
        assert void.state is DecisionState.VOID
        assert void.note
        assert rules.values == before
        assert (rules.case.state, rules.case.note) == (CaseState.CLOSED, void.note)

    def test_who_wrote_it_has_no_vote(self, rules: Rules) -> None:
        proposed = rules.propose()
        with pytest.raises(RefusedVoteError, match="ada wrote the change"):
            rules.book.vote(proposed, "ada")

    def test_a_proposal_that_is_changed_loses_its_votes(self, rules: Rules) -> None:
        first = rules.propose()
        rules.book.vote(first, "cyd")
        second = rules.propose(instead=first.digest, digest="e" * 64, proposed_by="a-bob", editors=("a-bob",))
        assert (second.number, second.editors, second.agreed) == (1, ("a-ada", "a-bob"), ())
        assert len(second.votes) == 1
        with pytest.raises(ConflictError, match="was changed since it was shown"):
            rules.book.vote(second, "cyd", digest=first.digest)

    def test_what_is_taken_back_closes_and_opens_again(self, rules: Rules) -> None:
        first = rules.propose()
        rules.book.cases.end(CASE.id, 1, DecisionState.WITHDRAWN, note="not now", by="a-bob", at=AT)
        assert (rules.case.state, rules.case.note) == (CaseState.CLOSED, "not now")
        again = rules.propose(digest="e" * 64)
        assert (again.case, again.number, rules.case.state) == (first.case, 2, CaseState.OPEN)

    def test_it_is_spoken_of_and_given_to_somebody(self, rules: Rules) -> None:
        rules.propose()
        rules.book.cases.comment(Comment(case=CASE.id, number=0, account="a-bob", at=AT, text=WORDS))
        assert rules.book.cases.assign(CASE.id, "a-bob", by="a-ada", at=AT).assigned == "a-bob"
        assert [one["delivery"] for one in rules.book.events()[-2:]] == [None, None]

    def test_neither_is_done_as_the_other(self, rules: Rules) -> None:
        rules.book.publish("a", DeliveryState.PUBLISHED, dear=5)
        of_rows, of_rules = rules.book.decide(), rules.decide()
        with pytest.raises(ConflictError, match="nothing goes on by it"):
            rules.book.execute(of_rules)
        with pytest.raises(ConflictError, match="no rule changes by it"):
            rules.enact(of_rows)
        assert rules.book.again(of_rules).state is rules.book.again(of_rows).state is DecisionState.DECIDED

    def test_no_event_holds_words_or_names_of_people(self, rules: Rules) -> None:
        rules.enact(rules.decide())
        log = b"\n".join(rules.book.ledger.leaves()).decode()
        assert WORDS not in log
        assert '"ada"' not in log


class TestSqlite(RuleChangesContract):
    @pytest.fixture
    def rules(self, tmp_path: Path) -> Iterator[Rules]:
        url = f"sqlite:///{tmp_path}/ledger.db"
        opened: tuple[Callable[[str], Any], ...] = (SqliteLedger, SqliteCases, SqliteAccounts)
        ledger, cases, accounts = (one(url) for one in opened)
        yield Rules(Book(ledger, cases, accounts))
        for one in (ledger, cases, accounts):
            one.close()
