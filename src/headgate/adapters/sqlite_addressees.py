"""To whom comments speak, in the database: entered with the comment, and ended when nothing is left to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import decode_time, encode_time
from headgate.adapters.sqlite_statements import first_value, insert
from headgate.core.addressees import NOT_ASKED, Addressed, To, Why
from headgate.core.cases import CaseState, Comment
from headgate.core.errors import ConflictError, NotFoundError
from headgate.core.records import require_utc

# A question waits while its case is open and marked as asked; a mention until it was seen, whatever became of the case.
_WAITING = f"""SELECT a.case_id, a.number, a.who, a.why, c.flow, c.delivery, m.account, m.at, m.text
    FROM addressees a JOIN comments m ON m.case_id = a.case_id AND m.number = a.number JOIN cases c ON c.id = a.case_id
    WHERE a.done_at IS NULL
    AND (a.why = '{Why.MENTIONED.value}' OR (c.state = '{CaseState.OPEN.value}' AND c.asked = 1))"""


def enter(connection: sqlite3.Connection, comment: Comment, to: Sequence[To], *, settles: bool) -> bool:
    """Note whom a comment that was entered speaks to; whether the case is marked as asked after it.

    A new question takes the place of the one before. Whoever writes has seen what named them.
    """
    values = {"case": comment.case, "by": comment.account, "at": encode_time(comment.at)}
    see(connection, comment.case, who=comment.account, at=comment.at)
    waits = first_value(connection, _open_question("count(*)"), values)
    if comment.question or settles:
        connection.execute(
            f"UPDATE addressees SET done_at = :at WHERE case_id = :case AND why = '{Why.ASKED.value}' "
            "AND done_at IS NULL",
            values,
        )
    lines = [
        {"case_id": comment.case, "number": comment.number, "who": one.who, "why": one.why.value}
        for one in dict.fromkeys(to)
    ]
    if lines:
        insert(connection, "addressees", lines)
    return comment.question or bool(waits and not settles)


def addressed(
    connection: sqlite3.Connection, *, who: str | None, why: Why | None, case: str | None, untold: bool, most: int
) -> list[Addressed]:
    """What waits for somebody, the oldest first."""
    wanted = {"a.who": who, "a.why": None if why is None else why.value, "a.case_id": case}
    named = {name: value for name, value in wanted.items() if value is not None}
    conditions = "".join(f" AND {name} = :{name[2:]}" for name in named)
    values = {name[2:]: value for name, value in named.items()} | {"most": most}
    rows = connection.execute(
        f"{_WAITING}{conditions}{' AND a.told_at IS NULL' if untold else ''} "
        "ORDER BY m.at, a.case_id, a.number, a.who LIMIT :most",
        values,
    )
    return [
        Addressed(
            case=row["case_id"],
            number=row["number"],
            who=row["who"],
            why=Why(row["why"]),
            flow=row["flow"],
            delivery=row["delivery"],
            by=row["account"],
            at=decode_time(row["at"]),
            text=row["text"],
        )
        for row in rows
    ]


def see(connection: sqlite3.Connection, case: str, *, who: str, at: datetime) -> int:
    """What names somebody in a case waits no longer; how much did."""
    require_utc(at)
    changed = connection.execute(
        "UPDATE addressees SET done_at = :at WHERE case_id = :case AND who = :who AND done_at IS NULL "
        f"AND why = '{Why.MENTIONED.value}'",
        {"at": encode_time(at), "case": case, "who": who},
    )
    return changed.rowcount


def answer(connection: sqlite3.Connection, comment: Comment, question: int) -> None:
    """Take the mark off the case; of two answers at once the second finds it gone."""
    values = {
        "case": comment.case,
        "by": comment.account,
        "at": encode_time(comment.at),
        "number": question,
    }
    mine = f"SELECT count(*) FROM addressees WHERE {_MINE}"
    if not first_value(connection, mine, values):
        raise NotFoundError("There is no such question for you. Next: open the page again.")
    open_ = (
        f"{_open_question('count(*)')} AND a.number = :number AND a.who = :by AND c.state = '{CaseState.OPEN.value}'"
    )
    if not first_value(connection, open_, values):
        raise ConflictError(NOT_ASKED)
    connection.execute(f"UPDATE addressees SET done_at = :at WHERE {_MINE}", values)
    connection.execute("UPDATE cases SET asked = 0 WHERE id = :case", values)


def note_told(connection: sqlite3.Connection, one: Addressed, receivers: Sequence[str], *, at: datetime) -> None:
    """A queue has it for these receivers; of two that say so at once the first is believed."""
    changed = connection.execute(
        "UPDATE addressees SET told_at = :at WHERE case_id = :case AND number = :number AND who = :who AND why = :why "
        "AND told_at IS NULL",
        {"at": encode_time(at), "case": one.case, "number": one.number, "who": one.who, "why": one.why.value},
    )
    if changed.rowcount and receivers:
        fields = {"case": one.case, "comment": one.number, "to": one.who, "why": one.why.value}
        entry = log.Entry("told", one.delivery, one.flow, fields | {"receivers": list(receivers)})
        log.append(connection, [entry], at=at)


def said(connection: sqlite3.Connection, comment: Comment) -> int:
    """Enter a comment with the next number."""
    last = first_value(connection, "SELECT max(number) FROM comments WHERE case_id = :id", {"id": comment.case})
    number: int = (last or 0) + 1
    line = {
        "case_id": comment.case,
        "number": number,
        "account": comment.account,
        "at": encode_time(comment.at),
        "text": comment.text,
        "question": int(comment.question),
    }
    insert(connection, "comments", [line])
    return number


def answered_entry(comment: Comment, *, delivery: str | None, flow: str, question: int) -> log.Entry:
    """The event of an answer: who, and to what; never its words."""
    fields = {"case": comment.case, "by": comment.account, "comment": comment.number, "question": question}
    return log.Entry("answered", delivery, flow, fields)


_MINE = f"case_id = :case AND number = :number AND who = :by AND why = '{Why.ASKED.value}'"


def _open_question(what: str) -> str:
    return (
        f"SELECT {what} FROM addressees a JOIN cases c ON c.id = a.case_id WHERE a.case_id = :case "
        f"AND a.why = '{Why.ASKED.value}' AND a.done_at IS NULL AND c.asked = 1"
    )
