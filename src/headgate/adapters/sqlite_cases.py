"""Cases in the database: read, and opened and closed by the publications that bring them about."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import (
    decode_optional_time,
    decode_texts,
    decode_time,
    encode_optional_time,
    encode_time,
)
from headgate.adapters.sqlite_decision_events import decision_entry
from headgate.adapters.sqlite_statements import listed, parts
from headgate.core.cases import (
    UNDER_WAY,
    Act,
    Case,
    CaseFilter,
    CaseGroup,
    CaseKind,
    CaseState,
    Comment,
    Decision,
    DecisionState,
    Vote,
)
from headgate.core.errors import HeadgateError
from headgate.core.records import Delivery, Move

CHECKED_AGAIN = "its delivery was checked again"
DECIDED = "all its rows are decided"

_NEVER = "9999"  # sorts behind every time
_OPEN = (
    'INSERT INTO cases (id, flow, delivery, kind, rule, code, "column", row_count, remaining, contract, state, '
    "opened_at, due_at, note, asked) VALUES (:id, :flow, :delivery, :kind, :rule, :code, :column, :rows, :rows, "
    ":contract, :open, :at, :due_at, '', 0) ON CONFLICT (id) DO UPDATE SET kind = :kind, row_count = :rows, "
    "remaining = :rows, contract = :contract, state = :open, due_at = :due_at, closed_at = NULL, note = '', "
    "opened_at = CASE WHEN state = :open THEN opened_at ELSE :at END"
)


def follow(connection: sqlite3.Connection, moves: Sequence[Move], *, at: datetime) -> None:
    """Open the cases that a publication's moves speak of, close those that they do not, and count what was settled.

    What was under way in a case of a delivery that was checked again is void: people agreed to something else.
    """
    told = [move for move in moves if move.cases is not None]
    for part in parts([move.after.id for move in told]):
        places, values = listed(part)
        which = f"SELECT id FROM cases WHERE delivery IN ({places}) AND state = :open"
        bound = values | {"open": CaseState.OPEN.value, "at": encode_time(at), "why": CHECKED_AGAIN}
        _void(connection, connection.execute(which, bound).fetchall(), at=at)
        connection.execute(
            f"UPDATE cases SET state = '{CaseState.CLOSED.value}', remaining = 0, closed_at = :at, note = :why "
            f"WHERE id IN ({which})",
            bound,
        )
    connection.executemany(_OPEN, [line for move in told for line in _openings(move, at)])
    for move in moves:
        for case, rows in move.settled.items():
            _settle(connection, case, rows, at=at)


def open_change(connection: sqlite3.Connection, case: Case, *, at: datetime) -> None:
    """Open the case of a change of rules, or open it again; one that is open stays as it is."""
    if find(connection, CaseFilter(ids=(case.id,), state=CaseState.OPEN)):
        return
    line = {
        "id": case.id,
        "flow": case.flow,
        "delivery": None,
        "kind": case.kind.value,
        "rule": case.rule,
        "code": case.code,
        "column": case.column,
        "rows": case.rows,
        "contract": case.contract,
        "open": CaseState.OPEN.value,
        "at": encode_time(at),
        "due_at": encode_optional_time(case.due_at),
    }
    connection.execute(_OPEN, line)


def close_change(connection: sqlite3.Connection, case: str, *, note: str, at: datetime) -> None:
    """Close the case of a change of rules: its decision is over."""
    connection.execute(
        f"UPDATE cases SET state = '{CaseState.CLOSED.value}', closed_at = :at, note = :note WHERE id = :id",
        {"at": encode_time(at), "note": note, "id": case},
    )


def void_executed(connection: sqlite3.Connection, amendments: Sequence[Delivery], *, at: datetime) -> None:
    """End the decisions that these amendments were made of, and which came to nothing; each with its event."""
    for one in amendments:
        case, number = str(one.facts["case"]), int(one.facts["decision"])
        executed = decisions(connection, [case], (DecisionState.EXECUTED,))
        for decision in (decision for decision in executed if decision.number == number):
            connection.execute(
                "UPDATE decisions SET state = :void, note = :why WHERE case_id = :case AND number = :number",
                {"void": DecisionState.VOID.value, "why": one.note, "case": case, "number": number},
            )
            (of,) = find(connection, CaseFilter(ids=(case,), state=None))
            entry = decision_entry("decision_void", decision, of, more={"amendment": one.id})
            log.append(connection, [entry], at=at)


def find(connection: sqlite3.Connection, which: CaseFilter) -> list[Case]:
    """Cases, the one due first, then the oldest."""
    where, values = _conditions(which)
    most = "" if which.limit is None else " LIMIT :most"
    rows = connection.execute(
        f"SELECT * FROM cases{where} ORDER BY coalesce(due_at, '{_NEVER}'), opened_at, id{most}",
        values | {"most": which.limit},
    )
    return [_decode(row) for row in rows]


def groups(connection: sqlite3.Connection, which: CaseFilter) -> list[CaseGroup]:
    """The same, joined by flow and leading reason."""
    where, values = _conditions(which)
    rows = connection.execute(
        'SELECT flow, kind, rule, code, min("column") AS "column", count(*) AS cases, sum(remaining) AS remaining, '
        f"min(opened_at) AS opened_at, min(due_at) AS due_at FROM cases{where} GROUP BY flow, kind, rule, code "
        f"ORDER BY coalesce(min(due_at), '{_NEVER}'), sum(remaining) DESC, flow, rule, code",
        values,
    )
    return [
        CaseGroup(
            flow=row["flow"],
            kind=CaseKind(row["kind"]),
            rule=row["rule"],
            code=row["code"],
            column=row["column"],
            cases=row["cases"],
            rows=row["remaining"],
            opened_at=decode_time(row["opened_at"]),
            due_at=decode_optional_time(row["due_at"]),
        )
        for row in rows
    ]


def decisions(
    connection: sqlite3.Connection, cases: Sequence[str] | None, states: Collection[DecisionState]
) -> list[Decision]:
    """Decisions by case and number, with their votes."""
    places, values = listed([state.value for state in states], "state_")
    where = f"state IN ({places})"
    if cases is not None:
        places, bound = listed(cases, "case_")
        where, values = f"{where} AND case_id IN ({places})", values | bound
    rows = connection.execute(f"SELECT * FROM decisions WHERE {where} ORDER BY case_id, number", values).fetchall()
    votes: dict[tuple[str, int], list[Vote]] = {}
    which = f"SELECT case_id, number FROM decisions WHERE {where}"
    for row in connection.execute(
        f"SELECT * FROM votes WHERE (case_id, number) IN ({which}) ORDER BY at, account", values
    ):
        vote = Vote(account=row["account"], digest=row["digest"], at=decode_time(row["at"]), void=row["void"])
        votes.setdefault((row["case_id"], row["number"]), []).append(vote)
    return [_decode_decision(row, votes.get((row["case_id"], row["number"]), [])) for row in rows]


def comments(connection: sqlite3.Connection, case: str) -> list[Comment]:
    """What was said about a case, in order."""
    rows = connection.execute("SELECT * FROM comments WHERE case_id = :case ORDER BY number", {"case": case})
    return [
        Comment(
            case=case,
            number=row["number"],
            account=row["account"],
            at=decode_time(row["at"]),
            text=row["text"],
            question=bool(row["question"]),
        )
        for row in rows
    ]


def _void(connection: sqlite3.Connection, cases: Sequence[sqlite3.Row], *, at: datetime) -> None:
    """End what is under way in these cases, each with its event."""
    for part in parts([row["id"] for row in cases]):
        gone = decisions(connection, part, UNDER_WAY)
        if not gone:
            continue
        of = {case.id: case for case in find(connection, CaseFilter(ids=tuple(one.case for one in gone)))}
        connection.executemany(
            "UPDATE decisions SET state = :void, note = :why, due_at = NULL WHERE case_id = :case AND number = :number",
            [
                {"void": DecisionState.VOID.value, "why": CHECKED_AGAIN, "case": one.case, "number": one.number}
                for one in gone
            ],
        )
        log.append(connection, [decision_entry("decision_void", one, of[one.case]) for one in gone], at=at)


def _openings(move: Move, at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": case.id,
            "flow": move.after.flow,
            "delivery": move.after.id,
            "kind": case.kind,
            "rule": case.rule,
            "code": case.code,
            "column": case.column,
            "rows": case.rows,
            "contract": move.after.contract,
            "open": CaseState.OPEN.value,
            "at": encode_time(at),
            "due_at": None if case.within_s is None else encode_time(at + timedelta(seconds=case.within_s)),
        }
        for case in move.cases or ()
    ]


def _settle(connection: sqlite3.Connection, case: str, rows: int, *, at: datetime) -> None:
    changed = connection.execute(
        "UPDATE cases SET remaining = remaining - :rows, "
        f"state = CASE WHEN remaining = :rows THEN '{CaseState.CLOSED.value}' ELSE state END, "
        "closed_at = CASE WHEN remaining = :rows THEN :at END, "
        "note = CASE WHEN remaining = :rows THEN :why ELSE note END WHERE id = :case AND remaining >= :rows",
        {"rows": rows, "case": case, "at": encode_time(at), "why": DECIDED},
    )
    if not changed.rowcount:
        raise HeadgateError(
            f"Case {case} has no {rows} rows left to settle; nothing was written. Next: report this fault."
        )


def _conditions(which: CaseFilter) -> tuple[str, dict[str, Any]]:
    equal = {
        "delivery": which.delivery,
        "kind": None if which.kind is None else which.kind.value,
        "rule": which.rule,
        "code": which.code,
        "column": which.column,
        "state": None if which.state is None else which.state.value,
        "assigned": which.assigned,
    }
    values: dict[str, Any] = {name: value for name, value in equal.items() if value is not None}
    conditions = [f'"{name}" = :{name}' for name in values]
    for name, wanted in (("id", which.ids), ("flow", which.flows)):
        if wanted is not None:
            places, bound = listed(wanted, f"{name}_")
            conditions.append(f"{name} IN ({places})")
            values |= bound
    if which.overdue_at is not None:
        conditions.append("due_at < :overdue_at")
        values["overdue_at"] = encode_time(which.overdue_at)
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), values


def _decode(row: sqlite3.Row) -> Case:
    return Case(
        id=row["id"],
        flow=row["flow"],
        delivery=row["delivery"],
        kind=CaseKind(row["kind"]),
        rule=row["rule"],
        code=row["code"],
        column=row["column"],
        rows=row["row_count"],
        left=row["remaining"],
        contract=row["contract"],
        state=CaseState(row["state"]),
        opened_at=decode_time(row["opened_at"]),
        due_at=decode_optional_time(row["due_at"]),
        closed_at=decode_optional_time(row["closed_at"]),
        note=row["note"],
        assigned=row["assigned"],
        asked=bool(row["asked"]),
    )


def _decode_decision(row: sqlite3.Row, votes: Sequence[Vote]) -> Decision:
    return Decision(
        case=row["case_id"],
        number=row["number"],
        act=Act(row["act"]),
        digest=row["digest"],
        rows=row["row_count"],
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        editors=decode_texts(row["editors"]),
        needed=row["needed"],
        state=DecisionState(row["state"]),
        proposed_at=decode_time(row["proposed_at"]),
        expires_at=decode_time(row["expires_at"]),
        due_at=decode_optional_time(row["due_at"]),
        amendment=row["amendment"],
        note=row["note"],
        votes=tuple(votes),
    )
