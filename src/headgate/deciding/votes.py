"""Proposing, agreeing, and taking back."""

from __future__ import annotations

from datetime import timedelta

from headgate.core.accounts import Account
from headgate.core.cases import MOST_TEXT, Act, CaseFilter, Decision, DecisionState
from headgate.core.decision_document import as_rows, document_digest
from headgate.core.errors import ConflictError, RefusedVoteError, UsageError
from headgate.core.faults import at_fault_point
from headgate.core.parameters import vault_name
from headgate.core.replacing import replace
from headgate.core.voting import refusal
from headgate.deciding.desk import Desk, delivered_of, flow_of, one_case
from headgate.deciding.on_the_way import taken_first
from headgate.deciding.plan import Plan


def propose(desk: Desk, planned: Plan, *, by: Account, reason: str, instead: str | None = None) -> Decision:
    """Propose what was planned; who proposes without editing agrees by that. A change of rules opens its case.

    `instead` is the digest of the decision under way that this one changes. ConflictError where somebody was first.
    """
    if not reason.strip() or len(reason) > MOST_TEXT:
        raise UsageError(f"a decision needs a reason, of at most {MOST_TEXT:,} characters. Next: say why.")
    flow, origin = flow_of(desk, planned.case), delivered_of(desk, planned.case)
    content = planned.document.encoded()
    sha256 = document_digest(content)
    now = desk.people.clock()
    act = planned.document.act
    editors = (by.id,) if planned.edited else ()
    decision = Decision(
        case=planned.case.id,
        number=0,
        act=act,
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
    if why := refusal(by, replace(decision, editors=()), origin, flow=planned.case.flow):
        raise RefusedVoteError(f"{why} Nothing was proposed.")
    if first := taken_first(desk, planned.case, as_rows(planned.document.rows)):
        raise ConflictError(f"{first}. Nothing was proposed. Next: open the case again.")
    for table in planned.tables:
        desk.platform.vault.put(vault_name(document_digest(table)), [table])
    desk.platform.vault.put(vault_name(sha256), [content])  # before the ledger names it
    at_fault_point("after document")
    opens = planned.case if act is Act.CHANGE else None
    entered = desk.cases.propose(decision, instead=instead, at=now, opens=opens)
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
    if why := refusal(by, replace(decision, editors=()), delivered_of(desk, case), flow=case.flow):
        raise RefusedVoteError(f"{why} Nothing was undone.")
    said = note or f"{by.name} took it back"
    return desk.cases.end(
        decision.case, decision.number, DecisionState.WITHDRAWN, note=said, by=by.id, at=desk.people.clock()
    )
