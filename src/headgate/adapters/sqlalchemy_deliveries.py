"""Deliveries in the database: finding them and writing new states with their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from headgate.adapters import sqlalchemy_log as log
from headgate.adapters.sqlalchemy_codec import DELIVERY_COLUMNS, decode_delivery, encode_changeable, encode_json
from headgate.adapters.sqlalchemy_schema import deliveries
from headgate.adapters.sqlalchemy_statements import parts
from headgate.core.errors import BalanceError, HeadgateError, NotFoundError
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery, Move
from headgate.core.states import TRANSITIONS, DeliveryState, is_legal

_AFTER_HEX = "g"  # sorts behind every character of an id

_CHANGEABLE = (
    "flow", "form", "state", "received", "accepted", "held", "rejected", "duplicate", "warned", "reasons", "held_for",
    "released", "note", "publication", "contract", "parameters", "facts", "tries", "superseded_by",
)  # fmt: skip

_UPDATE = (
    sa.update(deliveries)
    .where(deliveries.c.id == sa.bindparam("moved"))
    .values(
        {name: sa.bindparam(name) for name in _CHANGEABLE}
        # A worker's claim is on what is to be checked, so it ends with that state.
        | {"claim": sa.case((sa.bindparam("state") == DeliveryState.LANDED.value, deliveries.c.claim))}
    )
)


def find(connection: sa.Connection, which: DeliveryFilter) -> list[Delivery]:
    """Deliveries in landing order, or the newest first."""
    chosen = sa.select(*DELIVERY_COLUMNS).where(*_conditions(which))
    if which.ids is None:
        rows = connection.execute(_ordered(chosen, which)).all()
        return [decode_delivery(row) for row in rows]
    found = [
        decode_delivery(row)
        for part in parts(which.ids)
        for row in connection.execute(_ordered(chosen.where(deliveries.c.id.in_(part)), which))
    ]
    found.sort(key=lambda delivery: delivery.landing_number, reverse=which.newest_first)
    return found[: which.limit]


def tally(connection: sa.Connection) -> dict[tuple[str | None, DeliveryState], int]:
    """How many deliveries there are by flow and state."""
    columns = deliveries.c
    chosen = sa.select(columns.flow, columns.state, sa.func.count()).group_by(columns.flow, columns.state)
    return {(flow, DeliveryState(state)): count for flow, state, count in connection.execute(chosen)}


def _ordered(chosen: sa.Select[Any], which: DeliveryFilter) -> sa.Select[Any]:
    number = deliveries.c.landing_number
    return chosen.order_by(number.desc() if which.newest_first else number).limit(which.limit)


def _conditions(which: DeliveryFilter) -> list[sa.ColumnElement[bool]]:
    columns = deliveries.c
    equal = {
        columns.flow: which.flow,
        columns.name: which.name,
        columns.sender: which.sender,
        columns.sha256: which.sha256,
        columns.run: which.run,
    }
    conditions: list[sa.ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if which.states is not None:
        conditions.append(columns.state.in_([state.value for state in which.states]))
    if which.held_for is not None:
        conditions.append(columns.held_for == encode_json(which.held_for))
    if which.names is not None:
        conditions.append(columns.name.in_(which.names))
    if which.id_prefix:
        conditions += [columns.id >= which.id_prefix, columns.id < which.id_prefix + _AFTER_HEX]
    return conditions


def apply(
    connection: sa.Connection,
    moves: Sequence[Move],
    *,
    at: datetime,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Write the deliveries as they shall stand and one event each, with `fields` in all of them.

    NotFoundError for a delivery that is not there, HeadgateError for an illegal transition, BalanceError for counts
    that do not add up; then nothing is written.
    """
    if not moves:
        return
    _check(moves, _states(connection, [move.after.id for move in moves]))
    connection.execute(_UPDATE, [{"moved": move.after.id, **encode_changeable(move.after)} for move in moves])
    entries = [
        log.Entry(
            move.event or move.after.state.value, move.after.id, move.after.flow, {**move.fields, **(fields or {})}
        )
        for move in moves
    ]
    log.append(connection, entries, at=at)


def set_state(connection: sa.Connection, ids: Sequence[str], state: DeliveryState, *, publication: int | None) -> None:
    """Give deliveries a state, and a publication where there is one; the caller writes the events."""
    current = _states(connection, ids)
    for id_ in ids:
        _check_transition(id_, current, state)
    values: dict[str, Any] = {"state": state.value, "claim": None}
    if publication is not None:
        values["publication"] = publication
    for part in parts(ids):
        connection.execute(sa.update(deliveries).where(deliveries.c.id.in_(part)).values(values))


def flows_and_states(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[str | None, DeliveryState]]:
    """Flow and state of each delivery; NotFoundError names one that is not there."""
    found: dict[str, tuple[str | None, DeliveryState]] = {}
    for part in parts(ids):
        chosen = sa.select(deliveries.c.id, deliveries.c.flow, deliveries.c.state).where(deliveries.c.id.in_(part))
        found.update({row.id: (row.flow, DeliveryState(row.state)) for row in connection.execute(chosen)})
    for id_ in ids:
        if id_ not in found:
            raise NotFoundError(f"No delivery {id_} is known to the ledger; `headgate ls` shows what is there.")
    return found


def _states(connection: sa.Connection, ids: Sequence[str]) -> dict[str, DeliveryState]:
    return {id_: state for id_, (_, state) in flows_and_states(connection, ids).items()}


def _check(moves: Sequence[Move], current: dict[str, DeliveryState]) -> None:
    """Say in words what the database's triggers and constraints would refuse."""
    for move in moves:
        after = move.after
        _check_transition(after.id, current, after.state)
        current[after.id] = after.state
        if after.counts is not None and not after.counts.balances:
            raise BalanceError(
                f"The counts of {after.id} ({after.name!r}) do not add up: {after.counts}; received must be accepted + "
                "held + rejected + duplicate. Nothing was written; please report this fault."
            )


def _check_transition(id_: str, current: Mapping[str, DeliveryState], after: DeliveryState) -> None:
    before = current[id_]
    if before is not after and not is_legal(before, after):
        allowed = ", ".join(sorted(TRANSITIONS[before])) or "nothing"
        raise HeadgateError(
            f"Delivery {id_} is {before}, and may not become {after} (only {allowed}); nothing was written. "
            "Another process changed it, or the call was wrong: look with `headgate show`."
        )
