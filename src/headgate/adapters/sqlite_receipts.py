"""Issued receipts in the database, and the move of published deliveries to archived."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from headgate.adapters import sqlite_deliveries as moved
from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_statements import insert, listed, parts, take_numbers
from headgate.core.errors import HeadgateError
from headgate.core.records import Delivery, IssuedReceipt
from headgate.core.states import DeliveryState

_EVENTS = {
    DeliveryState.PUBLISHED: DeliveryState.ARCHIVED.value,
    DeliveryState.HELD: "receipt",
    DeliveryState.ARCHIVED: "receipt",  # the origin of an amendment
}


def archive(
    connection: sqlite3.Connection, bodies: Sequence[tuple[Delivery, str]], *, at: datetime
) -> list[IssuedReceipt]:
    """Enter receipts with their events; published deliveries become archived. One line for each body, in their order.

    A body that is its delivery's newest receipt already gives that line and writes nothing. HeadgateError for a
    delivery that is neither published nor held.
    """
    current = moved.flows_and_states(connection, [delivery.id for delivery, _ in bodies])
    newest = {receipt.delivery: receipt for receipt in find(connection, list(current))}
    issued: list[IssuedReceipt] = []
    entries: list[log.Entry] = []
    new: list[IssuedReceipt] = []
    # Asking for none holds the counter, so that these indices are the ones that the log will give.
    index = take_numbers(connection, "event", 0).stop
    for delivery, body in bodies:
        sha256 = hashlib.sha256(body.encode()).hexdigest()
        before = newest.get(delivery.id)
        if before is None or before.sha256 != sha256:
            flow, state = current[delivery.id]
            number = before.number + 1 if before else 1
            entries.append(log.Entry(_event(delivery.id, state), delivery.id, flow, {"number": number}, sha256))
            before = IssuedReceipt(
                delivery=delivery.id, number=number, body=body, sha256=sha256, event_index=index + len(new)
            )
            newest[delivery.id] = before
            new.append(before)
        issued.append(before)
    _enter(connection, new, entries, at=at)
    published = [receipt.delivery for receipt in new if current[receipt.delivery][1] is DeliveryState.PUBLISHED]
    moved.set_state(connection, published, DeliveryState.ARCHIVED, publication=None)
    return issued


def find(connection: sqlite3.Connection, ids: Sequence[str]) -> list[IssuedReceipt]:
    """Receipts of deliveries, by delivery and number."""
    found: list[IssuedReceipt] = []
    for part in parts(ids):
        places, values = listed(part)
        rows = connection.execute(f"SELECT * FROM receipts WHERE delivery IN ({places})", values)
        found += [_decode(row) for row in rows]
    return sorted(found, key=lambda receipt: (receipt.delivery, receipt.number))


def _enter(
    connection: sqlite3.Connection, new: Sequence[IssuedReceipt], entries: Sequence[log.Entry], *, at: datetime
) -> None:
    if not new:
        return
    log.append(connection, entries, at=at)
    rows = [
        {
            "delivery": receipt.delivery,
            "number": receipt.number,
            "body": receipt.body,
            "sha256": receipt.sha256,
            "event_index": receipt.event_index,
        }
        for receipt in new
    ]
    insert(connection, "receipts", rows)


def _event(id_: str, state: DeliveryState) -> str:
    if state not in _EVENTS:
        raise HeadgateError(
            f"Delivery {id_} is {state}; only what is published or held gets a receipt. Nothing was written; look with "
            "`headgate show`."
        )
    return _EVENTS[state]


def _decode(row: sqlite3.Row) -> IssuedReceipt:
    return IssuedReceipt(
        delivery=row["delivery"],
        number=row["number"],
        body=row["body"],
        sha256=row["sha256"],
        event_index=row["event_index"],
    )
