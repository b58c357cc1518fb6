"""Deliveries in the database: finding them and writing new states with their events."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from headgate.adapters import sqlite_cases as cases
from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import DELIVERY_COLUMNS, decode_delivery, encode_changeable, encode_json
from headgate.adapters.sqlite_statements import listed, parts
from headgate.core.errors import BalanceError, HeadgateError, NotFoundError
from headgate.core.overlay import is_amendment
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery, Move
from headgate.core.states import TRANSITIONS, DeliveryState, is_legal

_AFTER_HEX = "g"  # sorts behind every character of an id or a hash
_WILD = re.compile(r"[%_!]")

_CHANGEABLE = (
    "flow", "form", "state", "received", "accepted", "held", "rejected", "duplicate", "warned", "reasons", "held_for",
    "released", "note", "publication", "contract", "parameters", "facts", "tries", "superseded_by",
)  # fmt: skip

# A worker's claim is on what is to be checked, so it ends with that state.
_UPDATE = (
    f"UPDATE deliveries SET {', '.join(f'{name} = :{name}' for name in _CHANGEABLE)}, "
    f"claim = CASE WHEN :state = '{DeliveryState.LANDED.value}' THEN claim END WHERE id = :moved"
)


def find(connection: sqlite3.Connection, which: DeliveryFilter) -> list[Delivery]:
    """Deliveries in landing order, or the newest first."""
    if which.ids is None:
        return _find(connection, which, *_conditions(which))
    found: list[Delivery] = []
    for part in parts(which.ids):
        conditions, values = _conditions(which)
        places, ids = listed(part, "id")
        found += _find(connection, which, [*conditions, f"id IN ({places})"], values | ids)
    found.sort(key=lambda delivery: delivery.landing_number, reverse=which.newest_first)
    return found[: which.limit]


def tally(connection: sqlite3.Connection) -> dict[tuple[str | None, DeliveryState], int]:
    """How many deliveries there are by flow and state."""
    counted = connection.execute("SELECT flow, state, count(*) FROM deliveries GROUP BY flow, state")
    return {(flow, DeliveryState(state)): count for flow, state, count in counted}


def _find(
    connection: sqlite3.Connection, which: DeliveryFilter, conditions: Sequence[str], values: dict[str, Any]
) -> list[Delivery]:
    sql = f"SELECT {DELIVERY_COLUMNS} FROM deliveries"
    if conditions:
        sql += f" WHERE {' AND '.join(conditions)}"
    sql += " ORDER BY landing_number" + (" DESC" if which.newest_first else "")
    if which.limit is not None:
        sql, values = f"{sql} LIMIT :most", values | {"most": which.limit}
    return [decode_delivery(row) for row in connection.execute(sql, values)]


def _conditions(which: DeliveryFilter) -> tuple[list[str], dict[str, Any]]:
    """What a WHERE says, all of it to hold, and what is bound."""
    equal = {
        "flow": which.flow,
        "name": which.name,
        "sender": which.sender,
        "sha256": which.sha256,
        "run": which.run,
        "held_for": None if which.held_for is None else encode_json(which.held_for),
    }
    values: dict[str, Any] = {column: value for column, value in equal.items() if value is not None}
    conditions = [f"{column} = :{column}" for column in values]
    for column, wanted in (
        ("state", None if which.states is None else [state.value for state in which.states]),
        ("name", which.names),
    ):
        if wanted is not None:
            places, bound = listed(wanted, f"{column}_")
            conditions.append(f"{column} IN ({places})")
            values |= bound
    for column, prefix in (("id", which.id_prefix), ("sha256", which.sha256_prefix)):
        if prefix:
            conditions.append(f"{column} >= :{column}_from AND {column} < :{column}_behind")
            values |= {f"{column}_from": prefix, f"{column}_behind": prefix + _AFTER_HEX}
    if which.flows is not None:
        places, bound = listed([flow for flow in which.flows if flow is not None], "flow_")
        none = " OR flow IS NULL" if None in which.flows else ""
        conditions.append(f"(flow IN ({places}){none})")
        values |= bound
    if which.name_part:
        conditions.append("name LIKE :name_part ESCAPE '!'")
        values["name_part"] = "%" + _WILD.sub(r"!\g<0>", which.name_part) + "%"
    if which.rows_held:
        conditions.append("held > 0")
    if which.before is not None:
        conditions.append("landing_number < :before")
        values["before"] = which.before
    return conditions, values


def apply(
    connection: sqlite3.Connection,
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
    connection.executemany(_UPDATE, [{"moved": move.after.id, **encode_changeable(move.after)} for move in moves])
    entries = [
        log.Entry(
            move.event or move.after.state.value, move.after.id, move.after.flow, {**move.fields, **(fields or {})}
        )
        for move in moves
    ]
    log.append(connection, entries, at=at)
    if any(move.cases is not None or move.settled for move in moves):
        cases.follow(connection, moves, at=at)
    refused = [one.after for one in moves if one.after.state is DeliveryState.REFUSED and is_amendment(one.after)]
    if refused:
        cases.void_executed(connection, refused, at=at)


def set_state(
    connection: sqlite3.Connection, ids: Sequence[str], state: DeliveryState, *, publication: int | None
) -> None:
    """Give deliveries a state, and a publication where there is one; the caller writes the events."""
    current = _states(connection, ids)
    for id_ in ids:
        _check_transition(id_, current, state)
    change, values = "state = :state, claim = NULL", {"state": state.value, "publication": publication}
    if publication is not None:
        change += ", publication = :publication"
    for part in parts(ids):
        places, bound = listed(part)
        connection.execute(f"UPDATE deliveries SET {change} WHERE id IN ({places})", values | bound)


def flows_and_states(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, tuple[str | None, DeliveryState]]:
    """Flow and state of each delivery; NotFoundError names one that is not there."""
    found: dict[str, tuple[str | None, DeliveryState]] = {}
    for part in parts(ids):
        places, values = listed(part)
        rows = connection.execute(f"SELECT id, flow, state FROM deliveries WHERE id IN ({places})", values)
        found.update({id_: (flow, DeliveryState(state)) for id_, flow, state in rows})
    for id_ in ids:
        if id_ not in found:
            raise NotFoundError(f"No delivery {id_} is known to the ledger; `headgate status` shows what is there.")
    return found


def _states(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, DeliveryState]:
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
