"""Publications in the database: the durable intent, its completion, and epochs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from headgate.adapters import sqlalchemy_deliveries as moved
from headgate.adapters import sqlalchemy_log as log
from headgate.adapters.sqlalchemy_codec import (
    AnyRow,
    decode_changes,
    decode_moves,
    decode_numbers,
    decode_texts,
    decode_time,
    encode_json,
    encode_time,
)
from headgate.adapters.sqlalchemy_schema import epochs, publications
from headgate.core.errors import PublishError
from headgate.core.records import Publication, PublicationState
from headgate.core.states import DeliveryState

_LINE = tuple(column for column in publications.c if column.name not in {"changes", "moves"})
_INTENT = (publications.c.changes, publications.c.moves)


def open_one(connection: sa.Connection, publication: Publication, *, at: datetime) -> None:
    """Write the intent and move its deliveries to `publishing`, one event each.

    PublishError where the flow has an open publication, the number is not the next one, the epoch is not the one in
    force, or a delivery would be left in `publishing` because no move speaks of it.
    """
    _check_intent(connection, publication)
    connection.execute(
        sa.insert(publications),
        {
            "flow": publication.flow,
            "number": publication.number,
            "epoch": publication.epoch,
            "state": PublicationState.OPEN.value,
            "run": publication.run,
            "deliveries": encode_json(publication.deliveries),
            "changes": encode_json(publication.changes),
            "moves": encode_json(publication.moves),
            "versions": encode_json(publication.versions),
            "opened_at": encode_time(at),
        },
    )
    moved.set_state(connection, publication.deliveries, DeliveryState.PUBLISHING, publication=publication.number)
    entries = [
        log.Entry(DeliveryState.PUBLISHING.value, id_, publication.flow, {"publication": publication.number})
        for id_ in publication.deliveries
    ]
    log.append(connection, entries, at=at)


def complete(connection: sa.Connection, publication: Publication, *, versions: Mapping[str, int], at: datetime) -> None:
    """Write the moves, the tables' versions and the events; PublishError where the publication is not open."""
    _check_moves(publication)
    closed = connection.execute(
        sa.update(publications)
        .where(
            publications.c.flow == publication.flow,
            publications.c.number == publication.number,
            publications.c.state == PublicationState.OPEN.value,
        )
        .values(state=PublicationState.DONE.value, versions=encode_json(versions), done_at=encode_time(at))
    )
    if not closed.rowcount:
        raise PublishError(
            f"Publication {publication.number} of flow {publication.flow!r} is not open, so it cannot be completed; "
            "read the open ones again."
        )
    said = {"publication": publication.number, "versions": dict(versions)}
    moved.apply(connection, publication.moves, at=at, fields=said)
    whole = {"epoch": publication.epoch, "number": publication.number, "versions": dict(versions)}
    log.append(connection, [log.Entry("publication", None, publication.flow, whole)], at=at)


def find(connection: sa.Connection, flow: str | None, *, open_only: bool, newest: int) -> list[Publication]:
    """Publications by flow and number, whole; with `newest` the last so many of each flow, without their intent."""
    columns = publications.c
    conditions: list[sa.ColumnElement[bool]] = []
    if flow is not None:
        conditions.append(columns.flow == flow)
    if open_only:
        conditions.append(columns.state == PublicationState.OPEN.value)
    if not newest:
        chosen = sa.select(*_LINE, *_INTENT).where(*conditions).order_by(columns.flow, columns.number)
        return [_decode(row, changes=row.changes, moves=row.moves) for row in connection.execute(chosen)]
    age = sa.func.row_number().over(partition_by=columns.flow, order_by=columns.number.desc()).label("age")
    ranked = sa.select(*_LINE, age).where(*conditions).subquery()
    last = sa.select(ranked).where(ranked.c.age <= newest).order_by(ranked.c.flow, ranked.c.number)
    return [_decode(row) for row in connection.execute(last)]


def epoch(connection: sa.Connection, flow: str) -> int:
    """The epoch to publish under; 1 until another was begun."""
    newest = sa.select(sa.func.max(epochs.c.number)).where(epochs.c.flow == flow)
    return connection.execute(newest).scalar() or 1


def begin_epoch(connection: sa.Connection, flow: str, *, reason: str, at: datetime) -> int:
    """Enter the next epoch with its event; the number of it."""
    number = epoch(connection, flow) + 1
    connection.execute(
        sa.insert(epochs), {"flow": flow, "number": number, "reason": reason, "begun_at": encode_time(at)}
    )
    log.append(connection, [log.Entry("epoch", None, flow, {"number": number, "reason": reason})], at=at)
    return number


def _check_intent(connection: sa.Connection, publication: Publication) -> None:
    flow, number = publication.flow, publication.number
    newest = connection.execute(
        sa.select(publications.c.number, publications.c.state)
        .where(publications.c.flow == flow)
        .order_by(publications.c.number.desc())
        .limit(1)
    ).first()
    if newest and newest.state == PublicationState.OPEN.value:
        raise PublishError(f"Publication {newest.number} of flow {flow!r} is open; finish it before number {number}.")
    due = newest.number + 1 if newest else 1
    if number != due:
        raise PublishError(f"The next publication of flow {flow!r} is number {due}, not {number}.")
    in_force = epoch(connection, flow)
    if publication.epoch != in_force:
        raise PublishError(
            f"Publication {number} of flow {flow!r} is of epoch {publication.epoch}, in force is {in_force}; "
            "ask the ledger for the epoch when the publication is made."
        )
    _check_moves(publication)


def _check_moves(publication: Publication) -> None:
    missing = set(publication.deliveries) - {move.after.id for move in publication.moves}
    if missing:
        raise PublishError(
            f"Publication {publication.number} of flow {publication.flow!r} does not say how {min(missing)} stands "
            "afterwards; give it whole, as `publications` without `newest` reads it."
        )


def _decode(row: AnyRow, *, changes: str = "[]", moves: str = "[]") -> Publication:
    return Publication(
        flow=row.flow,
        number=row.number,
        epoch=row.epoch,
        state=PublicationState(row.state),
        run=row.run,
        deliveries=decode_texts(row.deliveries),
        changes=decode_changes(changes),
        moves=decode_moves(moves),
        versions=decode_numbers(row.versions),
        opened_at=decode_time(row.opened_at),
        done_at=decode_time(row.done_at) if row.done_at else None,
    )
