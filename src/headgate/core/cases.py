"""Cases: what a person must decide, and the decisions on them. And the port that keeps both beside the ledger.

A case is one delivery and one leading reason; a row is in one case, and a case never grows. A decision speaks of some
of a case's rows and is bound by the SHA-256 of its document, which says all that was shown (`core.decision_document`).
A change of a flow's rules is a case without a delivery: it is opened by who proposes it, and closed with its decision.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from headgate.core.addressees import Addressees, To
from headgate.core.canonical import digest
from headgate.core.records import CaseOpening, Delivery

WHOLE_DELIVERY = "delivery"  # the rule of a case that is about a delivery held as a whole
WHOLE_FLOW = "flow"  # the rule of a case that is about the rules themselves
RULE_CHANGE = "rule_change"  # its code
DISCARDED = "discarded"  # the reason code of a row that a person rejected
REVIEW_RULE = "review"  # what stands as its rule
MOST_TEXT = 10_000  # characters of a reason or a comment


class CaseKind(StrEnum):
    """What a case is about."""

    ROWS = "rows"  # rows of a published delivery
    DELIVERY = "delivery"  # a delivery that is held as a whole
    DRIFT = "drift"  # the same, since its columns are not those of the contract
    CHANGE = "change"  # the rules of a flow: its contract, its parameters


class CaseState(StrEnum):
    """A closed case opens again where its delivery is checked again and the same reason stands."""

    OPEN = "open"
    CLOSED = "closed"


class Act(StrEnum):
    """What a decision does with its rows."""

    RELEASE = "release"  # they go on as they are; the hold rules that were shown are waived
    CORRECT = "correct"  # they go on as proposed; nothing is waived
    REJECT = "reject"  # they stay out for good
    ACCEPT = "accept"  # the contract gets a new version, and what waits for it goes on
    CHANGE = "change"  # contract and parameters get the versions that were proposed


class DecisionState(StrEnum):
    """Where a decision stands. Only one of a case is proposed or decided at a time."""

    PROPOSED = "proposed"  # votes are collected
    DECIDED = "decided"  # there are enough; it can be undone until it is due
    EXECUTED = "executed"  # an amendment was made of it, or the delivery goes on
    WITHDRAWN = "withdrawn"  # by a person, before it was executed
    VOID = "void"  # what it was bound to changed, or it was too late; its amendment, if there is one, was refused


UNDER_WAY = (DecisionState.PROPOSED, DecisionState.DECIDED)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person must decide."""

    id: str  # c- and 16 hex digits, of delivery, rule and code
    flow: str
    delivery: str | None  # None: a change of rules
    kind: CaseKind
    rule: str  # that leads; `delivery` where it is held as a whole, `flow` for a change of rules
    code: str
    column: str  # path with [] for elements
    rows: int  # when it was opened
    left: int  # not yet decided and executed
    contract: str  # digest of the contract that judged the rows, or that shall be changed
    state: CaseState
    opened_at: datetime
    due_at: datetime | None = None  # then it is escalated
    closed_at: datetime | None = None
    note: str = ""  # why it was closed
    assigned: str | None = None  # account
    asked: bool = False  # the sender was asked, and has not answered


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """One account's yes to exactly one content."""

    account: str
    digest: str
    at: datetime
    void: str = ""  # why it does not count (any more)


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody proposes to do with rows of a case, and who agreed."""

    case: str
    number: int  # 1 for the first of a case
    act: Act
    digest: str  # SHA-256 of its document in the vault: what votes are bound to
    rows: int
    reason: str
    proposed_by: str  # account
    editors: tuple[str, ...]  # accounts that wrote what is proposed, records or rules: they have no vote
    needed: int  # votes
    state: DecisionState
    proposed_at: datetime
    expires_at: datetime  # what is not executed by then is void
    due_at: datetime | None = None  # once decided: executed from then on
    amendment: str | None = None  # the delivery made of it
    note: str = ""  # why it is void or withdrawn
    votes: tuple[Vote, ...] = ()

    @property
    def what(self) -> str:
        """`release 412 rows`, `change of rules`."""
        if self.act is Act.CHANGE:
            return "change of rules"
        return f"{self.act} {self.rows:,} {'row' if self.rows == 1 else 'rows'}"

    @property
    def agreed(self) -> tuple[Vote, ...]:
        """The votes that count for the content as it stands."""
        return tuple(vote for vote in self.votes if not vote.void and vote.digest == self.digest)


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said about a case."""

    case: str
    number: int
    account: str  # or the upload link whose holder answers
    at: datetime
    text: str
    question: bool = False  # to the sender


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases are meant; all conditions hold together, None means any."""

    ids: tuple[str, ...] | None = None
    flows: tuple[str, ...] | None = None
    delivery: str | None = None
    kind: CaseKind | None = None
    rule: str | None = None
    code: str | None = None
    column: str | None = None
    state: CaseState | None = CaseState.OPEN
    assigned: str | None = None
    overdue_at: datetime | None = None  # due before that moment
    limit: int | None = None


class CaseGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Open cases of one flow and one reason."""

    flow: str
    kind: CaseKind
    rule: str
    code: str
    column: str
    cases: int
    rows: int  # left in them
    opened_at: datetime  # the oldest
    due_at: datetime | None  # the next


def case_id(delivery: str, rule: str, code: str) -> str:
    """`c-` and 16 hex digits of SHA-256 over the canonical JSON `[delivery, rule, code]`."""
    return "c-" + digest([delivery, rule, code])[:16]


def change_id(flow: str, contract: str, parameters: Mapping[str, int]) -> str:
    """The case of a change to these rules, by the contract's digest and the parameters' versions: one at a time."""
    return "c-" + digest([flow, RULE_CHANGE, contract, dict(parameters)])[:16]


def needed_votes(rows: int, *, votes: int, above_rows: int | None, above: int | None) -> int:
    """How many must agree on so many rows by a flow's review policy.

    >>> [needed_votes(rows, votes=1, above_rows=100, above=2) for rows in (99, 100)]
    [1, 2]
    """
    if above_rows is not None and above is not None and rows >= above_rows:
        return max(votes, above)
    return votes


class Cases(Addressees):
    """Cases and decisions, beside the ledger. Each change and its event are one transaction.

    Cases are opened and closed by the ledger itself, with the publication that brings them about.
    """

    @abstractmethod
    def cases(self, which: CaseFilter) -> list[Case]:
        """Cases, the one due first, then the oldest."""

    @abstractmethod
    def groups(self, which: CaseFilter) -> list[CaseGroup]:
        """The same, joined by flow and leading reason."""

    @abstractmethod
    def decisions(
        self, cases: Sequence[str] | None = None, *, states: Collection[DecisionState] = tuple(DecisionState)
    ) -> list[Decision]:
        """Decisions by case and number, with their votes."""

    @abstractmethod
    def comments(self, case: str) -> list[Comment]:
        """What was said about a case, in order."""

    @abstractmethod
    def propose(self, decision: Decision, *, instead: str | None, at: datetime, opens: Case | None = None) -> Decision:
        """Enter a decision with the next number; ConflictError where another is under way, or the case is closed.

        With `instead`, the digest of the one that is under way, that one is changed: votes for it are void. `opens` is
        the case of a change of rules: it is opened with the decision, and closes when that ends.
        """

    @abstractmethod
    def vote(self, case: str, number: int, *, digest: str, account: str, undo: timedelta, at: datetime) -> Decision:
        """Count the account's yes; with enough of them the decision is decided, and due after `undo`.

        RefusedVoteError for who may not vote, ConflictError where another content stands, or the decision is over.
        """

    @abstractmethod
    def end(self, case: str, number: int, state: DecisionState, *, note: str, by: str | None, at: datetime) -> Decision:
        """Withdraw or void a decision that is not executed; ConflictError where it is over."""

    @abstractmethod
    def execute(
        self, case: str, number: int, *, problem: str, parameters: Mapping[str, int], size_bytes: int, at: datetime
    ) -> Delivery | None:
        """Let what was agreed happen: make an amendment that has landed, or let the held delivery go on.

        All in one transaction that reads votes, roles and `parameters` (versions that were agreed) again. `problem` is
        what the caller found wrong with the content, `size_bytes` that of the document. None where the decision is
        void now: it says why. ConflictError where it is not due, or over.
        """

    @abstractmethod
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
        """Let an agreed change of rules happen: its `values` are the parameters' next versions, set by who proposed.

        Read again and refused as by `execute`, in the same transaction; the decision as it stands then, executed or
        void. Either closes the case. A contract that is part of it is for the caller to put in force.
        """

    @abstractmethod
    def comment(self, comment: Comment, *, to: Sequence[To] = (), settles: bool = False) -> Comment:
        """Enter a comment with the next number, and whom it speaks to; a question marks the case as asked.

        That is taken away by the answer of whom it was put to, by what `settles` it, and where it was put to nobody by
        any other comment.
        """

    @abstractmethod
    def answer(self, case: str, number: int, *, who: str, text: str, at: datetime) -> Comment:
        """Enter what somebody answers to the question of that number, with the event `answered`; the case waits anew.

        NotFoundError where they were never asked that, ConflictError where it is answered or not asked any more.
        """

    @abstractmethod
    def assign(self, case: str, account: str | None, *, by: str, at: datetime) -> Case:
        """Make an account responsible, or nobody."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""


def opening(delivery: str, *, kind: CaseKind, rule: str, code: str, column: str, rows: int) -> CaseOpening:
    """A case that a publication opens."""
    return CaseOpening(
        id=case_id(delivery, rule, code), kind=kind.value, rule=rule, code=code, column=column, rows=rows
    )
