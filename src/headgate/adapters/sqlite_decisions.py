"""Decisions in the database: proposed, voted on, ended. Each change with its event."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from headgate.adapters import sqlite_cases, sqlite_deliveries
from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import (
    decode_optional_time,
    decode_time,
    encode_json,
    encode_optional_time,
    encode_time,
)
from headgate.adapters.sqlite_decision_events import decision_entry
from headgate.adapters.sqlite_statements import first_value, insert
from headgate.core.accounts import Account
from headgate.core.cases import UNDER_WAY, Case, CaseFilter, CaseKind, CaseState, Decision, DecisionState
from headgate.core.errors import ConflictError, NotFoundError, RefusedVoteError
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.voting import refusal

EXPIRED = "it was not executed in time"

# a vote for a content that was changed and then changed back stands there already, void
_VOTE = (
    "INSERT INTO votes (case_id, number, account, digest, at, void) VALUES (:case, :number, :account, :digest, :at, '')"
    " ON CONFLICT (case_id, number, account, digest) DO UPDATE SET at = :at, void = ''"
)


def propose(
    connection: sqlite3.Connection, decision: Decision, *, instead: str | None, at: datetime, opens: Case | None
) -> Decision:
    """Enter a decision, or change the one that is under way."""
    if opens is not None:
        sqlite_cases.open_change(connection, opens, at=at)
    case = one_case(connection, decision.case)
    if case.state is not CaseState.OPEN or decision.rows > case.left:
        why = f"it is closed: {case.note}" if case.state is CaseState.CLOSED else f"{case.left} rows are left in it"
        raise ConflictError(f"case {case.id} is not as it was shown, {why}. Next: open it again.")
    before = next(iter(sqlite_cases.decisions(connection, [case.id], UNDER_WAY)), None)
    if before is not None and before.digest != instead:
        raise ConflictError(
            f"case {case.id} has a decision under way already: {before.what}, by "
            f"{before.proposed_by} at {before.proposed_at:%H:%M:%S} UTC. "
            "Next: open the case again, then agree, or change that one."
        )
    if before is None:
        if instead is not None:
            raise ConflictError(f"the decision that was shown on case {case.id} is over. Next: open the case again.")
        number = first_value(connection, "SELECT max(number) FROM decisions WHERE case_id = :id", {"id": case.id}) or 0
        entered = replace(decision, number=number + 1)
        insert(connection, "decisions", [_encode(entered)])
        tell(connection, "proposed", entered, case, at=at, by=entered.proposed_by)
        return entered
    editors = tuple(dict.fromkeys([*before.editors, *decision.editors]))
    changed = replace(decision, number=before.number, editors=editors)
    _write(connection, changed)
    connection.execute(
        "UPDATE votes SET void = :why WHERE case_id = :case AND number = :number AND void = ''",
        {"why": f"{decision.proposed_by} changed the proposal", "case": case.id, "number": before.number},
    )
    tell(connection, "proposal_changed", changed, case, at=at, by=changed.proposed_by)
    return one_decision(connection, case.id, before.number)


def vote(
    connection: sqlite3.Connection,
    case: str,
    number: int,
    *,
    digest: str,
    account: str,
    undo: timedelta,
    at: datetime,
) -> Decision:
    """Count the account's yes to that digest; with enough of them the decision is decided."""
    decision = one_decision(connection, case, number)
    found = one_case(connection, case)
    if decision.state is not DecisionState.PROPOSED:
        raise ConflictError(f"{_called(decision)} is {decision.state}{_noted(decision)}. Next: open the case again.")
    if digest != decision.digest:
        raise ConflictError(
            f"{_called(decision)} was changed since it was shown: you agreed to {digest[:12]}, proposed is "
            f"{decision.digest[:12]}. Your vote was not counted. Next: look at it as it stands now."
        )
    if at >= decision.expires_at:
        return end(connection, case, number, DecisionState.VOID, note=EXPIRED, by=None, at=at)
    if why := refusal(one_account(connection, account), decision, origin_of(connection, found), flow=found.flow):
        raise RefusedVoteError(f"{why} Your vote was not counted.")
    if account not in {vote.account for vote in decision.agreed}:
        connection.execute(
            _VOTE, {"case": case, "number": number, "account": account, "digest": digest, "at": encode_time(at)}
        )
        tell(connection, "voted", decision, found, at=at, by=account)
    decision = one_decision(connection, case, number)
    if len(decision.agreed) < decision.needed:
        return decision
    decided = replace(decision, state=DecisionState.DECIDED, due_at=at + undo)
    _write(connection, decided)
    tell(connection, "decided", decided, found, at=at)
    return decided


def end(
    connection: sqlite3.Connection,
    case: str,
    number: int,
    state: DecisionState,
    *,
    note: str,
    by: str | None,
    at: datetime,
) -> Decision:
    """Withdraw or void a decision that is not executed."""
    decision = one_decision(connection, case, number)
    if decision.state not in UNDER_WAY:
        raise ConflictError(f"{_called(decision)} is {decision.state} already{_noted(decision)}. Nothing was changed.")
    ended = replace(decision, state=state, note=note, due_at=None)
    _write(connection, ended)
    found = one_case(connection, case)
    tell(connection, f"decision_{state}", ended, found, at=at, by=by)
    if found.kind is CaseKind.CHANGE:
        sqlite_cases.close_change(connection, case, note=note, at=at)
    return ended


def one_case(connection: sqlite3.Connection, id_: str) -> Case:
    """The case; NotFoundError where there is none."""
    found = sqlite_cases.find(connection, CaseFilter(ids=(id_,), state=None))
    if not found:
        raise NotFoundError(f"there is no case {id_[:40]!r}. Next: `headgate cases list`.")
    return found[0]


def one_decision(connection: sqlite3.Connection, case: str, number: int) -> Decision:
    """The decision of that number; NotFoundError where there is none."""
    for decision in sqlite_cases.decisions(connection, [case], tuple(DecisionState)):
        if decision.number == number:
            return decision
    raise NotFoundError(f"case {case[:40]!r} has no decision {number}. Next: `headgate cases show {case[:40]}`.")


def one_account(connection: sqlite3.Connection, id_: str) -> Account:
    """The account with its roles as they are now; NotFoundError where there is none."""
    row = connection.execute("SELECT * FROM accounts WHERE id = :id", {"id": id_}).fetchone()
    if row is None:
        raise NotFoundError(f"there is no account {id_[:40]!r}. Next: `headgate accounts list`.")
    grants = connection.execute("SELECT role, flow FROM grants WHERE account = :id", {"id": id_})
    return Account(
        id=id_,
        name=row["name"],
        grants=tuple(Grant(role=Role(role), flow=flow) for role, flow in grants),
        made_at=decode_time(row["made_at"]),
        disabled_at=decode_optional_time(row["disabled_at"]),
    )


def origin_of(connection: sqlite3.Connection, case: Case) -> Delivery | None:
    """The delivery that a case is about; None for a change of rules."""
    if case.delivery is None:
        return None
    (found,) = sqlite_deliveries.find(connection, DeliveryFilter(ids=(case.delivery,)))
    return found


def tell(
    connection: sqlite3.Connection,
    type_: str,
    decision: Decision,
    case: Case,
    *,
    at: datetime,
    by: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write what happened; `by` is the account that did it, None where nobody did."""
    log.append(connection, [decision_entry(type_, decision, case, by=by, more=more)], at=at)


def write_state(connection: sqlite3.Connection, decision: Decision) -> None:
    """Write a decision as it stands now."""
    _write(connection, decision)


def _write(connection: sqlite3.Connection, decision: Decision) -> None:
    line = _encode(decision)
    changed = ", ".join(f"{name} = :{name}" for name in line if name not in {"case_id", "number"})
    connection.execute(f"UPDATE decisions SET {changed} WHERE case_id = :case_id AND number = :number", line)


def _encode(decision: Decision) -> dict[str, Any]:
    return {
        "case_id": decision.case,
        "number": decision.number,
        "act": decision.act.value,
        "digest": decision.digest,
        "row_count": decision.rows,
        "reason": decision.reason,
        "proposed_by": decision.proposed_by,
        "editors": encode_json(decision.editors),
        "needed": decision.needed,
        "state": decision.state.value,
        "proposed_at": encode_time(decision.proposed_at),
        "expires_at": encode_time(decision.expires_at),
        "due_at": encode_optional_time(decision.due_at),
        "amendment": decision.amendment,
        "note": decision.note,
    }


def _called(decision: Decision) -> str:
    return f"decision {decision.number} of case {decision.case}"


def _noted(decision: Decision) -> str:
    return f" ({decision.note})" if decision.note else ""
