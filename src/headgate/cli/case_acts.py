"""What `cases` does: each function opens the project, acts as the token's account, and tells what came of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from headgate import operations
from headgate.cli.case_output import decision_document, plan_document, plan_sentence, told_decision
from headgate.cli.failures import FAILED
from headgate.cli.opened_desk import case_of, opened_desk, speaker
from headgate.cli.run_output import run_document, run_lines
from headgate.core.accounts import Account
from headgate.core.cases import Act, Case, CaseFilter, Decision, DecisionState
from headgate.core.errors import ConflictError, HeadgateError, UsageError
from headgate.core.roles import Permission
from headgate.deciding.assigning import assign
from headgate.deciding.desk import Desk, flow_of, one_case, under_way
from headgate.deciding.execution import execute_due
from headgate.deciding.mentions import unseen_words
from headgate.deciding.plan import plan
from headgate.deciding.plan_words import contract_lines
from headgate.deciding.proposal import Edit
from headgate.deciding.quorum import too_few_voters
from headgate.deciding.saying import answer, asked_of, question_id, say
from headgate.deciding.votes import agree, propose, withdraw
from headgate.serve.case_rows import Selection
from headgate.settings import Settings

LEAST_DIGEST = 8  # digits of it that a vote must name
Told = tuple[dict[str, Any], list[str]]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How a decision was asked for."""

    rows: str | None
    but: str | None
    value: str | None
    also: str | None
    values: tuple[str, ...]
    empties: tuple[str, ...]
    corrections: Path | None
    contract: Path | None
    same_reason: bool
    instead: bool
    dry_run: bool
    wait: bool

    def selection(self) -> Selection:
        """The rows that are meant."""
        rows = None if self.rows is None else row_numbers(self.rows)
        return Selection(rows=rows, but=row_numbers(self.but or ""), value=self.value, code=self.also)

    def every(self) -> dict[str, str | None] | None:
        """What shall stand in all of them."""
        for text in self.values:
            if "=" not in text:
                raise UsageError(f"--set {text!r} is no PATH=VALUE.")
        every: dict[str, str | None] = dict.fromkeys(self.empties)
        for text in self.values:
            path, _, value = text.partition("=")
            every[path] = value
        return every or None

    def text(self) -> str | None:
        """The contract to accept."""
        return None if self.contract is None else self.contract.read_text(encoding="utf-8")

    def edits(self) -> list[Edit]:
        """What shall stand in each."""
        if self.corrections is None:
            return []
        lines = self.corrections.read_bytes().splitlines()
        try:
            return [msgspec.json.decode(line, type=Edit) for line in lines if line.strip()]
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise UsageError(f"{self.corrections} holds a line that is no correction: {error}.") from error


def row_numbers(text: str) -> tuple[int, ...]:
    """Row numbers as a person writes them.

    >>> row_numbers("3,7-9")
    (3, 7, 8, 9)
    """
    found: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()) or (last and int(last) < int(first)):
            raise UsageError(f"{part!r} is no row number and no stretch of them, such as 3 or 7-12.")
        found += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(found))


def decide_all(settings: Settings, prefix: str, act: str, reason: str, asked: Asked) -> tuple[Any, list[str], int]:
    """Plan and propose for one case, or for all with its reason: the document, lines, and the exit status."""
    with opened_desk(settings) as desk:
        first = one_case(desk, case_of(desk, prefix))
        by = None if asked.dry_run else speaker(desk, first.flow)
        told: list[dict[str, Any]] = []
        lines: list[str] = []
        failed = 0
        for case in _meant(desk, first, asked):
            try:
                document, said = _decide_one(desk, case, Act(act), reason=reason, asked=asked, by=by)
            except HeadgateError as error:
                if not asked.same_reason:
                    raise
                document, said = {"case": case.id, "error": str(error)}, [f"{case.id}: {error}"]
                failed = FAILED
            told.append(document)
            lines += said
        if asked.wait and by is not None:
            result, more = _waited(desk, settings)
            told.append(result)
            lines += more
    return {"decisions": told}, lines, failed


def agree_to(settings: Settings, prefix: str, digest: str, *, wait: bool) -> Told:
    """Vote for what is proposed on a case."""
    if len(digest) < LEAST_DIGEST:
        raise UsageError(f"--digest names at least {LEAST_DIGEST} digits of what you looked at; `cases show` tells it.")
    with opened_desk(settings) as desk:
        case = one_case(desk, case_of(desk, prefix))
        by = speaker(desk, case.flow)
        decision = _under_way(desk, case)
        if not decision.digest.startswith(digest):
            raise ConflictError(
                f"proposed on case {case.id} is {decision.digest[:12]}, not what you looked at. "
                f"Your vote was not counted. Next: `headgate cases show {case.id}`."
            )
        decision = agree(desk, decision, by=by, digest=decision.digest)
        document, lines = decision_document(decision), list(told_decision(desk, decision))
        if wait:
            result, more = _waited(desk, settings)
            return document | {"run": result}, lines + more
    return document, lines


def take_back(settings: Settings, prefix: str) -> Told:
    """Withdraw what is under way on a case."""
    with opened_desk(settings) as desk:
        case = one_case(desk, case_of(desk, prefix))
        decision = withdraw(desk, _under_way(desk, case), by=speaker(desk, case.flow))
    told = f"decision {decision.number} of case {case.id} is withdrawn; nothing was changed."
    return decision_document(decision), [told]


def say_about(settings: Settings, prefix: str, text: str, *, question: bool, settles: bool) -> Told:
    """Enter a comment; who does not hear of it is told."""
    with opened_desk(settings) as desk:
        case = one_case(desk, case_of(desk, prefix))
        said = say(desk, case, by=speaker(desk, case.flow), text=text, question=question, settles=settles)
    number, asked = said.comment.number, said.asked
    lines = [f"comment {number} on case {case.id}."]
    if asked is not None:
        lines.append(f"The sender is asked. {asked.told}" if asked.asks else f"Nobody was asked. {asked.told}")
    if said.unseen:
        lines.append(unseen_words(said.unseen, case.flow))
    document = {
        "case": case.id,
        "comment": number,
        "unseen": list(said.unseen),
        "asked": None if asked is None else asked.asks,
    }
    return document, lines


def answer_to(settings: Settings, prefix: str, text: str) -> Told:
    """Answer the question on a case, as the account that sent its delivery."""
    with opened_desk(settings) as desk:
        case = one_case(desk, case_of(desk, prefix))
        by = speaker(desk, case.flow, Permission.UPLOAD)
        waiting = [one for one in asked_of(desk, by) if one.case == case.id]
        if not waiting:
            raise ConflictError(f"no question on case {case.id} waits for {by.name}. Your answer was not taken.")
        entered = answer(desk, waiting, question_id(waiting[0]), text=text)
    return {"case": case.id, "comment": entered.number}, [f"comment {entered.number} answers on case {case.id}."]


def assign_to(settings: Settings, prefix: str, name: str | None) -> Told:
    """Make an account responsible."""
    with opened_desk(settings) as desk:
        case = one_case(desk, case_of(desk, prefix))
        by = speaker(desk, case.flow)
        assign(desk, case, name, by=by)
    return {"case": case.id, "assigned": name}, [f"case {case.id} is {name}'s." if name else f"case {case.id} is free."]


def _meant(desk: Desk, first: Case, asked: Asked) -> list[Case]:
    if not asked.same_reason:
        return [first]
    same = CaseFilter(flows=(first.flow,), kind=first.kind, rule=first.rule, code=first.code)
    return desk.cases.cases(same)


def _decide_one(
    desk: Desk, case: Case, act: Act, *, reason: str, asked: Asked, by: Account | None
) -> tuple[dict[str, Any], list[str]]:
    planned = plan(
        desk, case, act, selection=asked.selection(), edits=asked.edits(), every=asked.every(), contract=asked.text()
    )
    said = [plan_sentence(planned), *contract_lines(planned, flow_of(desk, case))]
    said += filter(None, [too_few_voters(desk, planned, by=by)])
    if by is None:
        return plan_document(planned), said
    before = under_way(desk, case) if asked.instead else None
    decision = propose(desk, planned, by=by, reason=reason, instead=before.digest if before else None)
    return plan_document(planned) | decision_document(decision), [*said, *told_decision(desk, decision)]


def _under_way(desk: Desk, case: Case) -> Decision:
    found = under_way(desk, case)
    if found is None:
        raise ConflictError(f"nothing is proposed on case {case.id}. Next: `headgate cases decide {case.id}`.")
    return found


def _waited(desk: Desk, settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """Wait until what is decided is due, execute it, and work on what came of it."""
    decided = desk.cases.decisions(states=(DecisionState.DECIDED,))
    last = max((one.due_at for one in decided if one.due_at), default=None)
    if last is not None:
        time.sleep(max(0.0, (last - desk.people.clock()).total_seconds()) + 0.01)
    ended = execute_due(desk)
    result = operations.run(desk.platform, [], reports=settings.reports)
    lines = [line for decision in ended for line in told_decision(desk, decision)]
    return run_document(result) | {"executed": [decision_document(one) for one in ended]}, [*lines, *run_lines(result)]
