"""Publications in the database: the durable intent, its completion, and epochs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from headgate.adapters import sqlite_deliveries as moved
from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import (
    decode_changes,
    decode_moves,
    decode_numbers,
    decode_optional_time,
    decode_texts,
    decode_time,
    encode_json,
    encode_time,
)
from headgate.adapters.sqlite_statements import first_value, insert, listed, parts
from headgate.core.errors import ConflictError, PublishError, TransientError
from headgate.core.records import Move, Publication, PublicationState
from headgate.core.states import DeliveryState, is_legal

_LINE = "flow, number, epoch, state, run, deliveries, versions, opened_at, done_at"  # without the intent


def open_one(connection: sqlite3.Connection, publication: Publication, *, at: datetime) -> None:
    """Write the intent and move its deliveries to `publishing`, one event each.

    PublishError where the flow has an open publication, the number is not the next one, the epoch is not the one in
    force, or a delivery would be left in `publishing` because no move speaks of it.
    """
    _check_intent(connection, publication)
    line = {
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
    }
    insert(connection, "publications", [line])
    moved.set_state(connection, publication.deliveries, DeliveryState.PUBLISHING, publication=publication.number)
    entries = [
        log.Entry(DeliveryState.PUBLISHING.value, id_, publication.flow, {"publication": publication.number})
        for id_ in publication.deliveries
    ]
    log.append(connection, entries, at=at)


def complete(
    connection: sqlite3.Connection, publication: Publication, *, versions: Mapping[str, int], at: datetime
) -> None:
    """Write the moves, the tables' versions and the events; PublishError where the publication is not open."""
    _check_moves(publication)
    closed = connection.execute(
        "UPDATE publications SET state = :done, versions = :versions, done_at = :at "
        "WHERE flow = :flow AND number = :number AND state = :open",
        {
            "done": PublicationState.DONE.value,
            "versions": encode_json(versions),
            "at": encode_time(at),
            "flow": publication.flow,
            "number": publication.number,
            "open": PublicationState.OPEN.value,
        },
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


def find(connection: sqlite3.Connection, flow: str | None, *, open_only: bool, newest: int) -> list[Publication]:
    """Publications by flow and number, whole; with `newest` the last so many of each flow, without their intent."""
    conditions = ["flow = :flow"] if flow is not None else []
    if open_only:
        conditions.append("state = :open")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    values = {"flow": flow, "open": PublicationState.OPEN.value, "newest": newest}
    if not newest:
        sql = f"SELECT {_LINE}, changes, moves FROM publications {where} ORDER BY flow, number"
        return [_decode(row, changes=row["changes"], moves=row["moves"]) for row in connection.execute(sql, values)]
    age = "row_number() OVER (PARTITION BY flow ORDER BY number DESC) AS age"
    ranked = f"SELECT {_LINE}, {age} FROM publications {where}"
    last = f"SELECT * FROM ({ranked}) AS ranked WHERE age <= :newest ORDER BY flow, number"
    return [_decode(row) for row in connection.execute(last, values)]


def epoch(connection: sqlite3.Connection, flow: str) -> int:
    """The epoch to publish under; 1 until another was begun."""
    return first_value(connection, "SELECT max(number) FROM epochs WHERE flow = :flow", {"flow": flow}) or 1


def begin_epoch(connection: sqlite3.Connection, flow: str, *, reason: str, at: datetime) -> int:
    """Enter the next epoch with its event; the number of it."""
    number = epoch(connection, flow) + 1
    insert(connection, "epochs", [{"flow": flow, "number": number, "reason": reason, "begun_at": encode_time(at)}])
    log.append(connection, [log.Entry("epoch", None, flow, {"number": number, "reason": reason})], at=at)
    return number


def _check_intent(connection: sqlite3.Connection, publication: Publication) -> None:
    flow, number = publication.flow, publication.number
    newest = connection.execute(
        "SELECT number, state FROM publications WHERE flow = :flow ORDER BY number DESC LIMIT 1", {"flow": flow}
    ).fetchone()
    if newest and newest["state"] == PublicationState.OPEN.value:
        raise PublishError(
            f"Publication {newest['number']} of flow {flow!r} is open; finish it before number {number}."
        )
    due = newest["number"] + 1 if newest else 1
    if number != due:
        raise PublishError(f"The next publication of flow {flow!r} is number {due}, not {number}.")
    in_force = epoch(connection, flow)
    if publication.epoch != in_force:
        raise PublishError(
            f"Publication {number} of flow {flow!r} is of epoch {publication.epoch}, in force is {in_force}; "
            "ask the ledger for the epoch when the publication is made."
        )
    _check_moves(publication)
    _check_others(connection, publication)


def require_unchanged(connection: sqlite3.Connection, moves: Sequence[Move]) -> None:
    """Refuse a change, made without a lease, of what a publication changes or changed since it was read.

    A publication that lost one of its deliveries could never be completed, and what it wrote would be written over.
    """
    wanted = {move.after.id: move.after.publication for move in moves}
    for part in parts(list(wanted)):
        places, values = listed(part)
        rows = connection.execute(f"SELECT id, publication FROM deliveries WHERE id IN ({places})", values)
        changed = [row["id"] for row in rows if row["publication"] != wanted[row["id"]]]
        open_moves = "SELECT m.value ->> '$.after.id' FROM publications AS p, json_each(p.moves) AS m"
        going = connection.execute(
            f"SELECT id FROM deliveries WHERE id IN ({places}) AND id IN ({open_moves} WHERE p.state = :open)",
            values | {"open": PublicationState.OPEN.value},
        )
        if changed := [*changed, *(row["id"] for row in going)]:
            raise ConflictError(
                f"delivery {changed[0]} was published since it was looked at, or is being published. Nothing was "
                f"changed. Next: look again with `headgate show {changed[0]}`."
            )


def _check_others(connection: sqlite3.Connection, publication: Publication) -> None:
    """Deliveries that the publication changes beside its own, origins and earlier versions, must be as it found them.

    TransientError where somebody took one to be checked again meanwhile: the next review finds it so.
    """
    others = {move.after.id: move.after for move in publication.moves if move.after.id not in publication.deliveries}
    for id_, (_, state) in moved.flows_and_states(connection, list(others)).items():
        if state is not others[id_].state and not is_legal(state, others[id_].state):
            raise TransientError(
                f"delivery {id_} became {state} while publication {publication.number} of flow {publication.flow!r} "
                "was made ready; nothing was published. Next: `headgate run` goes on."
            )


def _check_moves(publication: Publication) -> None:
    missing = set(publication.deliveries) - {move.after.id for move in publication.moves}
    if missing:
        raise PublishError(
            f"Publication {publication.number} of flow {publication.flow!r} does not say how {min(missing)} stands "
            "afterwards; give it whole, as `publications` without `newest` reads it."
        )


def _decode(row: sqlite3.Row, *, changes: str = "[]", moves: str = "[]") -> Publication:
    return Publication(
        flow=row["flow"],
        number=row["number"],
        epoch=row["epoch"],
        state=PublicationState(row["state"]),
        run=row["run"],
        deliveries=decode_texts(row["deliveries"]),
        changes=decode_changes(changes),
        moves=decode_moves(moves),
        versions=decode_numbers(row["versions"]),
        opened_at=decode_time(row["opened_at"]),
        done_at=decode_optional_time(row["done_at"]),
    )
