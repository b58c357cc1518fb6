"""The log in the database: events as leaves, the tree's nodes, checkpoints."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from headgate.adapters.sqlite_codec import encode_time
from headgate.adapters.sqlite_statements import first_value, insert, listed, parts, take_numbers
from headgate.core.canonical import canonical
from headgate.core.errors import NotFoundError
from headgate.core.merkle import NodeId
from headgate.core.merkle import append as append_leaves
from headgate.core.ports import EventFilter
from headgate.core.records import Event
from headgate.core.tree_hash import leaf_hash


class Entry(NamedTuple):
    """One event on its way into the log."""

    type: str
    delivery: str | None
    flow: str | None
    fields: Mapping[str, Any]
    receipt: str | None = None  # SHA-256 of a receipt's body; verification looks for it in the leaf itself


def leaf_of(entry: Entry, at: str) -> bytes:
    """The leaf: `{"at": …, "delivery": …, "fields": {…}, "flow": …, "type": …}`, with `receipt` where there is one."""
    document: dict[str, Any] = {
        "at": at,
        "delivery": entry.delivery,
        "fields": dict(entry.fields),
        "flow": entry.flow,
        "type": entry.type,
    }
    if entry.receipt is not None:
        document["receipt"] = entry.receipt
    return canonical(document)


def append(connection: sqlite3.Connection, entries: Sequence[Entry], *, at: datetime) -> range:
    """Write events and the tree's new nodes, one statement each; the events' indices. CanonicalError for odd fields."""
    if not entries:
        return range(0)
    moment = encode_time(at)
    leaves = [leaf_of(entry, moment) for entry in entries]
    indices = take_numbers(connection, "event", len(entries))
    _, new_nodes = append_leaves(
        indices.start, lambda wanted: read_nodes(connection, wanted), [leaf_hash(leaf) for leaf in leaves]
    )
    insert(
        connection,
        "events",
        [
            {
                "position": position,
                "at": moment,
                "type": entry.type,
                "delivery": entry.delivery,
                "flow": entry.flow,
                "leaf": leaf.decode(),
            }
            for position, entry, leaf in zip(indices, entries, leaves, strict=True)
        ],
    )
    rows = [{"level": level, "position": position, "hash": value} for level, position, value in new_nodes]
    insert(connection, "tree_nodes", rows)
    return indices


def append_events(connection: sqlite3.Connection, given: Sequence[Event], *, at: datetime) -> range:
    """Write events that change nothing; the flow of each is that of its delivery. NotFoundError names unknown ones."""
    wanted = sorted({event.delivery for event in given if event.delivery is not None})
    flows: dict[str, str | None] = {}
    for part in parts(wanted):
        places, values = listed(part)
        flows.update(connection.execute(f"SELECT id, flow FROM deliveries WHERE id IN ({places})", values))
    if unknown := [id_ for id_ in wanted if id_ not in flows]:
        raise NotFoundError(
            f"No delivery {unknown[0]} is known to the ledger, so it has no event; `headgate status` tells."
        )
    entries = [
        Entry(event.type, event.delivery, flows[event.delivery] if event.delivery else None, event.fields)
        for event in given
    ]
    return append(connection, entries, at=at)


def size(connection: sqlite3.Connection) -> int:
    """Number of events."""
    return int(first_value(connection, "SELECT value FROM counters WHERE name = :name", {"name": "event"}))


def leaves_between(connection: sqlite3.Connection, start: int, end: int) -> list[bytes]:
    """Leaves start..end-1, as far as there are any."""
    rows = connection.execute(
        "SELECT leaf FROM events WHERE position >= :start AND position < :end ORDER BY position",
        {"start": start, "end": end},
    )
    return [leaf.encode() for (leaf,) in rows]


def find_events(connection: sqlite3.Connection, which: EventFilter, *, most: int) -> list[tuple[int, bytes]]:
    """Up to so many events, the newest first: index and leaf."""
    conditions, values = list[str](), dict[str, object]({"most": most})
    for column, wanted in (("type", which.type), ("delivery", which.delivery)):
        if wanted is not None:
            conditions.append(f"{column} = :{column}")
            values[column] = wanted
    if which.before is not None:
        conditions.append("position < :before")
        values["before"] = which.before
    if which.flows is not None:
        places, bound = listed([flow for flow in which.flows if flow is not None], "flow_")
        conditions.append(f"(flow IN ({places}){' OR flow IS NULL' if None in which.flows else ''})")
        values |= bound
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(f"SELECT position, leaf FROM events {where} ORDER BY position DESC LIMIT :most", values)
    return [(position, leaf.encode()) for position, leaf in rows]


def event_types(connection: sqlite3.Connection) -> list[str]:
    """The types that stand in the log, by name: one look into an index each, whatever the log's size."""
    found: list[str] = []
    after = ""
    while True:
        after = first_value(
            connection, "SELECT type FROM events WHERE type > :after ORDER BY type LIMIT 1", {"after": after}
        )
        if after is None:
            return found
        found.append(after)


def read_nodes(connection: sqlite3.Connection, wanted: Sequence[NodeId]) -> list[bytes | None]:
    """Hashes of nodes in the order asked for; None for one that is not stored."""
    stored: dict[NodeId, bytes] = {}
    for part in parts(wanted):
        positions: dict[int, list[int]] = {}
        for level, position in part:
            positions.setdefault(level, []).append(position)
        # By level, since SQLite reads the whole table for a list of pairs.
        conditions: list[str] = []
        values: dict[str, object] = {}
        for level, at_level in positions.items():
            places, bound = listed(at_level, f"level_{level}_")
            conditions.append(f"(level = {level:d} AND position IN ({places}))")
            values |= bound
        sql = f"SELECT level, position, hash FROM tree_nodes WHERE {' OR '.join(conditions)}"
        for level, position, value in connection.execute(sql, values):
            stored[level, position] = value
    return [stored.get(node) for node in wanted]


def newest_index(connection: sqlite3.Connection, delivery: str, type_: str) -> int | None:
    """Index of the newest event of a type for a delivery, or None."""
    index: int | None = first_value(
        connection,
        "SELECT max(position) FROM events WHERE delivery = :delivery AND type = :type",
        {"delivery": delivery, "type": type_},
    )
    return index


def put_checkpoint(connection: sqlite3.Connection, size_: int, note: str) -> None:
    """Keep a signed checkpoint unless one of that size is kept."""
    kept = first_value(connection, "SELECT size FROM checkpoints WHERE size = :size", {"size": size_})
    if kept is None:
        insert(connection, "checkpoints", [{"size": size_, "note": note}])


def read_checkpoints(connection: sqlite3.Connection, *, newest: int, at_least: int | None) -> list[tuple[int, str]]:
    """(size, note) by size: all, the `newest` so many, or the first of `at_least` events."""
    sql = "SELECT size, note FROM checkpoints"
    if at_least is not None:
        sql += " WHERE size >= :at_least ORDER BY size LIMIT 1"
    elif newest:
        sql += " ORDER BY size DESC LIMIT :newest"
    found = connection.execute(sql, {"at_least": at_least, "newest": newest})
    return sorted((kept, note) for kept, note in found)
