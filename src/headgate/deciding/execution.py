"""What was agreed happens once its time for undo is over; where anything it is bound to changed, it is void."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from headgate.core.cases import Act, CaseKind, Decision, DecisionState
from headgate.core.decision_document import DecisionDocument, as_rows
from headgate.core.errors import ConflictError, HeadgateError, TransientError
from headgate.core.faults import at_fault_point
from headgate.core.overlay import SET
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.deciding.changes import enact
from headgate.deciding.desk import Desk, flow_of, one_case, origin_of, read_kept, shown_of_delivery
from headgate.deciding.drift import put_in_force
from headgate.deciding.in_force import finish, lay_beside, take_away
from headgate.deciding.on_the_way import taken_first
from headgate.serve.case_rows import Selection, select

READ_BYTES = 1 << 20


def execute_due(desk: Desk) -> list[Decision]:
    """Execute every decision whose time for undo is over, or void it; those, as they stand then.

    Before that, contracts that an earlier process was killed over are put in force: their decisions are told as well.
    An amendment that is made has landed: the next run of the pipeline publishes it.
    """
    now = desk.people.clock()
    ended = finish(desk)
    for decision in desk.cases.decisions(states=(DecisionState.DECIDED,)):
        if decision.due_at is None or decision.due_at > now:
            continue
        try:
            enact(desk, decision) if decision.act is Act.CHANGE else _execute(desk, decision)
        except (ConflictError, TransientError):  # another process did it, somebody undid it, or the next try will
            continue
        ended += [one for one in desk.cases.decisions([decision.case]) if one.number == decision.number]
    expired = [one for one in desk.cases.decisions(states=(DecisionState.PROPOSED,)) if one.expires_at <= now]
    for decision in expired:
        note = "not enough people agreed in time"
        with suppress(ConflictError):  # another process was first
            ended.append(desk.cases.end(decision.case, decision.number, DecisionState.VOID, note=note, by=None, at=now))
    return ended


def _execute(desk: Desk, decision: Decision) -> Delivery | None:
    problem, document, size, accepts = "", None, 0, decision.act is Act.ACCEPT
    try:
        document, size = read_kept(desk.platform, decision.digest)
        problem = _changed(desk, decision, document)
        if accepts and not problem:
            problem = lay_beside(desk.platform, document)
    except TransientError:  # says nothing about what was agreed
        raise
    except HeadgateError as error:
        problem = str(error)
    versions = {} if document is None else dict(document.parameters)
    own = set() if document is None else set(origin_of(desk, one_case(desk, decision.case)).facts.get(SET, {}))
    at_fault_point("before execution")
    made = desk.cases.execute(
        decision.case,
        decision.number,
        problem=problem,
        parameters={name: version for name, version in versions.items() if name not in own},
        size_bytes=size,
        at=desk.people.clock(),
    )
    at_fault_point("after execution")
    # after the votes were read again: what lies beside the contract until then is what a kill leaves to `finish`
    if accepts and document is not None:
        at_fault_point("before contract")
        (take_away if made is None else put_in_force)(desk.platform, document)
    return made


def _changed(desk: Desk, decision: Decision, document: DecisionDocument) -> str:
    """What is not as it was agreed; empty where all is."""
    case = one_case(desk, decision.case)
    flow, origin = flow_of(desk, case), origin_of(desk, case)
    if flow.contract.digest != document.contract:
        return f"the contract is {flow.contract.digest[:12]} by now, agreed was {document.contract[:12]}"
    if origin.sha256 != document.delivery_sha256 or _hash_of(desk.platform, origin.sha256) != origin.sha256:
        return f"the bytes of {origin.id} in the vault are not those that were shown"
    if case.kind is not CaseKind.ROWS:
        shown = shown_of_delivery(origin)
    else:
        rows = as_rows(document.rows)
        if first := taken_first(desk, case, rows):  # before what waits is read: it may be published in between
            return first
        whole = Selection() if len(rows) == case.left else Selection(rows=tuple(rows.tolist()))
        shown = select(desk.platform, case, whole).shown
    if shown != document.shown:
        return f"what waits in case {case.id} is not what was shown"
    return ""


def _hash_of(platform: Platform, sha256: str) -> str:
    found = hashlib.sha256()
    with platform.vault.open(vault_name(sha256)) as stream:
        while part := stream.read(READ_BYTES):
            found.update(part)
    return found.hexdigest()
