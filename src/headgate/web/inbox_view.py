"""What the inbox shows: groups of cases, and the rows of the chosen one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from headgate.core.cases import UNDER_WAY, Case, CaseFilter, CaseGroup, CaseKind, CaseState, Decision, DecisionState
from headgate.core.contract import Contract
from headgate.core.errors import NotFoundError
from headgate.core.ports import DeliveryFilter
from headgate.core.reason_words import WORDS
from headgate.core.record_elements import EACH, FAULTY
from headgate.core.replacing import replace
from headgate.core.roles import Permission
from headgate.deciding.desk import Desk
from headgate.serve.record_form import MASK, NUMBERS, is_personal, read_record, told, value_at
from headgate.serve.waiting_rows import PAGE, WaitingRow, found_values, waiting_page
from headgate.web.access import Visitor
from headgate.web.case_words import ReasonLine, Words, leading, read_columns, reason_line, title, words_of
from headgate.web.waiting import account_names, count_cases, group_id

MOST_CASES = 50  # that one click decides
_MOST_COUNTED = 50_000  # rows whose values are counted for the filter unasked
_MOST_NAMED = 2_000  # cases whose owner and votes are named beside their group


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the inbox is asked for."""

    tab: str = "all"  # all, mine, under-way
    flow: str = ""
    group: str = ""  # id of a group
    case: str = ""  # one case alone
    found: str | None = None
    after: tuple[str, int] = ("", 0)
    overdue: bool = False
    values: bool = False  # count what was found, however many rows there are


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A group in the list."""

    id: str
    kind: CaseKind
    title: str
    code: str
    column: str
    flow: str
    rows: int
    cases: int
    due_at: datetime | None
    owner: str
    votes: str
    waits: bool  # for the visitor: something in it is neither decided nor agreed to by them


class RowLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row in the table."""

    case: str
    row: int
    name: str  # its key, or its number
    file: str
    reason: ReasonLine
    others: int  # reasons beside that
    values: tuple[str, ...]


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The group that is open."""

    line: Line
    cases: tuple[Case, ...]  # at most MOST_CASES
    all_cases: int
    rows: int  # in those cases
    columns: tuple[tuple[str, bool], ...]  # path, and whether it is a number
    number: bool  # what was found is one
    lines: tuple[RowLine, ...]
    next_after: str  # of the following page; empty on the last
    found: tuple[tuple[str, str, int], ...]  # value, as shown, rows: to filter by
    value: str | None  # by which the rows are chosen
    counted: bool  # False: there are too many rows to count that unasked
    expected: str
    files: Mapping[str, str]  # name of the delivery by case; of a change of rules what it is about
    decisions: tuple[Decision, ...]  # under way
    may_decide: bool
    paths: tuple[tuple[str, str], ...]  # columns that a correction may set in all of them, and their names
    path: str
    personal: bool


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    view: View
    groups: tuple[Line, ...]
    counts: Mapping[str, int]  # by tab
    chosen: Chosen | None
    under_way: tuple[tuple[Case, Decision], ...]
    names: Mapping[str, str]  # of accounts


def read_inbox(desk: Desk, who: Visitor, view: View) -> Inbox:
    """Groups that the visitor may see, and the rows of the one that is asked for, or else of the first."""
    flows = who.flows(Permission.SEE)
    wanted = tuple(flow for flow in flows if view.flow in {"", flow})
    mine = CaseFilter(flows=wanted, assigned=who.account.id)
    now = desk.people.clock()
    which = mine if view.tab == "mine" else CaseFilter(flows=wanted)
    if view.overdue:
        which = replace(which, overdue_at=now)
    groups = desk.cases.groups(which)
    cases = desk.cases.cases(replace(which, limit=_MOST_NAMED))
    decisions = _under_way(desk, flows)
    voters = [vote.account for _, one in decisions for vote in one.votes]
    proposers = [one.proposed_by for _, one in decisions]
    names = account_names(desk, [*(case.assigned for case in cases), *proposers, *voters])
    words = {flow: words_of(desk.platform, desk.platform.flows[flow]) for flow in {group.flow for group in groups}}
    by_case = {case.id: decision for case, decision in decisions}
    grouped: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        grouped[group_id(case)].append(case)
    lines = tuple(_line(who, group, grouped[group_id(group)], by_case, names) for group in groups)
    chosen = (
        None
        if view.tab == "under-way"
        else _chosen(desk, who, view, lines=lines, which=which, words=words, decisions=by_case)
    )
    counts = {
        "all": count_cases(desk, CaseFilter(flows=wanted)),
        "mine": count_cases(desk, mine),
        "under-way": len(decisions),
    }
    return Inbox(view=view, groups=lines, counts=counts, chosen=chosen, under_way=tuple(decisions), names=names)


def _under_way(desk: Desk, flows: Sequence[str]) -> list[tuple[Case, Decision]]:
    decisions = desk.cases.decisions(states=UNDER_WAY)
    ids = tuple(one.case for one in decisions)
    cases = {case.id: case for case in desk.cases.cases(CaseFilter(ids=ids, flows=tuple(flows)))} if ids else {}
    return [(cases[one.case], one) for one in decisions if one.case in cases]


def _line(
    who: Visitor,
    group: CaseGroup,
    own: Sequence[Case],
    decisions: Mapping[str, Decision],
    names: Mapping[str, str],
) -> Line:
    owners = sorted({names[case.assigned] for case in own if case.assigned})
    votes = [decisions[case.id] for case in own if case.id in decisions]
    decided = sum(1 for one in votes if one.state is DecisionState.DECIDED)
    told_votes = ""
    if len(own) == 1 and votes and not decided:
        told_votes = f"vote {len(votes[0].agreed)} of {votes[0].needed}"
    elif votes:
        told_votes = f"{decided} decided" if decided == len(votes) else f"{len(votes)} under way"
    return Line(
        id=group_id(group),
        kind=group.kind,
        title=title(group),
        code=group.code,
        column=group.column if group.code in WORDS else "",
        flow=group.flow,
        rows=group.rows,
        cases=group.cases,
        due_at=group.due_at,
        owner=", ".join(owners[:2]) or "nobody yet",
        votes=told_votes,
        waits=not own or any(_waits(who, decisions.get(case.id)) for case in own),
    )


def _waits(who: Visitor, decision: Decision | None) -> bool:
    if decision is None:
        return True
    done = {*decision.editors, *(vote.account for vote in decision.agreed)}
    return decision.state is DecisionState.PROPOSED and who.account.id not in done


def _chosen(
    desk: Desk,
    who: Visitor,
    view: View,
    *,
    lines: Sequence[Line],
    which: CaseFilter,
    words: Mapping[str, Words],
    decisions: Mapping[str, Decision],
) -> Chosen | None:
    line = next((line for line in lines if line.id == view.group), None)
    one = next(iter(desk.cases.cases(CaseFilter(ids=(view.case,), flows=which.flows))), None) if view.case else None
    if one is not None:
        line = next((line for line in lines if line.id == group_id(one)), None)
    if line is None:
        line = next((line for line in lines if line.waits), lines[0] if lines else None)
    if line is None:
        return None
    every = [one] if one is not None else _cases_of(desk, which, line)
    cases = every[:MOST_CASES]
    first = cases[0]
    of_flow = words[line.flow]
    personal = is_personal(of_flow.contract, first.column)
    value = None if personal else view.found  # who may not see a value may not guess it either
    found: tuple[tuple[str, str, int], ...] = ()
    rows: list[WaitingRow] = []
    if line.kind is CaseKind.ROWS:
        if view.values or value is not None or sum(case.left for case in cases) <= _MOST_COUNTED:
            found = _filters(desk, of_flow, cases)
        rows = waiting_page(desk.platform, cases, after=view.after, value=value, most=PAGE + 1)
    files = _files(desk, cases)
    columns = read_columns(of_flow, first.rule)
    shown = [_row(of_flow, first, one_row, columns, files[one_row.case]) for one_row in rows[:PAGE]]
    numbers = {column.path for column in of_flow.contract.walk() if column.kind in NUMBERS}
    path = first.column if first.column in {column.path for column in of_flow.contract.walk()} else ""
    left = sum(case.left for case in cases)
    filtered = next((rows_ for found_value, _, rows_ in found if found_value == value), left)
    rule = of_flow.rules.get(first.rule)
    counted = bool(found) or left <= _MOST_COUNTED or view.values
    return Chosen(
        line=line,
        cases=tuple(cases),
        all_cases=len(every),
        rows=filtered if value is not None else left,
        columns=tuple((path, path in numbers) for path in columns),
        number=first.column in numbers,
        lines=tuple(shown),
        next_after=f"{rows[PAGE - 1].case}:{rows[PAGE - 1].held.row}" if len(rows) > PAGE else "",
        found=found,
        value=value,
        counted=counted or personal,
        expected=reason_line(of_flow, _empty_reason(first), unmasked=False).expected if rule is not None else "",
        files=files,
        decisions=tuple(decisions[case.id] for case in cases if case.id in decisions),
        may_decide=who.may(Permission.DECIDE, line.flow),
        paths=tuple(_settable(of_flow.contract, first)),
        path=path if "[]" not in path else "",
        personal=personal,
    )


def _files(desk: Desk, cases: Sequence[Case]) -> dict[str, str]:
    ids = tuple({case.delivery for case in cases if case.delivery is not None})
    names = {one.id: one.name for one in desk.platform.ledger.deliveries(DeliveryFilter(ids=ids))} if ids else {}
    return {case.id: names.get(case.delivery or "", f"the rules of {case.flow}") for case in cases}


def _settable(contract: Contract, case: Case) -> Iterator[tuple[str, str]]:
    """Columns of single values; of a list's elements all, and those at fault where the case is about that list."""
    for column in contract.walk():
        if column.children or column.element is not None:
            continue
        if EACH not in column.path:
            yield column.path, column.path
            continue
        array = column.path[: column.path.rindex(EACH) + len(EACH)]
        if case.column.startswith(array):
            yield column.path.replace(EACH, FAULTY), f"{column.path}, elements at fault"
        yield column.path, f"{column.path}, all elements"


def _cases_of(desk: Desk, which: CaseFilter, line: Line) -> list[Case]:
    cases = desk.cases.cases(replace(which, flows=(line.flow,), kind=line.kind, code=line.code, state=CaseState.OPEN))
    found = [case for case in cases if group_id(case) == line.id]
    if not found:
        raise NotFoundError("This group was decided meanwhile. Next: open the inbox again.")
    return found


def _filters(desk: Desk, words: Words, cases: Sequence[Case]) -> tuple[tuple[str, str, int], ...]:
    """Values by which the rows can be chosen; none where they are personal, or all the same."""
    if is_personal(words.contract, cases[0].column):
        return ()
    found = [(value, told(value), rows) for value, rows in found_values(desk.platform, cases) if value is not None]
    return tuple(found) if len(found) > 1 else ()


def _row(words: Words, case: Case, one: WaitingRow, columns: Sequence[str], file: str) -> RowLine:
    record = read_record(one.held.record) or {}
    key = [value_at(record, words.contract, path) for path in words.contract.key]
    named = all(key) and key and not any(is_personal(words.contract, path) for path in words.contract.key)
    return RowLine(
        case=one.case,
        row=one.held.row,
        name=told(", ".join(part or "" for part in key)) if named else f"Row {one.held.row:,}",
        file=file,
        reason=reason_line(words, leading(case, one.held.reasons), unmasked=False),
        others=len(one.held.reasons) - 1,
        values=tuple(
            MASK if is_personal(words.contract, path) else told(value_at(record, words.contract, path))
            for path in columns
        ),
    )


def _empty_reason(case: Case) -> dict[str, str | None]:
    return {"rule": case.rule, "code": case.code, "column": case.column, "value": None, "consequence": "hold"}
