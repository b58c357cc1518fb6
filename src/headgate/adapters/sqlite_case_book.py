"""Cases and decisions in the ledger's database: each method of the port is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from headgate.adapters import sqlite_addressees, sqlite_cases, sqlite_decisions, sqlite_executions
from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_database import BUSY_TIMEOUT_S, Database
from headgate.core.addressees import Addressed, To, Why
from headgate.core.cases import (
    Case,
    CaseFilter,
    CaseGroup,
    Cases,
    Comment,
    Decision,
    DecisionState,
)
from headgate.core.records import Delivery
from headgate.core.replacing import replace


class SqliteCases(Cases):
    """Cases by the URL of the ledger's database. Threads may share one."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._database = Database(url, busy_timeout_s=busy_timeout_s)

    def cases(self, which: CaseFilter) -> list[Case]:
        """Cases, the one due first, then the oldest."""
        with self._database.reading() as connection:
            return sqlite_cases.find(connection, which)

    def groups(self, which: CaseFilter) -> list[CaseGroup]:
        """The same, joined by flow and leading reason."""
        with self._database.reading() as connection:
            return sqlite_cases.groups(connection, which)

    def decisions(
        self, cases: Sequence[str] | None = None, *, states: Collection[DecisionState] = tuple(DecisionState)
    ) -> list[Decision]:
        """Decisions by case and number, with their votes."""
        with self._database.reading() as connection:
            return sqlite_cases.decisions(connection, cases, states)

    def comments(self, case: str) -> list[Comment]:
        """What was said about a case, in order."""
        with self._database.reading() as connection:
            return sqlite_cases.comments(connection, case)

    def propose(self, decision: Decision, *, instead: str | None, at: datetime, opens: Case | None = None) -> Decision:
        """Enter a decision with the next number, or change the one whose digest is given; `opens` its case with it."""
        with self._database.writing() as connection:
            return sqlite_decisions.propose(connection, decision, instead=instead, at=at, opens=opens)

    def vote(self, case: str, number: int, *, digest: str, account: str, undo: timedelta, at: datetime) -> Decision:
        """Count the account's yes; with enough of them the decision is decided, and due after `undo`."""
        with self._database.writing() as connection:
            return sqlite_decisions.vote(connection, case, number, digest=digest, account=account, undo=undo, at=at)

    def end(self, case: str, number: int, state: DecisionState, *, note: str, by: str | None, at: datetime) -> Decision:
        """Withdraw or void a decision that is not executed."""
        with self._database.writing() as connection:
            return sqlite_decisions.end(connection, case, number, state, note=note, by=by, at=at)

    def execute(
        self, case: str, number: int, *, problem: str, parameters: Mapping[str, int], size_bytes: int, at: datetime
    ) -> Delivery | None:
        """Make the amendment of a decision that is due, or let the held delivery go on; None where it is void."""
        with self._database.writing() as connection:
            return sqlite_executions.execute(
                connection, case, number, problem=problem, parameters=parameters, size_bytes=size_bytes, at=at
            )

    def enact(
        self,
        case: str,
        number: int,
        *,
        problem: str,
        parameters: Mapping[str, int],
        values: Mapping[str, str],
        at: datetime,
    ) -> Decision:
        """Set the parameters of a change that is due, in the name of who proposed it; or void it."""
        with self._database.writing() as connection:
            return sqlite_executions.enact(
                connection, case, number, problem=problem, parameters=parameters, values=values, at=at
            )

    def comment(self, comment: Comment, *, to: Sequence[To] = (), settles: bool = False) -> Comment:
        """Enter a comment with the next number, and whom it speaks to; a question marks the case as asked."""
        with self._database.writing() as connection:
            case = sqlite_decisions.one_case(connection, comment.case)
            entered = replace(comment, number=sqlite_addressees.said(connection, comment))
            asked = sqlite_addressees.enter(connection, entered, to, settles=settles)
            connection.execute("UPDATE cases SET asked = :asked WHERE id = :id", {"asked": int(asked), "id": case.id})
            fields = {"case": case.id, "by": entered.account, "comment": entered.number, "question": entered.question}
            log.append(connection, [log.Entry("commented", case.delivery, case.flow, fields)], at=entered.at)
        return entered

    def answer(self, case: str, number: int, *, who: str, text: str, at: datetime) -> Comment:
        """Enter what somebody answers to a question; ConflictError where it does not stand any more."""
        with self._database.writing() as connection:
            found = sqlite_decisions.one_case(connection, case)
            comment = Comment(case=case, number=0, account=who, at=at, text=text)
            sqlite_addressees.answer(connection, comment, number)
            comment = replace(comment, number=sqlite_addressees.said(connection, comment))
            entry = sqlite_addressees.answered_entry(comment, delivery=found.delivery, flow=found.flow, question=number)
            log.append(connection, [entry], at=at)
        return comment

    def addressed(
        self, *, who: str | None = None, why: Why | None = None, case: str | None = None, most: int = 100
    ) -> list[Addressed]:
        """What waits for somebody, the oldest first."""
        with self._database.reading() as connection:
            return sqlite_addressees.addressed(connection, who=who, why=why, case=case, untold=False, most=most)

    def see(self, case: str, *, who: str, at: datetime) -> int:
        """Somebody opened the case: what names them in it waits no longer."""
        if not self.addressed(who=who, why=Why.MENTIONED, case=case, most=1):
            return 0  # most looks at a case: no need for the write lock
        with self._database.writing() as connection:
            return sqlite_addressees.see(connection, case, who=who, at=at)

    def untold(self, *, most: int) -> list[Addressed]:
        """What waits for somebody whose receivers were not told of it yet."""
        with self._database.reading() as connection:
            return sqlite_addressees.addressed(connection, who=None, why=None, case=None, untold=True, most=most)

    def note_told(self, one: Addressed, *, receivers: Sequence[str], at: datetime) -> None:
        """A queue has it for these receivers, with the event `told`; without any there is none."""
        with self._database.writing() as connection:
            sqlite_addressees.note_told(connection, one, receivers, at=at)

    def assign(self, case: str, account: str | None, *, by: str, at: datetime) -> Case:
        """Make an account responsible, or nobody."""
        with self._database.writing() as connection:
            found = sqlite_decisions.one_case(connection, case)
            if account is not None:
                sqlite_decisions.one_account(connection, account)
            connection.execute("UPDATE cases SET assigned = :account WHERE id = :id", {"account": account, "id": case})
            fields = {"case": case, "by": by, "account": account}
            log.append(connection, [log.Entry("assigned", found.delivery, found.flow, fields)], at=at)
        return replace(found, assigned=account)

    def close(self) -> None:
        """Give connections back."""
        self._database.close()
