"""What a plan would do, as a sentence that is said before anybody clicks."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

from headgate.core.cases import Act, CaseKind
from headgate.core.decision_document import DecisionDocument
from headgate.core.flow import Flow
from headgate.core.flow_files import CONTRACT_FILE
from headgate.deciding.plan import Plan
from headgate.serve.report_numbers import fixed

_DONE = {Act.RELEASE: "released", Act.CORRECT: "released as corrected", Act.REJECT: "rejected for good"}
_WHOLE = {Act.RELEASE: "goes on as it is", Act.REJECT: "is rejected as a whole", Act.ACCEPT: "is checked again"}


def tell_plans(plans: Sequence[Plan]) -> str:
    """`412 rows will be released, 3 still fail total_mismatch and stay held.` of one or more plans of one act."""
    if not plans:
        return "Nothing would be done."
    act = plans[0].document.act
    if act is Act.CHANGE:
        return f"The rules of flow {plans[0].case.flow} change: {'; '.join(plans[0].document.words)}."
    if plans[0].case.kind is not CaseKind.ROWS:
        what = "The delivery" if len(plans) == 1 else f"Each of {len(plans)} deliveries"
        rows = sum(one.asked for one in plans)
        if act is Act.ACCEPT:
            also = ", and so is what else waits for these columns"
            return f"The contract changes as below; {what[:1].lower()}{what[1:]} {_WHOLE[act]}{also}."
        return f"{what} {_WHOLE[act]}, {fixed(rows)} {_rows(rows)} received."
    told = [f"{_counted(sum(one.rows for one in plans))} will be {_DONE[act]}"]
    if elements := [count for one in plans for count in one.elements]:
        put = "element is" if sum(elements) == 1 else "elements are"
        told.append(f"{fixed(sum(elements))} {put} set in {_counted(len(elements))}")
    duplicates = sum(one.rehearsal.duplicates for one in plans if one.rehearsal is not None)
    if duplicates:
        told.append(f"of which {fixed(duplicates)} {'is' if duplicates == 1 else 'are'} published already")
    stopped = sum(len(one.rehearsal.stopped) for one in plans if one.rehearsal is not None)
    if stopped:
        codes: dict[str, int] = {}
        for one in plans:
            for code, rows in one.rehearsal.codes if one.rehearsal is not None else ():
                codes[code] = codes.get(code, 0) + rows
        named = ", ".join(sorted(codes, key=lambda code: (-codes[code], code))[:3])
        still = "still fails" if stopped == 1 else "still fail"
        told.append(f"{fixed(stopped)} {still} {named} and {'stays' if stopped == 1 else 'stay'} held")
    return f"{', '.join(told)}."


def contract_lines(planned: Plan, flow: Flow) -> tuple[str, ...]:
    """What changes in the contract, as lines of a unified diff; none where nothing does."""
    return contract_diff(planned.document, flow)


def contract_diff(document: DecisionDocument, flow: Flow) -> tuple[str, ...]:
    """The same of a document: against the contract that is in force now."""
    text = document.contract_text
    if text is None:
        return ()
    before = (Path(flow.folder) / CONTRACT_FILE).read_text(encoding="utf-8")
    return tuple(unified_diff(before.splitlines(), text.splitlines(), "in force", "proposed", lineterm="", n=1))


def _counted(rows: int) -> str:
    return f"{fixed(rows)} {_rows(rows)}"


def _rows(rows: int) -> str:
    return "row" if rows == 1 else "rows"
