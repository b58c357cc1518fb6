"""Alerts, silences and notices in the ledger's database; what happens to an alert is an event of the same log."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from headgate.adapters import sqlite_leases as leases
from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import (
    decode_mapping,
    decode_optional_time,
    decode_time,
    encode_json,
    encode_optional_time,
    encode_time,
)
from headgate.adapters.sqlite_database import BUSY_TIMEOUT_S, Database
from headgate.adapters.sqlite_statements import first_value, insert
from headgate.core.alerts import Alert, AlertKind, Alerts, Change, Notice, NoticeKind, Silence
from headgate.core.errors import NotFoundError
from headgate.core.records import Fence

# Who acknowledged it is left alone: that may happen between the look and the change.
_MOVE = (
    "UPDATE alerts SET facts = :facts, told_at = :told_at, tellings = :tellings, level = :level, level_at = :level_at, "
    "resolved_at = :resolved_at WHERE id = :id AND resolved_at IS NULL"
)
_ABOUT_DELIVERIES = {AlertKind.FAILED, AlertKind.HELD, AlertKind.SLOW}
_AFTER_HEX = "g"  # sorts behind every character of an id


class SqliteAlerts(Alerts):
    """Alerts by the URL of the ledger's database. Threads and processes may share it."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._database = Database(url, busy_timeout_s=busy_timeout_s)

    def standing(self) -> list[Alert]:
        """Alerts whose condition stands, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT * FROM alerts WHERE resolved_at IS NULL ORDER BY opened_at, id")
            return [_decode(row) for row in rows]

    def past(self, *, newest: int) -> list[Alert]:
        """So many that are over, the last to end first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM alerts WHERE resolved_at IS NOT NULL ORDER BY resolved_at DESC, id LIMIT :most",
                {"most": newest},
            )
            return [_decode(row) for row in rows]

    def alert(self, id_: str) -> Alert:
        """The alert of an id, or of as much of it as no other begins with."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM alerts WHERE id >= :id AND id < :behind LIMIT 2", {"id": id_, "behind": id_ + _AFTER_HEX}
            ).fetchall()
        if len(rows) != 1 or not id_.startswith("al-"):
            told = "more than one alert begins" if len(rows) > 1 else "no alert begins"
            raise NotFoundError(f"{told} with {id_[:80]!r}. Next: `headgate alerts list`.")
        return _decode(rows[0])

    def write(self, changes: Sequence[Change], *, at: datetime, fence: Fence) -> None:
        """Write alerts with their events and notices; who acknowledged them is left alone."""
        with self._database.writing() as connection:
            leases.check_fence(connection, fence)
            entries = []
            for change in changes:
                after, line = change.after, _encode(change.after)
                if not connection.execute(_MOVE, line).rowcount:
                    insert(connection, "alerts", [line])
                insert(connection, "notices", [_encode_notice(notice) for notice in change.notices])
                if change.event is not None:
                    fields = {"told": len(change.notices)}
                    entries.append(_entry(connection, change.event, after, fields))
            log.append(connection, entries, at=at)

    def acknowledge(self, id_: str, *, by: str, at: datetime) -> bool:
        """Note that somebody sees to it; False where it is over, or somebody does already."""
        with self._database.writing() as connection:
            row = connection.execute(
                "UPDATE alerts SET acknowledged_at = :at, acknowledged_by = :by "
                "WHERE id = :id AND resolved_at IS NULL AND acknowledged_at IS NULL RETURNING *",
                {"at": encode_time(at), "by": by, "id": id_},
            ).fetchall()
            entries = [_entry(connection, "alert_acknowledged", _decode(one), {"by": by}) for one in row]
            log.append(connection, entries, at=at)
        return bool(row)

    def silence(self, silence: Silence) -> None:
        """Enter a silence, with the event `alerts_silenced`."""
        line = {
            "id": silence.id,
            "key": silence.key,
            "kind": silence.kind,
            "flow": silence.flow,
            "until": encode_time(silence.until),
            "reason": silence.reason,
            "made_at": encode_time(silence.made_at),
            "made_by": silence.made_by,
        }
        with self._database.writing() as connection:
            insert(connection, "silences", [line])
            fields = {"silence": silence.id, "by": silence.made_by, "until": line["until"], "kind": silence.kind}
            entry = log.Entry("alerts_silenced", None, silence.flow or None, fields)
            log.append(connection, [entry], at=silence.made_at)

    def end_silence(self, id_: str, *, by: str, at: datetime) -> bool:
        """End a silence early, with the event `silence_ended`; False where it has ended."""
        with self._database.writing() as connection:
            ended = connection.execute(
                "UPDATE silences SET ended_at = :at, ended_by = :by "
                "WHERE id = :id AND ended_at IS NULL AND until > :at RETURNING flow",
                {"at": encode_time(at), "by": by, "id": id_},
            ).fetchall()
            fields = {"silence": id_, "by": by}
            entries = [log.Entry("silence_ended", None, flow or None, fields) for (flow,) in ended]
            log.append(connection, entries, at=at)
        return bool(ended)

    def silences(self, *, at: datetime) -> list[Silence]:
        """Those that stand at that moment, the next to end first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM silences WHERE until > :at AND ended_at IS NULL ORDER BY until, id",
                {"at": encode_time(at)},
            )
            return [_decode_silence(row) for row in rows]

    def notices(self, alert: str) -> list[Notice]:
        """What was said of an alert, the oldest first."""
        return self._notices("alert = :alert", {"alert": alert})

    def unqueued(self, *, most: int) -> list[Notice]:
        """Notices that no queue has taken yet, the oldest first."""
        return self._notices("queued_at IS NULL", {"most": most}, " LIMIT :most")

    def note_queued(self, ids: Sequence[str], *, at: datetime) -> None:
        """A queue has taken them, durably."""
        with self._database.writing() as connection:
            lines = [{"id": id_, "at": encode_time(at)} for id_ in ids]
            connection.executemany("UPDATE notices SET queued_at = :at WHERE id = :id", lines)

    def note_delivered(self, id_: str, *, at: datetime) -> None:
        """The receiver has taken it."""
        with self._database.writing(synced=False) as connection:
            connection.execute(
                "UPDATE notices SET delivered_at = :at, failed_at = NULL, fault = '' WHERE id = :id",
                {"at": encode_time(at), "id": id_},
            )

    def note_failed(self, id_: str, *, fault: str, at: datetime) -> None:
        """It was given up, with the event `alert_undelivered`."""
        with self._database.writing() as connection:
            values = {"id": id_, "at": encode_time(at), "fault": fault}
            changed = connection.execute(
                "UPDATE notices SET failed_at = :at, fault = :fault WHERE id = :id RETURNING alert", values
            ).fetchall()
            for (alert,) in changed:
                row = connection.execute("SELECT * FROM alerts WHERE id = :id", {"id": alert}).fetchone()
                entry = _entry(connection, "alert_undelivered", _decode(row), {"notice": id_})
                log.append(connection, [entry], at=at)

    def close(self) -> None:
        """Give connections back."""
        self._database.close()

    def _notices(self, which: str, values: Mapping[str, Any], limit: str = "") -> list[Notice]:
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT * FROM notices WHERE {which} ORDER BY made_at, id{limit}", values)
            return [_decode_notice(row) for row in rows]


def _entry(connection: sqlite3.Connection, type_: str, alert: Alert, fields: Mapping[str, Any]) -> log.Entry:
    """An event of an alert: ids and figures, and the delivery that it is about."""
    delivery = alert.subject if alert.kind in _ABOUT_DELIVERIES else None
    known = "SELECT id FROM deliveries WHERE id = :id"
    if delivery is not None and first_value(connection, known, {"id": delivery}) is None:
        delivery = None
    return log.Entry(type_, delivery, alert.flow or None, {"alert": alert.id, "kind": alert.kind.value, **fields})


def _encode(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "key": alert.key,
        "kind": alert.kind.value,
        "flow": alert.flow,
        "subject": alert.subject,
        "facts": encode_json(alert.facts),
        "opened_at": encode_time(alert.opened_at),
        "told_at": encode_optional_time(alert.told_at),
        "tellings": alert.tellings,
        "level": alert.level,
        "level_at": encode_optional_time(alert.level_at),
        "resolved_at": encode_optional_time(alert.resolved_at),
    }


def _decode(row: sqlite3.Row) -> Alert:
    return Alert(
        id=row["id"],
        key=row["key"],
        kind=AlertKind(row["kind"]),
        flow=row["flow"],
        subject=row["subject"],
        facts=decode_mapping(row["facts"]),
        opened_at=decode_time(row["opened_at"]),
        told_at=decode_optional_time(row["told_at"]),
        tellings=row["tellings"],
        level=row["level"],
        level_at=decode_optional_time(row["level_at"]),
        acknowledged_at=decode_optional_time(row["acknowledged_at"]),
        acknowledged_by=row["acknowledged_by"],
        resolved_at=decode_optional_time(row["resolved_at"]),
    )


def _decode_silence(row: sqlite3.Row) -> Silence:
    return Silence(
        id=row["id"],
        until=decode_time(row["until"]),
        reason=row["reason"],
        made_at=decode_time(row["made_at"]),
        made_by=row["made_by"],
        key=row["key"],
        kind=None if row["kind"] is None else AlertKind(row["kind"]),
        flow=row["flow"],
        ended_at=decode_optional_time(row["ended_at"]),
        ended_by=row["ended_by"],
    )


def _encode_notice(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "alert": notice.alert,
        "receiver": notice.receiver,
        "kind": notice.kind.value,
        "body": notice.body,
        "made_at": encode_time(notice.made_at),
        "fault": notice.fault,
    }


def _decode_notice(row: sqlite3.Row) -> Notice:
    return Notice(
        id=row["id"],
        alert=row["alert"],
        receiver=row["receiver"],
        kind=NoticeKind(row["kind"]),
        body=row["body"],
        made_at=decode_time(row["made_at"]),
        queued_at=decode_optional_time(row["queued_at"]),
        delivered_at=decode_optional_time(row["delivered_at"]),
        failed_at=decode_optional_time(row["failed_at"]),
        fault=row["fault"],
    )
