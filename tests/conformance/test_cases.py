"""What every keeper of cases and decisions must do."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import Barrier as ThreadBarrier
from threading import Thread
from typing import Any

import pytest
from tests.conformance.ledger_records import arrival, held_lease, moved, one, taken

from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.adapters.sqlite_case_book import SqliteCases
from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.accounts import Account, Accounts
from headgate.core.addressees import To, Why
from headgate.core.cases import (
    Act,
    Case,
    CaseFilter,
    CaseKind,
    Cases,
    CaseState,
    Comment,
    Decision,
    DecisionState,
    opening,
)
from headgate.core.errors import ConflictError, HeadgateError, NotFoundError, RefusedVoteError, TransientError
from headgate.core.ports import DeliveryFilter, Ledger
from headgate.core.records import Counts, Delivery, Event, Move, ParameterVersion, Publication, PublicationState
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.states import DeliveryState

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
UNDO = timedelta(seconds=30)
LATER = AT + UNDO
WORDS = "Miss Marple thinks it is fine"  # a reason: words of a person, which no leaf may hold
NAMES = ("ada", "bob", "cyd")


class Book:
    """A ledger with one delivery whose rows wait in two cases, and accounts of people."""

    def __init__(self, ledger: Ledger, cases: Cases, accounts: Accounts) -> None:
        self.ledger = ledger
        self.cases = cases
        self.accounts = accounts
        for name in NAMES:
            accounts.add(self.account(name), by="command")

    @staticmethod
    def account(name: str, *roles: Role) -> Account:
        grants = tuple(Grant(role=role) for role in roles or (Role.REVIEWER,))
        return Account(id=f"a-{name}", name=name, grants=grants, made_at=AT)

    def publish(self, content: str, state: DeliveryState, *, kind: CaseKind = CaseKind.ROWS, **rows: int) -> Delivery:
        """A new delivery that ends so, with a case for each reason, of so many rows."""
        self.ledger.register([arrival(content)], run="r-1", at=AT)
        return self.judge(taken(self.ledger).deliveries[0], state, kind=kind, **rows)

    def judge(
        self, delivery: Delivery, state: DeliveryState, *, kind: CaseKind = CaseKind.ROWS, **rows: int
    ) -> Delivery:
        """Check the delivery and publish it."""
        if delivery.state is not DeliveryState.CHECKED:
            self.ledger.advance(moved([delivery], DeliveryState.CHECKED), at=AT)
        held = sum(rows.values())
        after = replace(
            delivery, state=state, counts=Counts(received=held, held=held), publication=self._next, contract="c1"
        )
        cases = tuple(
            replace(opening(delivery.id, kind=kind, rule=code, code=code, column="x", rows=count), within_s=60)
            for code, count in rows.items()
        )
        self._complete(Move(after=after, cases=cases), [delivery])
        self.ledger.archive([(after, "{}")], at=AT)
        return one(self.ledger, delivery.id)

    def settle(self, delivery: Delivery, **rows: int) -> None:
        """A publication in which so many rows leave their cases."""
        settled = {self.case(code).id: count for code, count in rows.items()}
        self._complete(replace(self.amended(delivery), settled=settled), [])

    def amended(self, delivery: Delivery) -> Move:
        """The delivery with another publication's number."""
        return Move(after=replace(delivery, publication=self._next), event="amended")

    @property
    def _next(self) -> int:
        return len(self.ledger.publications("sales")) + 1

    def _complete(self, move: Move, deliveries: list[Delivery]) -> None:
        intent, fence = self.intent(move, deliveries), held_lease(self.ledger)
        self.ledger.open_publication(intent, fence=fence, at=AT)
        self.ledger.complete_publication(intent, versions={}, at=AT, fence=fence)
        self.ledger.release(fence)

    def intent(self, move: Move, deliveries: list[Delivery]) -> Publication:
        """The next publication, with one move."""
        return Publication(
            flow="sales",
            number=self._next,
            epoch=1,
            state=PublicationState.OPEN,
            run="r-1",
            deliveries=tuple(one.id for one in deliveries),
            changes=(),
            moves=(move,),
        )

    def case(self, code: str) -> Case:
        (found,) = self.cases.cases(CaseFilter(code=code, state=None))
        return found

    def propose(self, code: str = "dear", *, rows: int = 2, instead: str | None = None, **changes: Any) -> Decision:  # noqa: ANN401  fields
        decision = Decision(
            case=self.case(code).id,
            number=0,
            act=Act.RELEASE,
            digest="d" * 64,
            rows=rows,
            reason=WORDS,
            proposed_by="a-ada",
            editors=(),
            needed=2,
            state=DecisionState.PROPOSED,
            proposed_at=AT,
            expires_at=AT + timedelta(days=7),
        )
        return self.cases.propose(replace(decision, **changes), instead=instead, at=AT)

    def vote(self, decision: Decision, name: str, *, digest: str | None = None, at: datetime = AT) -> Decision:
        return self.cases.vote(
            decision.case, decision.number, digest=digest or decision.digest, account=f"a-{name}", undo=UNDO, at=at
        )

    def decide(self, code: str = "dear", **changes: Any) -> Decision:  # noqa: ANN401  fields
        proposed = self.propose(code, **changes)
        self.vote(proposed, "ada")
        return self.vote(proposed, "bob")

    def execute(
        self, decision: Decision, *, at: datetime = LATER, problem: str = "", **parameters: int
    ) -> Delivery | None:
        return self.cases.execute(
            decision.case, decision.number, problem=problem, parameters=parameters, size_bytes=99, at=at
        )

    def again(self, decision: Decision) -> Decision:
        return self.cases.decisions([decision.case])[decision.number - 1]

    def change(self, name: str, **changes: Any) -> None:  # noqa: ANN401  fields
        self.accounts.change(replace(self.account(name), **changes), Event(type="changed"), at=AT)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(leaf) for leaf in self.ledger.leaves()]


class CasesContract:
    """Inherit, and give `book`: a fresh one."""

    # ── Cases ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def test_a_publication_opens_cases(self, book: Book) -> None:
        delivery = book.publish("a", DeliveryState.PUBLISHED, dear=5, odd=2)
        found = book.cases.cases(CaseFilter())
        assert {(case.code, case.rows, case.left, case.state) for case in found} == {
            ("dear", 5, 5, CaseState.OPEN),
            ("odd", 2, 2, CaseState.OPEN),
        }
        assert {case.delivery for case in found} == {delivery.id}
        assert {(case.opened_at, case.due_at, case.contract) for case in found} == {
            (AT, AT + timedelta(seconds=60), "c1")
        }

    def test_cases_are_found_by_what_is_asked(self, book: Book) -> None:
        first = book.publish("a", DeliveryState.PUBLISHED, dear=5, odd=2)
        second = book.publish("b", DeliveryState.HELD, kind=CaseKind.DRIFT, below=9)
        dear, odd, below = book.case("dear"), book.case("odd"), book.case("below")

        def ids(**which: Any) -> set[str]:  # noqa: ANN401  fields of the filter
            return {case.id for case in book.cases.cases(CaseFilter(**which))}

        assert ids(delivery=first.id) == {dear.id, odd.id}
        assert ids(kind=CaseKind.DRIFT) == ids(delivery=second.id) == ids(rule="below") == {below.id}
        assert ids(code="odd", column="x", flows=("sales", "other")) == ids(ids=(odd.id, "c-none")) == {odd.id}
        assert ids(flows=("other",)) == ids(ids=()) == ids(column="y") == ids(assigned="a-ada") == set()
        assert ids(overdue_at=AT + timedelta(seconds=61)) == {dear.id, odd.id, below.id}
        assert ids(overdue_at=AT + timedelta(seconds=60)) == set()
        assert len(book.cases.cases(CaseFilter(limit=2))) == 2
        book.settle(first, odd=2)
        assert ids() == ids(state=CaseState.OPEN) == {dear.id, below.id}
        assert ids(state=CaseState.CLOSED) == {odd.id}
        assert ids(state=None) == {dear.id, odd.id, below.id}

    def test_groups_join_deliveries_by_reason(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5, odd=2)
        book.publish("b", DeliveryState.PUBLISHED, dear=7)
        groups = {group.code: group for group in book.cases.groups(CaseFilter())}
        assert {code: (group.cases, group.rows) for code, group in groups.items()} == {"dear": (2, 12), "odd": (1, 2)}
        assert groups["dear"].opened_at == AT
        assert groups["dear"].due_at == AT + timedelta(seconds=60)
        assert book.cases.groups(CaseFilter(flows=())) == []

    def test_rows_that_are_settled_leave_their_case_and_the_last_closes_it(self, book: Book) -> None:
        delivery = book.publish("a", DeliveryState.PUBLISHED, dear=5, odd=2)
        book.settle(delivery, dear=4)
        assert (book.case("dear").left, book.case("dear").state, book.case("dear").closed_at) == (1, "open", None)
        book.settle(delivery, dear=1, odd=2)
        for code in ("dear", "odd"):
            case = book.case(code)
            assert (case.left, case.state, case.closed_at) == (0, CaseState.CLOSED, AT)
            assert case.note

    def test_more_rows_than_are_left_are_never_settled(self, book: Book) -> None:
        delivery = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        with pytest.raises(HeadgateError, match="no 6 rows left"):
            book.settle(delivery, dear=6)
        assert book.case("dear").left == 5

    def test_a_delivery_that_is_judged_again_closes_its_cases_and_opens_them_as_they_are_now(self, book: Book) -> None:
        delivery = book.publish("a", DeliveryState.PUBLISHED, dear=5, odd=2)
        under_way = book.propose()
        book.ledger.advance([Move(after=replace(delivery, state=DeliveryState.LANDED))], at=AT)
        book.judge(one(book.ledger, delivery.id), DeliveryState.PUBLISHED, dear=3)
        assert (book.case("dear").rows, book.case("dear").left, book.case("dear").state) == (3, 3, "open")
        assert (book.case("odd").left, book.case("odd").state) == (0, "closed")
        assert book.again(under_way).state is DecisionState.VOID
        assert "checked again" in book.again(under_way).note
        assert book.propose().number == under_way.number + 1
        told = [event for event in book.events() if event["type"] == "decision_void"]
        assert [event["fields"]["case"] for event in told] == [under_way.case]

    # ── Proposing ────────────────────────────────────────────────────────────────────────────────────────────────────
    def test_a_decision_gets_the_next_number_of_its_case(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5, odd=2)
        first = book.propose()
        assert (first.number, first.state, first.votes) == (1, DecisionState.PROPOSED, ())
        assert book.propose("odd").number == 1
        book.cases.end(first.case, 1, DecisionState.WITHDRAWN, note="no", by="a-ada", at=AT)
        assert book.propose(rows=5).number == 2
        assert [decision.number for decision in book.cases.decisions([first.case])] == [1, 2]
        assert book.cases.decisions([]) == []
        assert len(book.cases.decisions()) == 3
        assert [one.number for one in book.cases.decisions(states=[DecisionState.WITHDRAWN])] == [1]

    def test_only_one_decision_of_a_case_is_under_way(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        before = book.propose()
        with pytest.raises(ConflictError, match="under way"):
            book.propose(digest="e" * 64)
        with pytest.raises(ConflictError, match="under way"):
            book.propose(instead="f" * 64)
        assert book.cases.decisions() == [before]

    def test_a_decision_on_what_is_not_there(self, book: Book) -> None:
        delivery = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        with pytest.raises(NotFoundError, match="c-none"):
            book.propose(case="c-none")
        with pytest.raises(ConflictError, match="5 rows are left"):
            book.propose(rows=6)
        with pytest.raises(ConflictError, match="over"):
            book.propose(instead="d" * 64)
        book.settle(delivery, dear=5)
        with pytest.raises(ConflictError, match="closed"):
            book.propose()
        assert book.cases.decisions() == []

    def test_a_changed_proposal_voids_the_votes_and_keeps_its_editors(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        first = book.propose(act=Act.CORRECT, editors=("a-ada",), proposed_by="a-ada")
        assert book.vote(first, "bob").agreed
        second = book.propose(instead=first.digest, digest="e" * 64, editors=("a-cyd",), proposed_by="a-cyd", rows=3)
        assert (second.number, second.rows, second.editors, second.agreed) == (1, 3, ("a-ada", "a-cyd"), ())
        assert "changed the proposal" in second.votes[0].void
        for name in ("ada", "cyd"):
            with pytest.raises(RefusedVoteError, match="edited"):
                book.vote(second, name)
        assert book.vote(second, "bob").agreed[0].digest == "e" * 64
        assert [event["type"] for event in book.events()][-2:] == ["proposal_changed", "voted"]

    def test_a_vote_for_a_content_that_comes_back_must_be_given_anew(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        first = book.propose()
        book.vote(first, "bob")
        book.propose(instead=first.digest, digest="e" * 64)
        third = book.propose(instead="e" * 64)
        assert third.agreed == ()
        assert len(book.vote(third, "bob").agreed) == 1
        assert book.vote(third, "ada").state is DecisionState.DECIDED

    # ── Voting ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def test_one_vote_less_than_needed_does_nothing(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose(needed=3)
        book.vote(proposed, "ada")
        almost = book.vote(proposed, "bob")
        assert (almost.state, almost.due_at, len(almost.agreed)) == (DecisionState.PROPOSED, None, 2)
        with pytest.raises(ConflictError, match="proposed"):
            book.execute(almost, at=AT + timedelta(days=1))
        decided = book.vote(proposed, "cyd")
        assert (decided.state, decided.due_at) == (DecisionState.DECIDED, LATER)

    def test_a_vote_twice_counts_once(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose()
        for _ in range(3):
            assert len(book.vote(proposed, "ada").votes) == 1
        assert [event["type"] for event in book.events()].count("voted") == 1

    def test_a_vote_for_another_content_is_not_counted(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose()
        with pytest.raises(ConflictError, match="changed since it was shown"):
            book.vote(proposed, "ada", digest="e" * 64)
        assert book.again(proposed).votes == ()

    @pytest.mark.parametrize("why", ["disabled", "no role", "another flow", "sender", "facts", "editor"])
    def test_who_may_not_vote(self, book: Book, why: str) -> None:
        delivery = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose(editors=("a-bob",) if why == "editor" else ())
        if why == "disabled":
            book.change("bob", disabled_at=AT)
        elif why == "no role":
            book.change("bob", grants=(Grant(role=Role.ADMIN), Grant(role=Role.OPERATOR)))
        elif why == "another flow":
            book.change("bob", grants=(Grant(role=Role.REVIEWER, flow="other"),))
        elif why == "sender":
            book.accounts.add(book.account("shop"), by="command")  # who is the sender of these deliveries
        elif why == "facts":
            book.ledger.advance([Move(after=replace(delivery, facts={"delivered_by": "a-bob"}))], at=AT)
        with pytest.raises(RefusedVoteError, match="not counted"):
            book.vote(proposed, "shop" if why == "sender" else "bob")
        assert book.again(proposed).votes == ()
        assert len(book.vote(proposed, "cyd").agreed) == 1

    def test_nobody_and_nothing(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose()
        with pytest.raises(NotFoundError, match="account"):
            book.vote(proposed, "nobody")
        with pytest.raises(NotFoundError, match="no decision 7"):
            book.vote(replace(proposed, number=7), "ada")
        with pytest.raises(NotFoundError):
            book.execute(replace(proposed, case="c-none"))
        assert book.cases.comments("c-none") == []

    def test_a_proposal_that_expired_is_void_at_the_next_vote(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose()
        book.vote(proposed, "ada", at=proposed.expires_at - timedelta(microseconds=1))
        ended = book.vote(proposed, "bob", at=proposed.expires_at)
        assert (ended.state, ended.note) == (DecisionState.VOID, "it was not executed in time")
        assert book.propose().number == 2

    # ── Ending ───────────────────────────────────────────────────────────────────────────────────────────────────────
    @pytest.mark.parametrize("state", [DecisionState.WITHDRAWN, DecisionState.VOID])
    def test_what_is_not_executed_can_end(self, book: Book, state: DecisionState) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        decided = book.decide()
        ended = book.cases.end(decided.case, 1, state, note="no", by="a-bob", at=AT)
        assert (ended.state, ended.note, ended.due_at) == (state, "no", None)
        last = book.events()[-1]
        assert (last["type"], last["fields"]["by"]) == (f"decision_{state}", "a-bob")
        with pytest.raises(ConflictError, match="already"):
            book.cases.end(decided.case, 1, DecisionState.WITHDRAWN, note="", by=None, at=AT)
        with pytest.raises(ConflictError):
            book.execute(decided)
        with pytest.raises(ConflictError):
            book.vote(decided, "cyd")

    # ── Executing ────────────────────────────────────────────────────────────────────────────────────────────────────
    def test_an_executed_decision_is_a_landed_amendment_once(self, book: Book) -> None:
        origin = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        decided = book.decide()
        made = book.execute(decided)
        assert made is not None
        assert one(book.ledger, made.id) == made
        assert (made.kind, made.state, made.flow, made.origin) == ("amendment", "landed", "sales", origin.id)
        assert (made.sha256, made.size_bytes, made.landing_number) == (decided.digest, 99, origin.landing_number + 1)
        assert made.facts["votes"] == ["a-ada", "a-bob"]
        executed = book.again(decided)
        assert (executed.state, executed.amendment) == (DecisionState.EXECUTED, made.id)
        assert book.case("dear").left == 5, "rows leave their case with the publication"
        for _ in range(2):
            with pytest.raises(ConflictError, match="executed"):
                book.execute(decided)
        with pytest.raises(ConflictError):
            book.cases.end(decided.case, 1, DecisionState.WITHDRAWN, note="", by=None, at=LATER)
        kinds = [event["type"] for event in book.events()][-3:]
        assert kinds == ["registered", "landed", "decision_executed"]

    def test_nothing_is_executed_before_its_time(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        decided = book.decide()
        with pytest.raises(ConflictError, match="can be undone until 09:30:30 UTC"):
            book.execute(decided, at=LATER - timedelta(microseconds=1))
        assert book.execute(decided) is not None

    @pytest.mark.parametrize(
        ("change", "note"),
        [
            ("problem", "the bytes are others"),
            ("expired", "not executed in time"),
            ("disabled", "1 of 2 votes count no more"),
            ("role", "1 of 2 votes count no more"),
            ("delivered", "1 of 2 votes count no more"),
            ("parameter", "parameter limit has version 2 by now, agreed was version 1"),
            ("settled", "the case is not what it was"),
            ("landed", "is landed by now"),
        ],
    )
    def test_what_changed_since_voids_it(self, book: Book, change: str, note: str) -> None:
        origin = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        book.ledger.set_parameter(parameter("1"))
        decided = book.decide()
        at, problem = LATER, ""
        if change == "problem":
            problem = note
        elif change == "expired":
            at = decided.expires_at
        elif change == "disabled":
            book.change("bob", disabled_at=AT)
        elif change == "role":
            book.change("bob", grants=(Grant(role=Role.ANALYST),))
        elif change == "delivered":
            book.ledger.advance([Move(after=replace(origin, facts={"delivered_by": "a-bob"}))], at=AT)
        elif change == "parameter":
            book.ledger.set_parameter(parameter("2"))
        elif change == "settled":
            book.settle(origin, dear=4)
        elif change == "landed":
            book.ledger.advance([Move(after=replace(origin, state=DeliveryState.LANDED))], at=AT)
        count = len(book.ledger.deliveries(DeliveryFilter()))
        assert book.execute(decided, at=at, problem=problem, limit=1) is None
        ended = book.again(decided)
        assert ended.state is DecisionState.VOID
        assert note in ended.note
        assert book.events()[-1]["type"] == "decision_void"
        assert len(book.ledger.deliveries(DeliveryFilter())) == count
        with pytest.raises(ConflictError):
            book.execute(decided, at=at)

    def test_more_votes_than_needed_may_lose_one(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose(needed=1)
        decided = book.vote(proposed, "ada")
        assert decided.state is DecisionState.DECIDED
        with pytest.raises(ConflictError):
            book.vote(proposed, "bob")
        assert book.execute(decided) is not None

    @pytest.mark.parametrize("act", [Act.RELEASE, Act.REJECT])
    def test_a_delivery_held_as_a_whole_goes_on(self, book: Book, act: Act) -> None:
        origin = book.publish("a", DeliveryState.HELD, kind=CaseKind.DELIVERY, below=5)
        decided = book.decide("below", act=act, rows=5)
        made = book.execute(decided)
        assert made is not None
        assert (made.id, made.state) == (origin.id, DeliveryState.LANDED)
        assert (made.released, made.facts.get("discarded")) == ((WORDS, None) if act is Act.RELEASE else (None, True))
        assert [event["type"] for event in book.events()][-2:] == [
            "release" if act is Act.RELEASE else "discard",
            "decision_executed",
        ]

    # ── An origin that somebody else changes ─────────────────────────────────────────────────────────────────────────
    def test_an_origin_is_not_taken_away_from_an_open_publication(self, book: Book) -> None:
        origin = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        again = Move(after=replace(origin, state=DeliveryState.LANDED), event="reprocess")
        intent, fence = book.intent(book.amended(origin), []), held_lease(book.ledger)
        book.ledger.open_publication(intent, fence=fence, at=AT)
        with pytest.raises(ConflictError, match="is being published"):
            book.ledger.advance([again], at=AT)
        book.ledger.complete_publication(intent, versions={}, at=AT, fence=fence)
        with pytest.raises(ConflictError, match="was published since it was looked at"):
            book.ledger.advance([again], at=AT)
        now = one(book.ledger, origin.id)
        book.ledger.advance([Move(after=replace(now, state=DeliveryState.LANDED), event="reprocess")], at=AT)

    def test_a_publication_does_not_begin_where_its_origin_is_checked_again(self, book: Book) -> None:
        origin = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        book.ledger.advance([Move(after=replace(origin, state=DeliveryState.LANDED), event="reprocess")], at=AT)
        with pytest.raises(TransientError, match="became landed"):
            book.ledger.open_publication(book.intent(book.amended(origin), []), fence=held_lease(book.ledger), at=AT)
        assert book.ledger.publications(open_only=True) == []

    # ── Saying something ─────────────────────────────────────────────────────────────────────────────────────────────
    def test_comments_have_numbers_and_a_question_marks_the_case(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        case = book.case("dear")
        said = Comment(case=case.id, number=0, account="a-ada", at=AT, text=WORDS)
        assert book.cases.comment(said).number == 1
        assert not book.case("dear").asked
        asked = book.cases.comment(replace(said, question=True, text="?"))
        assert (asked.number, book.case("dear").asked) == (2, True)
        book.cases.comment(replace(said, text="!"))
        assert not book.case("dear").asked
        assert [one.text for one in book.cases.comments(case.id)] == [WORDS, "?", "!"]
        with pytest.raises(NotFoundError):
            book.cases.comment(replace(said, case="c-none"))
        assert [event["type"] for event in book.events()].count("commented") == 3

    def ask(self, book: Book, *to: To, text: str = "?", settles: bool = False) -> Comment:
        """Ask about the case `dear`, or say something where `settles`."""
        said = Comment(case=book.case("dear").id, number=0, account="a-ada", at=AT, text=text, question=not settles)
        return book.cases.comment(said, to=to, settles=settles)

    def test_a_question_waits_for_whom_it_is_put_to_until_they_answer(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        asked = self.ask(book, To(who="u-1", why=Why.ASKED))
        (one,) = book.cases.addressed(who="u-1", why=Why.ASKED)
        case = book.case("dear")
        assert (one.case, one.number, one.text, one.by, one.flow) == (case.id, 1, "?", "a-ada", "sales")
        assert book.cases.addressed(who="u-2") == []
        book.cases.comment(replace(asked, question=False, text="others may talk meanwhile"))
        assert book.case("dear").asked
        with pytest.raises(NotFoundError, match="for you"):
            book.cases.answer(case.id, 1, who="u-2", text="mine", at=LATER)
        answered = book.cases.answer(case.id, 1, who="u-1", text=WORDS, at=LATER)
        assert (answered.number, answered.account, answered.question) == (3, "u-1", False)
        assert not book.case("dear").asked
        assert book.cases.addressed(who="u-1") == []
        with pytest.raises(ConflictError, match="answered already"):
            book.cases.answer(case.id, 1, who="u-1", text="again", at=LATER)
        assert len(book.cases.comments(case.id)) == 3
        (event,) = (event for event in book.events() if event["type"] == "answered")
        assert event["fields"] == {"by": "u-1", "case": case.id, "comment": 3, "question": 1}
        assert WORDS not in b"".join(book.ledger.leaves()).decode()

    def test_a_question_ends_by_a_newer_one_by_what_settles_it_and_with_its_case(self, book: Book) -> None:
        one = book.publish("a", DeliveryState.PUBLISHED, dear=5)
        to = To(who="a-bob", why=Why.ASKED)
        self.ask(book, to)
        self.ask(book, to, text="newer?")
        assert [each.text for each in book.cases.addressed(who="a-bob")] == ["newer?"]
        with pytest.raises(ConflictError):
            book.cases.answer(book.case("dear").id, 1, who="a-bob", text="late", at=LATER)
        self.ask(book, text="they called", settles=True)
        assert (book.cases.addressed(who="a-bob"), book.case("dear").asked) == ([], False)
        self.ask(book, to)
        book.settle(one, dear=5)
        assert book.cases.addressed(who="a-bob") == []
        with pytest.raises(ConflictError):
            book.cases.answer(book.case("dear").id, 4, who="a-bob", text="late", at=LATER)

    def test_a_mention_waits_until_its_case_was_opened_or_they_wrote(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        case = book.case("dear").id
        bob, cyd = (To(who=f"a-{name}", why=Why.MENTIONED) for name in ("bob", "cyd"))
        said = self.ask(book, bob, cyd, settles=True)
        assert [one.why for one in book.cases.addressed(who="a-bob")] == [Why.MENTIONED]
        assert (book.cases.see(case, who="a-bob", at=LATER), book.cases.see(case, who="a-bob", at=LATER)) == (1, 0)
        assert book.cases.addressed(who="a-bob") == []
        book.cases.comment(replace(said, account="a-cyd", text="seen"))
        assert book.cases.addressed(why=Why.MENTIONED) == []

    def test_what_was_told_is_told_once(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        self.ask(book, To(who="u-1", why=Why.ASKED), To(who="a-bob", why=Why.MENTIONED))
        waits = book.cases.untold(most=10)
        assert [(one.who, one.why) for one in waits] == [("a-bob", Why.MENTIONED), ("u-1", Why.ASKED)]
        for _ in range(2):
            book.cases.note_told(waits[0], receivers=["mail"], at=LATER)
        assert [event["type"] for event in book.events()].count("told") == 1
        assert book.cases.untold(most=10) == waits[1:]
        book.cases.answer(waits[1].case, 1, who="u-1", text="so", at=LATER)
        assert book.cases.untold(most=10) == []
        assert book.cases.addressed(who="a-bob") == waits[:1]

    def test_of_two_answers_at_the_same_moment_one_is_taken(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        case = book.case("dear").id
        self.ask(book, To(who="u-1", why=Why.ASKED))
        taken_ = in_threads(8, lambda number: book.cases.answer(case, 1, who="u-1", text=f"{number}", at=LATER))
        assert sorted(taken_) == [False] * 7 + [True]
        assert len(book.cases.comments(case)) == 2

    def test_a_case_is_given_to_somebody_or_nobody(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        case = book.case("dear")
        assert book.cases.assign(case.id, "a-bob", by="a-ada", at=AT).assigned == "a-bob"
        assert book.cases.cases(CaseFilter(assigned="a-bob")) == [replace(case, assigned="a-bob")]
        assert book.cases.assign(case.id, None, by="a-ada", at=AT) == case
        with pytest.raises(NotFoundError, match="account"):
            book.cases.assign(case.id, "a-nobody", by="a-ada", at=AT)
        with pytest.raises(NotFoundError, match="case"):
            book.cases.assign("c-none", None, by="a-ada", at=AT)

    def test_no_event_holds_words_or_names_of_people(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5, odd=2)
        book.publish("b", DeliveryState.HELD, kind=CaseKind.DELIVERY, below=5)
        book.cases.comment(Comment(case=book.case("odd").id, number=0, account="a-ada", at=AT, text=WORDS))
        book.execute(book.decide())
        book.execute(book.decide("below", rows=5))
        voided = book.decide("odd")
        book.change("bob", disabled_at=AT)
        book.execute(voided, problem="")
        book.cases.end(book.propose("odd").case, 2, DecisionState.WITHDRAWN, note=WORDS, by="a-ada", at=AT)
        log = b"\n".join(book.ledger.leaves()).decode()
        assert WORDS not in log
        assert "Marple" not in log
        for name in NAMES:
            assert f'"{name}"' not in log
            assert f"{name} " not in log

    # ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────
    def test_two_threads_propose_and_one_wins(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        won = in_threads(8, lambda number: book.propose(digest=f"{number:x}" * 64))
        assert sorted(won) == [False] * 7 + [True]
        assert len(book.cases.decisions()) == 1

    def test_two_threads_execute_and_one_amendment_is_made(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        decided = book.decide()
        assert sorted(in_threads(8, lambda _: book.execute(decided))) == [False] * 7 + [True]
        assert len(book.ledger.deliveries(DeliveryFilter())) == 2

    def test_two_votes_at_the_same_moment_both_count(self, book: Book) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        proposed = book.propose(needed=3)
        assert in_threads(3, lambda number: book.vote(proposed, NAMES[number])) == [True] * 3
        assert book.again(proposed).state is DecisionState.DECIDED
        assert [event["type"] for event in book.events()].count("decided") == 1


def parameter(value: str) -> ParameterVersion:
    return ParameterVersion(flow="sales", name="limit", number=0, value=value, set_by="x", reason="y", set_at=AT)


def in_threads(count: int, act: Callable[[int], object]) -> list[bool]:
    """Whether each thread's act was done; those that were second are told by ConflictError."""
    barrier = ThreadBarrier(count)
    done: list[bool] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            act(number)
        except ConflictError:
            done.append(False)
        else:
            done.append(True)

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def propose_elsewhere(url: str, case: str, number: int, start: Barrier, told: Queue[str]) -> None:
    """In another process: propose when all are ready, and tell whether it was entered."""
    cases = SqliteCases(url)
    decision = Decision(
        case=case,
        number=0,
        act=Act.REJECT,
        digest=f"{number:x}" * 64,
        rows=1,
        reason="r",
        proposed_by="a-ada",
        editors=(),
        needed=1,
        state=DecisionState.PROPOSED,
        proposed_at=AT,
        expires_at=AT + timedelta(days=1),
    )
    start.wait()
    try:
        cases.propose(decision, instead=None, at=AT)
        told.put("won")
    except ConflictError:
        told.put("was second")


def execute_elsewhere(url: str, case: str, number: int, start: Barrier, told: Queue[str]) -> None:
    """In another process: execute when all are ready."""
    cases = SqliteCases(url)
    start.wait()
    try:
        cases.execute(case, number, problem="", parameters={}, size_bytes=9, at=LATER)
        told.put("won")
    except ConflictError:
        told.put("was second")


class TestSqlite(CasesContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/ledger.db"

    @pytest.fixture
    def book(self, url: str) -> Iterator[Book]:
        ledger, cases, accounts = SqliteLedger(url), SqliteCases(url), SqliteAccounts(url)
        yield Book(ledger, cases, accounts)
        for opened in (ledger, cases, accounts):
            opened.close()

    @pytest.mark.parametrize("act", ["propose", "execute"])
    def test_two_processes_at_the_same_moment(self, book: Book, url: str, act: str) -> None:
        book.publish("a", DeliveryState.PUBLISHED, dear=5)
        case, number = book.case("dear").id, 0
        if act == "execute":
            number = book.decide().number
        spawned = multiprocessing.get_context("spawn")
        start, told = spawned.Barrier(2), spawned.Queue()
        run = propose_elsewhere if act == "propose" else execute_elsewhere
        numbers = (number, number) if act == "execute" else (1, 2)
        processes = [spawned.Process(target=run, args=(url, case, each, start, told)) for each in numbers]
        for process in processes:
            process.start()
        try:
            assert sorted([told.get(timeout=60), told.get(timeout=60)]) == ["was second", "won"]
        finally:
            for process in processes:
                process.join(60)
