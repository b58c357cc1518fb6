"""Issued receipts in the database, and the move of published deliveries to archived."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from headgate.adapters import sqlalchemy_deliveries as moved
from headgate.adapters import sqlalchemy_log as log
from headgate.adapters.sqlalchemy_codec import AnyRow
from headgate.adapters.sqlalchemy_schema import receipts
from headgate.adapters.sqlalchemy_statements import parts, take_numbers
from headgate.core.errors import HeadgateError
from headgate.core.records import Delivery, IssuedReceipt
from headgate.core.states import DeliveryState

_EVENTS = {DeliveryState.PUBLISHED: DeliveryState.ARCHIVED.value, DeliveryState.HELD: "receipt"}


def archive(connection: sa.Connection, bodies: Sequence[tuple[Delivery, str]], *, at: datetime) -> list[IssuedReceipt]:
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


def find(connection: sa.Connection, ids: Sequence[str]) -> list[IssuedReceipt]:
    """Receipts of deliveries, by delivery and number."""
    found: list[IssuedReceipt] = []
    for part in parts(ids):
        chosen = sa.select(receipts).where(receipts.c.delivery.in_(part))
        found += [_decode(row) for row in connection.execute(chosen)]
    return sorted(found, key=lambda receipt: (receipt.delivery, receipt.number))


def _enter(
    connection: sa.Connection, new: Sequence[IssuedReceipt], entries: Sequence[log.Entry], *, at: datetime
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
    connection.execute(sa.insert(receipts), rows)


def _event(id_: str, state: DeliveryState) -> str:
    if state not in _EVENTS:
        raise HeadgateError(
            f"Delivery {id_} is {state}; only what is published or held gets a receipt. Nothing was written; look with "
            "`headgate show`."
        )
    return _EVENTS[state]


def _decode(row: AnyRow) -> IssuedReceipt:
    return IssuedReceipt(
        delivery=row.delivery,
        number=row.number,
        body=row.body,
        sha256=row.sha256,
        event_index=row.event_index,
    )
