"""What `cases propose` does: a change of rules, told and proposed as the token's account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from headgate.cli.case_output import decision_document, outlook_lines, told_decision
from headgate.cli.opened_desk import opened_desk, speaker
from headgate.cli.proposed_rules import proposed_text, proposed_values
from headgate.core.decision_document import document_digest
from headgate.deciding.changes import plan_change, proposal_of
from headgate.deciding.desk import under_way
from headgate.deciding.plan import Plan
from headgate.deciding.plan_words import contract_lines
from headgate.deciding.quorum import too_few_voters
from headgate.deciding.replay import replay
from headgate.deciding.replay_choice import Which
from headgate.deciding.votes import propose
from headgate.settings import Settings


class AskedChange(msgspec.Struct, frozen=True, kw_only=True):
    """How a change was asked for."""

    contract: Path | None
    values: tuple[str, ...]
    newest: int | None
    instead: bool
    dry_run: bool


def propose_change(
    settings: Settings, flow: str, asked: AskedChange, *, reason: str
) -> tuple[dict[str, Any], list[str]]:
    """Say what a change would come to, and propose it: the document and the lines."""
    with opened_desk(settings) as desk:
        by = None if asked.dry_run else speaker(desk, flow)
        known = desk.platform.flows.get(flow)
        contract = None if asked.contract is None else proposed_text(asked.contract)
        values = proposed_values(asked.values, known) if known is not None else {}
        planned = plan_change(desk, flow, contract=contract, values=values)
        if asked.newest is not None and known is not None:  # what cannot be proposed is not replayed
            proposal = proposal_of(known, contract=contract, values=values)
            found = replay(desk.platform, known, proposal, Which(newest=asked.newest))
            planned = plan_change(desk, flow, contract=contract, values=values, replayed=found)
        lines = [*planned.document.words, *contract_lines(planned, desk.platform.flows[flow])]
        lines += outlook_lines(planned.document)
        lines.append(f"Votes needed: {planned.needed}, none of them from who proposes.")
        lines += filter(None, [too_few_voters(desk, planned, by=by)])
        if by is None:
            return _document(planned), lines
        before = under_way(desk, planned.case) if asked.instead else None
        decision = propose(desk, planned, by=by, reason=reason, instead=before.digest if before else None)
        return _document(planned) | decision_document(decision), [*lines, *told_decision(desk, decision)]


def _document(planned: Plan) -> dict[str, Any]:
    document = planned.document
    return {
        "case": planned.case.id,
        "flow": planned.case.flow,
        "digest": document_digest(document.encoded()),
        "changes": list(document.words),
        "contract": document.contract_text,
        "parameters": dict(document.values),
        "replay": msgspec.to_builtins(document.outlook),
        "votes_needed": planned.needed,
    }
