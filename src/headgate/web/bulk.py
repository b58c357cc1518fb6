"""One act on several cases: planned, proposed, agreed to or undone case by case, each told by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from headgate.core.accounts import Account
from headgate.core.cases import Act, Case, Decision
from headgate.core.decision_document import document_digest
from headgate.core.errors import ConflictError, HeadgateError, NotFoundError, RefusedVoteError, UsageError
from headgate.deciding.desk import Desk, flow_of
from headgate.deciding.plan import Plan
from headgate.deciding.plan_words import contract_lines, tell_plans
from headgate.deciding.rehearsal import Stopped
from headgate.deciding.votes import agree, propose, withdraw
from headgate.web.asked import Asked, plan_asked, require_shown

T = TypeVar("T")
_BUTTONS = {Act.RELEASE: "Release", Act.CORRECT: "Correct", Act.REJECT: "Reject", Act.ACCEPT: "Accept the contract"}
_KEYS = {Act.RELEASE: "a", Act.CORRECT: "a", Act.REJECT: "r", Act.ACCEPT: ""}
_SHOWN = 20  # rows that would not pass
_STATUS: tuple[tuple[type[HeadgateError], int], ...] = (
    (RefusedVoteError, 403),
    (ConflictError, 409),
    (NotFoundError, 404),
    (UsageError, 400),
    (HeadgateError, 503),
)


class Dry(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run of one act."""

    act: Act
    button: str
    key: str
    sentence: str
    rows: int
    needed: int  # votes, at most
    digests: tuple[tuple[str, str], ...]  # case and what it would be bound to
    faults: tuple[tuple[str, str], ...]  # case and why it cannot be
    stopped: tuple[tuple[str, Stopped], ...]  # rows that would stay, by case
    changes: tuple[str, ...] = ()  # lines of the contract that would change


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one case."""

    case: str
    decision: Decision | None = None
    fault: str = ""
    status: int = 200


def dry_run(desk: Desk, cases: Sequence[Case], asked: Asked) -> Dry:
    """Say what the act would come to, and which cases it cannot be done in."""
    plans: list[Plan] = []
    faults: list[tuple[str, str]] = []
    for case in cases:
        try:
            plans.append(plan_asked(desk, case, asked))
        except HeadgateError as error:
            faults.append((case.id, str(error)))
    stopped = [(one.case.id, row) for one in plans if one.rehearsal is not None for row in one.rehearsal.shown]
    return Dry(
        act=asked.act,
        button=_BUTTONS[asked.act],
        key=_KEYS[asked.act],
        sentence=tell_plans(plans),
        rows=sum(one.rows for one in plans),
        needed=max((one.needed for one in plans), default=0),
        digests=tuple((one.case.id, document_digest(one.document.encoded())) for one in plans),
        faults=tuple(faults),
        stopped=tuple(stopped[:_SHOWN]),
        changes=tuple(line for one in plans for line in contract_lines(one, flow_of(desk, one.case))),
    )


def decide(desk: Desk, cases: Sequence[Case], asked: Asked, *, by: Account) -> list[Told]:
    """Propose the act on each case, where it still is what was shown."""

    def one(case: Case) -> Decision:
        planned = plan_asked(desk, case, asked)
        require_shown(planned, asked.digests.get(case.id))
        return propose(desk, planned, by=by, reason=asked.reason, instead=asked.instead)

    return _each(((case.id, case) for case in cases), one)


def agree_to(desk: Desk, decisions: Iterable[tuple[Decision, str]], *, by: Account) -> list[Told]:
    """Vote on decisions, each with the digest that was shown."""

    def one(shown: tuple[Decision, str]) -> Decision:
        decision, digest = shown
        return agree(desk, decision, by=by, digest=digest)

    return _each(((decision.case, (decision, digest)) for decision, digest in decisions), one)


def undo(desk: Desk, decisions: Iterable[Decision], *, by: Account) -> list[Told]:
    """Take decisions back that are not executed."""
    return _each(((one.case, one) for one in decisions), lambda decision: withdraw(desk, decision, by=by))


def status_of(error: HeadgateError) -> int:
    """The status that tells the error."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def _each(shown: Iterable[tuple[str, T]], act: Callable[[T], Decision]) -> list[Told]:
    done = []
    for case, one in shown:
        try:
            done.append(Told(case=case, decision=act(one)))
        except HeadgateError as error:
            done.append(Told(case=case, fault=str(error), status=status_of(error)))
    return done
