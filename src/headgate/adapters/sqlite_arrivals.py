"""Registration: which arrivals become deliveries, and which are twins of what was taken before."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from headgate.adapters import sqlite_log as log
from headgate.adapters.sqlite_codec import DELIVERY_COLUMNS, decode_delivery, encode_delivery
from headgate.adapters.sqlite_statements import insert, listed, parts, take_numbers
from headgate.core.canonical import digest
from headgate.core.reasons import ReasonCode
from headgate.core.records import Arrival, Delivery, DeliveryKind
from headgate.core.states import DeliveryState

_ID_DIGITS = 16
_REFUSED_AS = "refused"  # the fact with the reason code of a delivery that was refused at the door
_NOT_IN_FORCE = {DeliveryState.FAILED, DeliveryState.SUPERSEDED}


def delivery_id(flow: str | None, kind: DeliveryKind, identity: str | Sequence[str | int]) -> str:
    """`d-` and 16 hex digits of SHA-256 over the canonical JSON `[flow, kind, identity]`."""
    return "d-" + digest([flow, kind.value, identity])[:_ID_DIGITS]


def register(connection: sqlite3.Connection, arrivals: Sequence[Arrival], *, run: str, at: datetime) -> list[Delivery]:
    """Enter arrivals in their order; one delivery each, in states landed, unmatched or refused.

    A twin that was refused before under the same name gives the line that is there, and nothing is written for it.
    """
    known = _known_contents(connection, {arrival.sha256 for arrival in arrivals})
    # Asking for none holds the counter, so that nobody else registers meanwhile.
    number = take_numbers(connection, "landing", 0).stop
    entered: list[Delivery] = []
    result: list[Delivery] = []
    for arrival in arrivals:
        content = known.setdefault((arrival.flow, arrival.sha256), _Content())
        delivery = content.line_of(arrival)
        if delivery is None:
            number += 1
            delivery = _entered(arrival, content, number=number, run=run, at=at)
            content.lines.append(delivery)
            entered.append(delivery)
        result.append(delivery)
    if entered:
        take_numbers(connection, "landing", len(entered))
        insert(connection, "deliveries", [encode_delivery(delivery) for delivery in entered])
        log.append(connection, [entry for delivery in entered for entry in _entries(delivery)], at=at)
    return result


class _Content(msgspec.Struct):
    """Deliveries of one content in one flow, in landing order."""

    lines: list[Delivery] = []

    @property
    def taken(self) -> Delivery | None:
        """The delivery whose rows count: the first in force, else the newest that was let in at all."""
        taken = [line for line in self.lines if _REFUSED_AS not in line.facts]
        in_force = [line for line in taken if line.state not in _NOT_IN_FORCE]
        return next(iter([*in_force, *reversed(taken)]), None)

    def line_of(self, arrival: Arrival) -> Delivery | None:
        """The line that says already that this arrival is refused, or None."""
        if not arrival.refused and (arrival.as_new or not self.taken):
            return None
        code = arrival.refused[0] if arrival.refused else ReasonCode.DUPLICATE_DELIVERY.value
        same = (line for line in self.lines if line.name == arrival.name and line.facts.get(_REFUSED_AS) == code)
        return next(same, None)


def _known_contents(connection: sqlite3.Connection, contents: set[str]) -> dict[tuple[str | None, str], _Content]:
    known: dict[tuple[str | None, str], _Content] = {}
    for part in parts(sorted(contents)):
        places, values = listed(part)
        rows = connection.execute(
            f"SELECT {DELIVERY_COLUMNS} FROM deliveries WHERE sha256 IN ({places}) AND kind = :kind "
            "ORDER BY landing_number",
            {**values, "kind": DeliveryKind.FILE.value},
        )
        for row in rows:
            line = decode_delivery(row)
            known.setdefault((line.flow, line.sha256), _Content()).lines.append(line)
    return known


def _entered(arrival: Arrival, content: _Content, *, number: int, run: str, at: datetime) -> Delivery:
    taken = content.taken
    state, note, facts = _outcome(arrival, taken)
    id_ = delivery_id(arrival.flow, DeliveryKind.FILE, arrival.sha256)
    # What was let in and refused when it was read was not taken, but it has the content's own id.
    if taken or state is DeliveryState.REFUSED or any(line.id == id_ for line in content.lines):
        id_ = delivery_id(arrival.flow, DeliveryKind.FILE, [arrival.sha256, arrival.name, number])
    return Delivery(
        id=id_,
        landing_number=number,
        flow=arrival.flow,
        kind=DeliveryKind.FILE,
        name=arrival.name,
        origin=arrival.origin,
        sender=arrival.sender,
        sha256=arrival.sha256,
        size_bytes=arrival.size_bytes,
        form=arrival.form,
        state=state,
        run=run,
        landed_at=at,
        note=note,
        facts={**arrival.facts, **facts},
    )


def _outcome(arrival: Arrival, taken: Delivery | None) -> tuple[DeliveryState, str, dict[str, Any]]:
    """State, note and facts of a new line."""
    if arrival.refused:
        code, message = arrival.refused
        return DeliveryState.REFUSED, message, {_REFUSED_AS: code}
    if taken and not arrival.as_new:
        facts = {_REFUSED_AS: ReasonCode.DUPLICATE_DELIVERY.value, "first": taken.id}
        return DeliveryState.REFUSED, _twin_note(taken), facts
    if arrival.flow is None:
        note = f"No flow takes a file of the name {arrival.name!r}; its bytes are kept, run it with --flow NAME."
        return DeliveryState.UNMATCHED, note, {}
    return DeliveryState.LANDED, "", {}


def _twin_note(taken: Delivery) -> str:
    came = f"The same bytes came before as {taken.id} ({taken.name!r}, landing number {taken.landing_number})"
    match taken.state:
        case DeliveryState.FAILED:
            return f"{came}, which failed; run `headgate retry {taken.id}`."
        case DeliveryState.SUPERSEDED:
            return f"{came}, which {taken.superseded_by or 'a later version'} replaced; nothing was taken."
        case DeliveryState.UNMATCHED:
            return f"{came}, which no flow took; run it with --flow NAME."
        case _:
            return f"{came}; nothing was taken."


def _entries(delivery: Delivery) -> tuple[log.Entry, log.Entry]:
    # Names of files may speak of persons, and a leaf can never be erased: the hash stands for the file.
    arrived = {
        "kind": delivery.kind.value,
        "landing_number": delivery.landing_number,
        "run": delivery.run,
        "sha256": delivery.sha256,
        "size_bytes": delivery.size_bytes,
    }
    return (
        log.Entry(DeliveryState.REGISTERED.value, delivery.id, delivery.flow, arrived),
        log.Entry(delivery.state.value, delivery.id, delivery.flow, delivery.facts),
    )
