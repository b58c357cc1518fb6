"""A decision becomes an amendment, once: votes, roles and parameters are read again in that transaction."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from headgate.adapters import sqlite_cases, sqlite_deliveries, sqlite_registers
from headgate.adapters import sqlite_decisions as decided
from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_arrivals import delivery_id
from headgate.adapters.sqlite_codec import encode_delivery
from headgate.adapters.sqlite_statements import insert, take_numbers
from headgate.core.cases import Act, Case, CaseKind, CaseState, Decision, DecisionState
from headgate.core.errors import ConflictError
from headgate.core.overlay import DISCARDED_WHOLE, origin_facts
from headgate.core.records import Delivery, DeliveryKind, Move, ParameterVersion
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.core.voting import refusal

SENDER = "review"
ENACTED = "the change is in force"


def execute(
    connection: sqlite3.Connection,
    case_id: str,
    number: int,
    *,
    problem: str,
    parameters: Mapping[str, int],
    size_bytes: int,
    at: datetime,
) -> Delivery | None:
    """Let what was agreed happen; None where it is void now."""
    decision = _due(connection, case_id, number, at=at)
    case = decided.one_case(connection, case_id)
    origin = decided.origin_of(connection, case)
    if origin is None:
        raise ConflictError(f"case {case_id} is about the rules of flow {case.flow}, and nothing goes on by it.")
    if void := problem or _problem(connection, decision, case, origin, parameters=parameters, at=at):
        decided.end(connection, case_id, number, DecisionState.VOID, note=void, by=None, at=at)
        return None
    if case.kind is CaseKind.ROWS:
        made = _amend(connection, decision, case, origin, size_bytes=size_bytes, at=at)
    else:
        made = _let_go(connection, decision, origin, at=at)
    done = replace(decision, state=DecisionState.EXECUTED, amendment=made.id)
    decided.write_state(connection, done)
    decided.tell(connection, "decision_executed", done, case, at=at, more={"amendment": made.id})
    return made


def enact(
    connection: sqlite3.Connection,
    case_id: str,
    number: int,
    *,
    problem: str,
    parameters: Mapping[str, int],
    values: Mapping[str, str],
    at: datetime,
) -> Decision:
    """Let an agreed change of rules happen: executed, or void."""
    decision = _due(connection, case_id, number, at=at)
    case = decided.one_case(connection, case_id)
    if case.kind is not CaseKind.CHANGE:
        raise ConflictError(f"case {case_id} is about {case.delivery}, and no rule changes by it. Nothing was done.")
    if void := problem or _problem(connection, decision, case, None, parameters=parameters, at=at):
        return decided.end(connection, case_id, number, DecisionState.VOID, note=void, by=None, at=at)
    by = decided.one_account(connection, decision.proposed_by).name
    set_ = {}
    for name, value in sorted(values.items()):
        version = ParameterVersion(
            flow=case.flow,
            name=name,
            number=0,  # given here
            value=value,
            set_by=by,
            reason=f"{decision.reason} (case {case_id})",
            set_at=at,
        )
        set_[name] = sqlite_registers.set_parameter(connection, version).number
    done = replace(decision, state=DecisionState.EXECUTED)
    decided.write_state(connection, done)
    more = {"parameters": set_, "votes": [vote.account for vote in decision.agreed]}
    decided.tell(connection, "decision_executed", done, case, at=at, more=more)
    sqlite_cases.close_change(connection, case_id, note=ENACTED, at=at)
    return done


def _due(connection: sqlite3.Connection, case: str, number: int, *, at: datetime) -> Decision:
    """The decision, where it may be executed by now; ConflictError else."""
    decision = decided.one_decision(connection, case, number)
    if decision.state is not DecisionState.DECIDED or decision.due_at is None or decision.due_at > at:
        until = f", and can be undone until {decision.due_at:%H:%M:%S} UTC" if decision.due_at else ""
        raise ConflictError(f"decision {number} of case {case} is {decision.state}{until}. Nothing was done.")
    return decision


def _problem(
    connection: sqlite3.Connection,
    decision: Decision,
    case: Case,
    origin: Delivery | None,
    *,
    parameters: Mapping[str, int],
    at: datetime,
) -> str:
    """Why what was agreed does not count any more; empty where it does."""
    if at >= decision.expires_at:
        return decided.EXPIRED
    if case.state is not CaseState.OPEN or case.left < decision.rows:
        return "the case is not what it was: rows of it were decided or checked again"
    waits = DeliveryState.ARCHIVED if case.kind is CaseKind.ROWS else DeliveryState.HELD
    if origin is not None and origin.state is not waits:
        return f"delivery {origin.id} is {origin.state} by now"
    now = dict(
        connection.execute(
            "SELECT name, max(number) FROM parameters WHERE flow = :flow GROUP BY name", {"flow": case.flow}
        ).fetchall()
    )
    for name, version in parameters.items():
        if now.get(name) != version:
            return f"parameter {name} has version {now.get(name)} by now, agreed was version {version}"
    standing = 0
    for vote in decision.agreed:
        if why := refusal(decided.one_account(connection, vote.account), decision, origin, flow=case.flow):
            _void_vote(connection, decision, vote.account, why)
        else:
            standing += 1
    if standing < decision.needed:
        return f"{decision.needed - standing} of {decision.needed} votes count no more"
    return ""


def _void_vote(connection: sqlite3.Connection, decision: Decision, account: str, why: str) -> None:
    connection.execute(
        "UPDATE votes SET void = :why WHERE case_id = :case AND number = :number AND account = :account AND void = ''",
        {"why": why, "case": decision.case, "number": decision.number, "account": account},
    )


def _amend(
    connection: sqlite3.Connection,
    decision: Decision,
    case: Case,
    origin: Delivery,
    *,
    size_bytes: int,
    at: datetime,
) -> Delivery:
    """A delivery made of the case's rows; it has landed, since its document lies in the vault."""
    number = take_numbers(connection, "landing", 1).stop
    facts = {**origin_facts(origin), "case": case.id, "decision": decision.number, **_agreement(decision)}
    made = Delivery(
        id=delivery_id(origin.flow, DeliveryKind.AMENDMENT, [origin.id, case.id, decision.number]),
        landing_number=number,
        flow=origin.flow,
        kind=DeliveryKind.AMENDMENT,
        name=f"{case.id}-{decision.number}",
        origin=origin.id,
        sender=SENDER,
        sha256=decision.digest,
        size_bytes=size_bytes,
        form=origin.form,
        state=DeliveryState.LANDED,
        run=case.id,
        landed_at=at,
        facts=facts,
    )
    insert(connection, "deliveries", [encode_delivery(made)])
    arrived = {"kind": made.kind.value, "landing_number": number, "sha256": made.sha256, "size_bytes": size_bytes}
    linked = {"origin": origin.id, "case": case.id, "decision": decision.number}
    entries = [
        log.Entry(DeliveryState.REGISTERED.value, made.id, made.flow, arrived | linked),
        log.Entry(DeliveryState.LANDED.value, made.id, made.flow, linked),
    ]
    log.append(connection, entries, at=at)
    return made


def _let_go(connection: sqlite3.Connection, decision: Decision, origin: Delivery, *, at: datetime) -> Delivery:
    """The held delivery is checked again: as one that was released, or with all its rows rejected."""
    if decision.act is Act.ACCEPT:
        after, event = replace(origin, state=DeliveryState.LANDED), "contract_accepted"
    elif decision.act is Act.REJECT:
        after = replace(origin, state=DeliveryState.LANDED, facts={**origin.facts, DISCARDED_WHOLE: True})
        event = "discard"
    else:
        after = replace(origin, state=DeliveryState.LANDED, released=decision.reason)
        event = "release"
    fields = {"held_for": list(origin.held_for), "case": decision.case, **_agreement(decision)}
    sqlite_deliveries.apply(connection, [Move(after=after, event=event, fields=fields)], at=at)
    return after


def _agreement(decision: Decision) -> dict[str, Any]:
    return {
        "act": decision.act.value,
        "proposed_by": decision.proposed_by,
        "votes": [vote.account for vote in decision.agreed],
        "reason_sha256": hashlib.sha256(decision.reason.encode()).hexdigest(),
    }
