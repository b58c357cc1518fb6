"""Sums over deliveries, as an overview asks for them."""

from __future__ import annotations

import sqlite3
from datetime import date

from headgate.adapters.sqlite_codec import decode_time
from headgate.core.records import Counts, DayVolume, DeliveryKind, Holding
from headgate.core.states import DeliveryState

_STANDING = (
    f"flow IS NOT NULL AND received IS NOT NULL AND kind <> '{DeliveryKind.AMENDMENT.value}' "
    f"AND state NOT IN ('{DeliveryState.FAILED.value}', '{DeliveryState.SUPERSEDED.value}')"
)
_COUNTS = ("received", "accepted", "held", "rejected", "duplicate", "warned")


def volumes(connection: sqlite3.Connection, since: date) -> list[DayVolume]:
    """What was counted by flow and day of landing, from that day on."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in _COUNTS)
    rows = connection.execute(
        f"SELECT flow, substr(landed_at, 1, 10) AS day, count(*) AS deliveries, {sums} FROM deliveries "
        f"WHERE landed_at >= :since AND {_STANDING} GROUP BY flow, substr(landed_at, 1, 10) ORDER BY flow, day",
        {"since": since.isoformat()},
    )
    return [
        DayVolume(
            flow=row["flow"],
            day=date.fromisoformat(row["day"]),
            deliveries=row["deliveries"],
            counts=Counts(**{name: row[name] for name in _COUNTS}),
        )
        for row in rows
    ]


def holdings(connection: sqlite3.Connection) -> list[Holding]:
    """Flows with rows that are held, by name."""
    rows = connection.execute(
        f"SELECT flow, sum(held) AS held, min(landed_at) AS since FROM deliveries "
        f"WHERE held > 0 AND {_STANDING} GROUP BY flow ORDER BY flow"
    )
    return [Holding(flow=row["flow"], rows=row["held"], since=decode_time(row["since"])) for row in rows]
