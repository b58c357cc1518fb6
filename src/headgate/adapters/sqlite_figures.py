"""Sums over deliveries, as an overview asks for them."""

from __future__ import annotations

import sqlite3
from datetime import date

from headgate.adapters.sqlite_codec import decode_time
from headgate.core.records import Counts, DayVolume, DeliveryKind, Elapsed, Holding, ReasonCount
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


def caught(connection: sqlite3.Connection, flow: str, since: date) -> list[ReasonCount]:
    """On how many rows of a flow's deliveries each reason stands, most rows first."""
    rows = connection.execute(
        "SELECT json_extract(value, '$.verdict') AS verdict, json_extract(value, '$.code') AS code, "
        "json_extract(value, '$.column') AS column_path, json_extract(value, '$.rule') AS rule, "
        "sum(json_extract(value, '$.rows')) AS found FROM deliveries, json_each(deliveries.reasons) "
        f"WHERE flow = :flow AND landed_at >= :since AND {_STANDING} "
        "GROUP BY 1, 2, 3, 4 ORDER BY found DESC, verdict, code, column_path, rule",
        {"flow": flow, "since": since.isoformat()},
    )
    return [
        ReasonCount(
            verdict=row["verdict"], code=row["code"], column=row["column_path"], rule=row["rule"], rows=row["found"]
        )
        for row in rows
    ]


def elapsed(connection: sqlite3.Connection, since: date) -> list[Elapsed]:
    """How long deliveries took from landing to their first publication, in landing order."""
    rows = connection.execute(
        "SELECT id, flow, substr(landed_at, 1, 10) AS day, "
        "(julianday(published_at) - julianday(landed_at)) * 86400 AS seconds FROM (SELECT *, (SELECT min(at) "
        "FROM events WHERE events.delivery = deliveries.id AND events.type = :published) AS published_at "
        f"FROM deliveries WHERE landed_at >= :since AND released IS NULL AND {_STANDING}) "
        "WHERE published_at IS NOT NULL ORDER BY landing_number",
        {"since": since.isoformat(), "published": DeliveryState.PUBLISHED.value},
    )
    return [
        Elapsed(
            flow=row["flow"],
            day=date.fromisoformat(row["day"]),
            delivery=row["id"],
            seconds=max(round(row["seconds"], 3), 0.0),
        )
        for row in rows
    ]
