"""What `cases propose` does: a change of rules, told and proposed as the token's account."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from headgate.cli.case_output import decision_document, outlook_lines, told_decision
from headgate.cli.opened_desk import opened_desk, speaker
from headgate.core.decision_document import document_digest
from headgate.core.errors import UsageError
from headgate.core.flow import Flow
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
        contract = None if asked.contract is None else _text(asked.contract)
        values = _values(asked.values, known) if known is not None else {}
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


def _values(texts: Sequence[str], flow: Flow) -> dict[str, str]:
    """Values by name; of a table the content of the file that is named."""
    tables = {one.name for one in flow.parameters if one.type == "table"}
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {text!r} is no NAME=VALUE.")
        if name in values:
            raise UsageError(f"--set names {name} twice. Next: say once what it shall be.")
        if name in tables and not Path(value).is_file():
            raise UsageError(f"{value} is no file; a table parameter takes the path of a CSV file.")
        values[name] = _text(Path(value)) if name in tables else value
    return values


def _text(place: Path) -> str:
    try:
        return place.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{place} is no text in UTF-8: {error}. Next: write it in UTF-8.") from error


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
