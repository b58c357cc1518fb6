"""Proposing, agreeing, taking back, and saying something about a case."""

from __future__ import annotations

from datetime import timedelta

from headgate.core.accounts import Account
from headgate.core.cases import MOST_TEXT, Act, Case, CaseFilter, Comment, Decision, DecisionState
from headgate.core.decision_document import as_rows, document_digest
from headgate.core.errors import ConflictError, RefusedVoteError, UsageError
from headgate.core.faults import at_fault_point
from headgate.core.parameters import vault_name
from headgate.core.replacing import replace
from headgate.core.voting import refusal
from headgate.deciding.desk import Desk, flow_of, one_case, origin_of
from headgate.deciding.on_the_way import taken_first
from headgate.deciding.plan import Plan


def propose(desk: Desk, planned: Plan, *, by: Account, reason: str, instead: str | None = None) -> Decision:
    """Propose what was planned; who proposes without editing agrees by that.

    `instead` is the digest of the decision under way that this one changes. ConflictError where somebody was first.
    """
    if not reason.strip() or len(reason) > MOST_TEXT:
        raise UsageError(f"a decision needs a reason, of at most {MOST_TEXT:,} characters. Next: say why.")
    flow, origin = flow_of(desk, planned.case), origin_of(desk, planned.case)
    content = planned.document.encoded()
    sha256 = document_digest(content)
    now = desk.people.clock()
    editors = (by.id,) if planned.document.act is Act.CORRECT else ()
    decision = Decision(
        case=planned.case.id,
        number=0,
        act=planned.document.act,
        digest=sha256,
        rows=planned.rows,
        reason=reason,
        proposed_by=by.id,
        editors=editors,
        needed=planned.needed,
        state=DecisionState.PROPOSED,
        proposed_at=now,
        expires_at=now + timedelta(seconds=flow.review.valid_s),
    )
    if why := refusal(by, replace(decision, editors=()), origin):
        raise RefusedVoteError(f"{why} Nothing was proposed.")
    if first := taken_first(desk, planned.case, as_rows(planned.document.rows)):
        raise ConflictError(f"{first}. Nothing was proposed. Next: open the case again.")
    desk.platform.vault.put(vault_name(sha256), [content])  # before the ledger names it
    at_fault_point("after document")
    entered = desk.cases.propose(decision, instead=instead, at=now)
    at_fault_point("after proposal")
    if editors:
        return entered
    return agree(desk, entered, by=by, digest=sha256)


def agree(desk: Desk, decision: Decision, *, by: Account, digest: str) -> Decision:
    """Vote for exactly the content with that digest; at quorum the decision is due after the time for undo."""
    (case,) = desk.cases.cases(CaseFilter(ids=(decision.case,), state=None))
    undo = timedelta(seconds=flow_of(desk, case).review.undo_s)
    voted = desk.cases.vote(
        decision.case, decision.number, digest=digest, account=by.id, undo=undo, at=desk.people.clock()
    )
    at_fault_point("after vote")
    return voted


def withdraw(desk: Desk, decision: Decision, *, by: Account, note: str = "") -> Decision:
    """Undo a decision that is not executed; whoever may decide in the flow may."""
    case = one_case(desk, decision.case)
    if why := refusal(by, replace(decision, editors=()), origin_of(desk, case)):
        raise RefusedVoteError(f"{why} Nothing was undone.")
    said = note or f"{by.name} took it back"
    return desk.cases.end(
        decision.case, decision.number, DecisionState.WITHDRAWN, note=said, by=by.id, at=desk.people.clock()
    )


def say(desk: Desk, case: Case, *, by: Account, text: str, question: bool = False) -> Comment:
    """Comment on a case; a question is to the sender, who sees it, and marks the case until it is answered."""
    if not text.strip() or len(text) > MOST_TEXT:
        raise UsageError(f"a comment has 1 to {MOST_TEXT:,} characters.")
    comment = Comment(
        case=case.id, number=0, account=by.id, at=desk.people.clock(), text=text.strip(), question=question
    )
    return desk.cases.comment(comment)
