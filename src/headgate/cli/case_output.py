"""Cases and decisions in words for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from headgate.cli.console import columns
from headgate.core.addressees import Why
from headgate.core.cases import Act, Case, CaseGroup, CaseKind, Decision, DecisionState
from headgate.core.decision_document import DecisionDocument
from headgate.deciding.changes import changed_words
from headgate.deciding.desk import Desk, document_of, origin_of, under_way
from headgate.deciding.plan import Plan
from headgate.deciding.plan_words import contract_diff
from headgate.deciding.senders import sender_of
from headgate.serve.case_rows import HeldRow
from headgate.serve.record_form import told

DONE = {
    Act.RELEASE: "released",
    Act.CORRECT: "corrected",
    Act.REJECT: "rejected",
    Act.ACCEPT: "accepted",
    Act.CHANGE: "changed",
}


def group_lines(groups: Sequence[CaseGroup]) -> list[str]:
    """A line for each reason."""
    if not groups:
        return ["Nothing waits for a person."]
    rows = [(one.flow, one.code, one.rule, one.rows, one.cases, _moment(one.due_at)) for one in groups]
    return [
        *columns(rows, heads=("flow", "code", "rule", "rows", "cases", "due"), right=(3, 4)),
        "Next: headgate cases list --each, then headgate cases show CASE.",
    ]


def case_lines(cases: Sequence[Case]) -> list[str]:
    """A line for each case."""
    if not cases:
        return ["There is no such case."]
    rows = [(one.id, one.flow, one.kind, one.code, one.left, one.delivery or "", _moment(one.due_at)) for one in cases]
    return columns(rows, heads=("case", "flow", "about", "code", "rows", "delivery", "due"), right=(4,))


def case_list_document(cases: Sequence[Case], groups: Sequence[CaseGroup]) -> dict[str, Any]:
    """Both, for machines."""
    return {
        "reasons": [
            {
                "flow": one.flow,
                "kind": one.kind.value,
                "rule": one.rule,
                "code": one.code,
                "column": one.column,
                "cases": one.cases,
                "rows": one.rows,
                "opened_at": one.opened_at.isoformat(),
                "due_at": one.due_at.isoformat() if one.due_at else None,
            }
            for one in groups
        ],
        "cases": [_case(one) for one in cases],
    }


def case_document(desk: Desk, case: Case, rows: Sequence[HeldRow], *, records: bool) -> dict[str, Any]:
    """One case with rows, decisions and comments."""
    return _case(case) | {
        "rows": [
            {"row": one.row, "reasons": list(one.reasons)} | ({"record": one.record} if records else {}) for one in rows
        ],
        "decisions": [decision_document(one) for one in desk.cases.decisions([case.id])],
        "changes": list(changed_words(desk, case)),
        "comments": [
            {"by": one.account, "at": one.at.isoformat(), "text": one.text, "question": one.question}
            for one in desk.cases.comments(case.id)
        ],
    }


def told_case(desk: Desk, case: Case, rows: Sequence[HeldRow], *, records: bool) -> Iterator[str]:
    """The same in words."""
    if case.kind is CaseKind.CHANGE:
        yield f"Case {case.id}, {case.state}: a change of the rules of flow {case.flow}."
        yield from told_change(desk, case)
    else:
        yield from _told_rows(desk, case)
    if case.note:
        yield f"Closed since {case.note}."
    if case.asked:
        put = desk.cases.addressed(case=case.id, why=Why.ASKED, most=1)
        sender = sender_of(desk, origin_of(desk, case))
        yield "The sender was asked and has not answered." + ("" if put and sender.asks else f" {sender.told}")
    if rows:
        lines = [
            (one.row, reason["code"], reason["column"], "" if reason["value"] is None else reason["value"])
            for one in rows
            for reason in one.reasons
        ]
        yield from columns(lines, heads=("row", "code", "column", "found"), right=(0,))
    if records:
        yield from (f"{one.row}: {one.record}" for one in rows)
    if case.kind is CaseKind.ROWS and len(rows) < case.left:
        yield f"Next rows: headgate cases show {case.id} --after {rows[-1].row if rows else 0}"
    decision = under_way(desk, case)
    if decision is not None:
        yield from told_decision(desk, decision)
    elif case.left:
        acts = {CaseKind.ROWS: "release|correct|reject", CaseKind.DRIFT: "accept|release|reject"}
        yield f"Next: headgate cases decide {case.id} --act {acts.get(case.kind, 'release|reject')} --dry-run"
    names = _names(desk, [one.account for one in desk.cases.comments(case.id)])
    for said in desk.cases.comments(case.id):
        words = " ".join(told(line, len(line)) for line in said.text.splitlines())
        yield f"{_moment(said.at)} {names.get(said.account, said.account)}: {words}"


def _told_rows(desk: Desk, case: Case) -> Iterator[str]:
    rule = next((one for one in _rules(desk, case) if one.id == case.rule), None)
    yield f"Case {case.id}, {case.state}: {case.left:,} of {case.rows:,} rows of {case.delivery} wait."
    yield f"{case.code} by rule {case.rule}" + (f": {rule.description}" if rule and rule.description else "")
    if case.kind is not CaseKind.ROWS:
        yield from (f"{code}: {found}" for code, found in origin_of(desk, case).facts.get("held", {}).items())


def told_change(desk: Desk, case: Case) -> Iterator[str]:
    """What the last proposal of a change of rules changes, and the contract as a diff while it is not in force."""
    yield from (f"  {one}" for one in changed_words(desk, case))
    flow, decision = desk.platform.flows.get(case.flow), under_way(desk, case)
    if decision is not None and flow is not None:
        document = document_of(desk, decision)
        yield from (*contract_diff(document, flow), *outlook_lines(document))


def outlook_lines(document: DecisionDocument) -> list[str]:
    """What a change would have come to; nothing where it was not replayed."""
    if document.outlook is None:
        return []
    replayed = len(document.outlook.deliveries)
    told = f"Replayed over {replayed} {'delivery' if replayed == 1 else 'deliveries'}: {document.outlook.sentence}"
    return [told, *document.outlook.notes]


def plan_document(planned: Plan) -> dict[str, Any]:
    """What a decision would do."""
    rehearsal = planned.rehearsal
    return {
        "case": planned.case.id,
        "act": planned.document.act.value,
        "asked": planned.asked,
        "rows": planned.rows,
        "stay_held": 0 if rehearsal is None else len(rehearsal.stopped),
        "elements": sum(planned.elements),
        "duplicates": 0 if rehearsal is None else rehearsal.duplicates,
        "still_broken": [] if rehearsal is None else [{"code": code, "rows": rows} for code, rows in rehearsal.codes],
        "votes_needed": planned.needed,
        "contract": planned.document.contract_text,
    }


def plan_sentence(planned: Plan) -> str:
    """The same in words."""
    done = DONE[planned.document.act]
    if planned.document.contract_text is not None:
        return (
            f"The contract of flow {planned.case.flow} becomes the one below; {planned.case.delivery} with "
            f"{planned.asked:,} rows, and what else is held for drift, is checked again under it. "
            f"Votes needed: {planned.needed}."
        )
    if planned.rehearsal is None:
        return f"{planned.case.delivery} with {planned.asked:,} rows will be {done} as a whole."
    stopped = planned.rehearsal.stopped
    codes = ", ".join(f"{code} on {rows:,}" for code, rows in planned.rehearsal.codes[:3])
    rest = f", {len(stopped):,} would not pass ({codes}) and stay held" if len(stopped) else ""
    elements, where = sum(planned.elements), len(planned.elements)
    set_ = f"; {elements:,} elements of lists are set in {where:,} of them" if elements else ""
    twins = planned.rehearsal.duplicates
    same = f"; {twins:,} of them are duplicates of published rows" if twins else ""
    return (
        f"{planned.rows:,} of {planned.asked:,} rows will be {done}{rest}{set_}{same}. Votes needed: {planned.needed}."
    )


def decision_document(decision: Decision) -> dict[str, Any]:
    """A decision with its votes."""
    return {
        "case": decision.case,
        "decision": decision.number,
        "act": decision.act.value,
        "state": decision.state.value,
        "digest": decision.digest,
        "rows": decision.rows,
        "reason": decision.reason,
        "proposed_by": decision.proposed_by,
        "needed": decision.needed,
        "votes": [{"by": one.account, "at": one.at.isoformat(), "void": one.void} for one in decision.votes],
        "due_at": decision.due_at.isoformat() if decision.due_at else None,
        "amendment": decision.amendment,
        "note": decision.note,
    }


def told_decision(desk: Desk, decision: Decision) -> Iterator[str]:
    """How a decision stands, and what comes next."""
    names = _names(desk, [decision.proposed_by, *(vote.account for vote in decision.votes)])
    by = names.get(decision.proposed_by, decision.proposed_by)
    what = f"{decision.what}, {decision.state}, by {by}"
    yield f"Decision {decision.number} of {decision.case}: {what}"
    yield f"  bound to {decision.digest[:16]}…, votes {len(decision.agreed)} of {decision.needed}"
    for vote in decision.votes:
        if vote.void:
            yield f"  void: {names.get(vote.account, vote.account)}, {vote.void}"
    match decision.state:
        case DecisionState.PROPOSED:
            yield f"  Next: somebody else: headgate cases agree {decision.case} --digest {decision.digest[:8]}"
        case DecisionState.DECIDED:
            until = f"until then: headgate cases undo {decision.case}"
            yield f"  It is executed from {_moment(decision.due_at)} on; {until}"
        case DecisionState.EXECUTED:
            yield f"  Its delivery: headgate show {decision.amendment}" if decision.amendment else "  It is in force."
        case _:
            yield f"  {decision.note}"


def _rules(desk: Desk, case: Case) -> Sequence[Any]:
    flow = desk.platform.flows.get(case.flow)
    return flow.contract.rules if flow else ()


def _names(desk: Desk, ids: Sequence[str]) -> dict[str, str]:
    return {one.id: one.name for one in desk.people.accounts.accounts(ids=sorted(set(ids)))} if ids else {}


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "flow": case.flow,
        "delivery": case.delivery,
        "kind": case.kind.value,
        "rule": case.rule,
        "code": case.code,
        "column": case.column,
        "rows_opened": case.rows,
        "rows_left": case.left,
        "state": case.state.value,
        "opened_at": case.opened_at.isoformat(),
        "due_at": case.due_at.isoformat() if case.due_at else None,
        "assigned": case.assigned,
        "asked": case.asked,
        "note": case.note,
    }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
