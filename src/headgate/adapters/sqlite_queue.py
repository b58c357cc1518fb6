"""A queue in the ledger's database; leases and delays go by the database's clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from headgate.adapters.sqlite_database import BUSY_TIMEOUT_S, Database
from headgate.adapters.sqlite_leases import NOW
from headgate.adapters.sqlite_statements import first_value, insert, take_numbers
from headgate.core.errors import LeaseLostError, NotFoundError
from headgate.core.queue import (
    DUPLICATES_S,
    MOST_DELIVERIES,
    TOO_MANY_DELIVERIES,
    DeadLetter,
    Leased,
    Message,
    Queue,
    QueueCounts,
)

# `place` is the order; a scheduled message has none until it is due. Every new place is behind all others.
_HEADS = """SELECT number FROM messages AS one
WHERE queue = :queue AND dead_at IS NULL AND token IS NULL AND place IS NOT NULL
    AND (hidden_until IS NULL OR hidden_until <= :now)
    AND (key = '' OR NOT EXISTS (SELECT 1 FROM messages AS before WHERE before.queue = one.queue
        AND before.key = one.key AND before.dead_at IS NULL AND before.place < one.place))
ORDER BY place LIMIT :most"""
_HELD = "number = :number AND token = :token AND locked_until > :now"
_FREE = "token = NULL, locked_until = NULL"
_OUTWORN = f"UPDATE messages SET dead_at = :now, reason = '{TOO_MANY_DELIVERIES}', description = :told"
_COUNTS = """SELECT
    count(*) FILTER (WHERE dead_at IS NULL AND place IS NOT NULL
        AND (token IS NULL OR locked_until <= :now)) AS waiting,
    count(*) FILTER (WHERE token IS NOT NULL AND locked_until > :now) AS leased,
    count(*) FILTER (WHERE dead_at IS NULL AND place IS NULL) AS scheduled,
    count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead
FROM messages WHERE queue = :queue"""


class SqliteQueue(Queue):
    """The queue of a name, by the URL of the ledger's database. Threads and processes may share it.

    The id of a message is known for `duplicates_s` after it was sent; after `most_deliveries` leases it is dead.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        most_deliveries: int = MOST_DELIVERIES,
        duplicates_s: float = DUPLICATES_S,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        self._database = Database(url, busy_timeout_s=busy_timeout_s)
        self._name = name
        self._most_deliveries = most_deliveries
        self._duplicates_s = duplicates_s

    def send(self, messages: Sequence[Message]) -> int:
        """Take messages in durably, all or none; how many were new."""
        if not messages:
            return 0
        with self._database.writing() as connection:
            now = _now(connection)
            self._set_due(connection, now)  # what was due before these stands before them
            connection.execute("DELETE FROM message_ids WHERE expires_at <= :now", {"now": now})
            new = [message for message in messages if self._is_new(connection, message, now)]
            if new:
                rows = [
                    {
                        "number": number + 1,
                        "queue": self._name,
                        "id": message.id,
                        "key": message.key,
                        "body": message.body,
                        "place": None if _is_later(message, now) else number + 1,
                        "sent_at": now,
                        "not_before": message.not_before.timestamp() if message.not_before else None,
                        "deliveries": 0,
                    }
                    for number, message in zip(take_numbers(connection, "message", len(new)), new, strict=True)
                ]
                insert(connection, "messages", rows)
        return len(new)

    def lease(self, *, most: int = 1, ttl_s: float = 60.0) -> list[Leased]:
        """Up to so many messages that wait longest, at most one of each key."""
        with self._database.writing(synced=False) as connection:
            now = _now(connection)
            self._settle(connection, now)
            heads = connection.execute(_HEADS, {"queue": self._name, "now": now, "most": most}).fetchall()
            return [self._take(connection, number, until=now + ttl_s) for (number,) in heads]

    def renew(self, leased: Leased, *, ttl_s: float = 60.0) -> Leased:
        """Hold a message longer."""
        with self._database.writing(synced=False) as connection:
            now = _now(connection)
            self._change(connection, leased, now, "locked_until = :until", until=now + ttl_s)
            return _leased(connection, leased.number)

    def complete(self, leased: Leased) -> None:
        """The message is done, and gone."""
        with self._database.writing(synced=False) as connection:
            done = connection.execute(f"DELETE FROM messages WHERE {_HELD}", _held(leased, _now(connection)))
            if not done.rowcount:
                raise _lost(leased)

    def abandon(self, leased: Leased, *, delay_s: float = 0.0) -> None:
        """Give a message back; it is leased again after the delay. The last time it dies."""
        with self._database.writing(synced=False) as connection:
            now = _now(connection)
            self._change(connection, leased, now, f"hidden_until = :until, {_FREE}", until=now + delay_s)
            self._bury_outworn(connection, now)

    def dead_letter(self, leased: Leased, *, reason: str, description: str) -> None:
        """Lay a message aside that cannot be done; the later ones of its key go on."""
        with self._database.writing() as connection:
            change = f"dead_at = :now, reason = :reason, description = :told, {_FREE}"
            self._change(connection, leased, _now(connection), change, reason=reason, told=description)

    def dead_letters(self, *, after: int = 0, most: int = 100) -> list[DeadLetter]:
        """Dead letters by number, those behind `after`."""
        with self._database.writing(synced=False) as connection:
            self._settle(connection, _now(connection))
            rows = connection.execute(
                "SELECT * FROM messages WHERE queue = :queue AND dead_at IS NOT NULL AND number > :after "
                "ORDER BY number LIMIT :most",
                {"queue": self._name, "after": after, "most": most},
            )
            return [
                DeadLetter(
                    number=row["number"],
                    id=row["id"],
                    key=row["key"],
                    body=row["body"],
                    deliveries=row["deliveries"],
                    sent_at=_moment(row["sent_at"]),
                    died_at=_moment(row["dead_at"]),
                    reason=row["reason"],
                    description=row["description"],
                )
                for row in rows
            ]

    def put_back(self, number: int) -> None:
        """Let a dead letter be tried anew, behind what waits; NotFoundError where there is none of that number."""
        with self._database.writing() as connection:
            place = take_numbers(connection, "message").stop
            put = connection.execute(
                "UPDATE messages SET dead_at = NULL, reason = NULL, description = NULL, hidden_until = NULL, "
                "deliveries = 0, place = :place WHERE queue = :queue AND number = :number AND dead_at IS NOT NULL",
                {"place": place, "queue": self._name, "number": number},
            )
            if not put.rowcount:
                raise NotFoundError(f"Queue {self._name!r} has no dead letter {number}.")

    def counts(self) -> QueueCounts:
        """How many messages there are."""
        with self._database.reading() as connection:
            row = connection.execute(_COUNTS, {"queue": self._name, "now": _now(connection)}).fetchone()
            return QueueCounts(**dict(row))

    def close(self) -> None:
        """Give connections back."""
        self._database.close()

    def _is_new(self, connection: sqlite3.Connection, message: Message, now: float) -> bool:
        known = connection.execute(
            "INSERT INTO message_ids (queue, id, expires_at) VALUES (:queue, :id, :until) ON CONFLICT DO NOTHING",
            {"queue": self._name, "id": message.id, "until": now + self._duplicates_s},
        )
        return known.rowcount > 0

    def _take(self, connection: sqlite3.Connection, number: int, *, until: float) -> Leased:
        connection.execute(
            "UPDATE messages SET token = :token, locked_until = :until, hidden_until = NULL, "
            "deliveries = deliveries + 1 WHERE number = :number",
            {"token": take_numbers(connection, "fence").stop, "until": until, "number": number},
        )
        return _leased(connection, number)

    def _change(
        self, connection: sqlite3.Connection, leased: Leased, now: float, change: str, **values: float | str
    ) -> None:
        """Change a message under its lease, or LeaseLostError."""
        done = connection.execute(f"UPDATE messages SET {change} WHERE {_HELD}", _held(leased, now) | values)
        if not done.rowcount:
            raise _lost(leased)

    def _settle(self, connection: sqlite3.Connection, now: float) -> None:
        """Give back what was not told to be done in time, lay aside what was given too often, and set what is due."""
        ended = f"UPDATE messages SET {_FREE} WHERE queue = :queue AND locked_until <= :now"
        connection.execute(ended, {"queue": self._name, "now": now})
        self._bury_outworn(connection, now)
        self._set_due(connection, now)

    def _bury_outworn(self, connection: sqlite3.Connection, now: float) -> None:
        connection.execute(
            f"{_OUTWORN} WHERE queue = :queue AND dead_at IS NULL AND token IS NULL AND deliveries >= :most",
            {
                "queue": self._name,
                "now": now,
                "most": self._most_deliveries,
                "told": f"It was delivered {self._most_deliveries} times, and never told to be done.",
            },
        )

    def _set_due(self, connection: sqlite3.Connection, now: float) -> None:
        due = connection.execute(
            "SELECT number FROM messages WHERE queue = :queue AND place IS NULL AND not_before <= :now "
            "ORDER BY not_before, number",
            {"queue": self._name, "now": now},
        ).fetchall()
        for (number,) in due:
            place = take_numbers(connection, "message").stop
            connection.execute(
                "UPDATE messages SET place = :place WHERE number = :number", {"place": place, "number": number}
            )


def _now(connection: sqlite3.Connection) -> float:
    now: float = first_value(connection, f"SELECT {NOW}", {})
    return now


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _is_later(message: Message, now: float) -> bool:
    return message.not_before is not None and message.not_before.timestamp() > now


def _leased(connection: sqlite3.Connection, number: int) -> Leased:
    row = connection.execute("SELECT * FROM messages WHERE number = :number", {"number": number}).fetchone()
    return Leased(
        number=row["number"],
        token=row["token"],
        id=row["id"],
        key=row["key"],
        body=row["body"],
        deliveries=row["deliveries"],
        sent_at=_moment(row["sent_at"]),
        locked_until=_moment(row["locked_until"]),
    )


def _held(leased: Leased, now: float) -> dict[str, float | str]:
    return {"number": leased.number, "token": leased.token, "now": now}


def _lost(leased: Leased) -> LeaseLostError:
    return LeaseLostError(
        f"The lease of message {leased.id!r} (number {leased.token}) has ended or was taken over; nothing was changed. "
        "Whoever leases it next does it again."
    )
