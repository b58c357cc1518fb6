"""What a decision would do, said before anybody proposes it: which rows, what becomes of each, how many must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from headgate.core.cases import Act, Case, CaseKind, CaseState, needed_votes
from headgate.core.decision_document import DecisionDocument, count_rows
from headgate.core.errors import ConflictError, UsageError
from headgate.core.flow import Flow
from headgate.core.overlay import SET
from headgate.core.parameters import bind
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.deciding.desk import Desk, flow_of, origin_of, shown_of_delivery
from headgate.deciding.drift import checked_contract, drafted_contract, file_digest
from headgate.deciding.on_the_way import rows_on_the_way
from headgate.deciding.proposal import Edit, only, with_rows
from headgate.deciding.rehearsal import Rehearsal, rehearse
from headgate.serve.case_rows import Selected, Selection, select

ALL = Selection()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that could be proposed, and what it would come to."""

    case: Case
    document: DecisionDocument
    rehearsal: Rehearsal | None  # None: of a whole delivery
    asked: int  # rows that were selected
    needed: int  # votes
    edited: bool = False  # who proposes it wrote what it says, and so has no vote
    tables: tuple[bytes, ...] = ()  # content of proposed table parameters: kept once they are proposed
    elements: tuple[int, ...] = ()  # of lists that a correction sets, for each row that has such and would pass

    @property
    def rows(self) -> int:
        """Rows that the decision speaks of: those that would not pass stay held, and are left out."""
        return count_rows(self.document.rows) if self.rehearsal is not None else self.asked


def plan(
    desk: Desk,
    case: Case,
    act: Act,
    *,
    selection: Selection = ALL,
    edits: Sequence[Edit] = (),
    every: Mapping[str, str | None] | None = None,
    contract: str | None = None,
) -> Plan:
    """Say what a decision on these rows would do; changes nothing.

    `edits` are for a correction, `every` the values that all selected rows shall have, `contract` the text to accept
    (default: a draft with the new columns). UsageError where no row is meant, none would pass, or a rule that cannot be
    waived stands on one.
    """
    if act is Act.CHANGE or case.kind is CaseKind.CHANGE:
        raise UsageError(
            f"case {case.id} is no case in which rules are changed row by row. "
            f"Next: `headgate cases propose {case.flow}` proposes a change; `headgate cases agree {case.id}` votes."
        )
    if contract is not None and act is not Act.ACCEPT:
        raise UsageError(f"a contract is given to accept a drift, not to {act}. Next: leave it out.")
    flow, origin = flow_of(desk, case), origin_of(desk, case)
    _require_current(case, flow)
    versions = _versions(desk.platform, flow, origin)
    base = DecisionDocument(
        project=desk.platform.project,
        flow=flow.name,
        case=case.id,
        delivery=origin.id,
        delivery_sha256=origin.sha256,
        act=act,
        rows=(),
        contract=flow.contract.digest,
        parameters=versions,
        shown=shown_of_delivery(origin),
    )
    if case.kind is not CaseKind.ROWS:
        return _of_delivery(desk, case, base, contract)
    if act is Act.ACCEPT:
        raise UsageError(f"case {case.id} is about rows; only drift of a delivery is accepted. Next: release the rows.")
    meant = _with_edits(selection, edits, act, every)
    chosen = select(desk.platform, case, meant)
    if len(going := np.intersect1d(chosen.rows, rows_on_the_way(desk, case), assume_unique=True)):
        if meant.rows is not None:
            raise ConflictError(
                f"row {going[0]} of case {case.id} was decided, and is about to be published. Next: `headgate run`."
            )
        rest = np.setdiff1d(chosen.rows, going, assume_unique=True)
        chosen = select(desk.platform, case, replace(meant, rows=tuple(rest.tolist())))
    if not len(chosen.rows):
        raise UsageError(f"no row of case {case.id} is meant. Next: `headgate cases show {case.id}` shows what waits.")
    if selection.rows is not None and (gone := np.setdiff1d(selection.rows, chosen.rows)).size:
        raise UsageError(
            f"row {gone[0]} does not wait in this case, or not (any more) as it was selected; nothing was proposed. "
            f"Next: `headgate cases show {case.id}`."
        )
    made = with_rows(desk.platform, base, flow, origin, chosen=chosen, edits=edits, every=every)
    document = made.document
    rehearsal = rehearse(desk.platform, flow, origin, document)
    if not len(rehearsal.passing):
        codes = ", ".join(f"{code} on {rows}" for code, rows in rehearsal.codes[:3])
        raise UsageError(f"none of the {len(chosen.rows)} rows would pass: {codes}. Nothing was proposed.")
    kept = only(document, rehearsal.passing) if len(rehearsal.stopped) else document
    shown = select(desk.platform, case, _these(case, chosen, rehearsal))
    needed = _needed(flow, len(rehearsal.passing))
    return Plan(
        case=case,
        document=replace(kept, shown=shown.shown),
        rehearsal=rehearsal,
        asked=len(chosen.rows),
        needed=needed,
        edited=document.act is Act.CORRECT,
        elements=tuple(count for row in rehearsal.passing.tolist() if (count := made.elements.get(row, 0))),
    )


def _of_delivery(desk: Desk, case: Case, base: DecisionDocument, contract: str | None) -> Plan:
    """A plan for a delivery as a whole."""
    flow, policy = flow_of(desk, case), flow_of(desk, case).review
    if base.act is Act.CORRECT:
        raise UsageError(
            f"case {case.id} is about a whole delivery, whose rows are not corrected one by one. "
            "Next: release it, and correct the rows that are held then; or reject it, and ask for it anew."
        )
    needed = _needed(flow, case.left)
    if base.act is Act.ACCEPT:
        text = contract if contract is not None else drafted_contract(desk, case)
        checked_contract(flow, text)
        base = replace(base, contract_text=text, based_on=file_digest(flow))
        needed = policy.rule_changes or policy.votes
    edited = contract is not None  # a draft is nobody's
    return Plan(case=case, document=base, rehearsal=None, asked=case.left, needed=needed, edited=edited)


def _these(case: Case, chosen: Selected, rehearsal: Rehearsal) -> Selection:
    if len(rehearsal.passing) == case.left:
        return Selection()
    if len(rehearsal.passing) == len(chosen.rows):
        return Selection(rows=tuple(chosen.rows.tolist()))
    return Selection(rows=tuple(rehearsal.passing.tolist()))


def _with_edits(
    selection: Selection, edits: Sequence[Edit], act: Act, every: Mapping[str, str | None] | None
) -> Selection:
    if act is not Act.CORRECT:
        if edits or every:
            raise UsageError(f"values are given for a correction only, not for {act}.")
        return selection
    if not edits and not every:
        raise UsageError("a correction says what shall stand there. Next: give values, or whole records.")
    if every is None and selection.rows is None:
        return replace(selection, rows=tuple(sorted({edit.row for edit in edits})))
    return selection


def _require_current(case: Case, flow: Flow) -> None:
    if case.state is not CaseState.OPEN:
        raise ConflictError(f"case {case.id} is closed: {case.note}. Nothing is left to decide in it.")
    if case.contract != flow.contract.digest:
        raise ConflictError(
            f"case {case.id} was judged under contract {case.contract[:12]}, in force is {flow.contract.digest[:12]}. "
            f"Next: `headgate reprocess {case.delivery}` judges its rows again."
        )


def _needed(flow: Flow, rows: int) -> int:
    policy = flow.review
    return needed_votes(rows, votes=policy.votes, above_rows=policy.votes_above_rows, above=policy.votes_above)


def _versions(platform: Platform, flow: Flow, origin: Delivery) -> Mapping[str, int]:
    """The parameters' versions that the rows would be judged with."""
    own = origin.facts.get(SET)
    return bind(flow, platform.ledger.parameters(flow.name), platform.vault, overrides=own).versions
