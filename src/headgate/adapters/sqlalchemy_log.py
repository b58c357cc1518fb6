"""The log in the database: events as leaves, the tree's nodes, checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from headgate.adapters.sqlalchemy_codec import encode_time
from headgate.adapters.sqlalchemy_schema import checkpoints, counters, deliveries, events, tree_nodes
from headgate.adapters.sqlalchemy_statements import parts, take_numbers
from headgate.core.canonical import canonical
from headgate.core.errors import NotFoundError
from headgate.core.merkle import NodeId
from headgate.core.merkle import append as append_leaves
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


def append(connection: sa.Connection, entries: Sequence[Entry], *, at: datetime) -> range:
    """Write events and the tree's new nodes, one statement each; the events' indices. CanonicalError for odd fields."""
    if not entries:
        return range(0)
    moment = encode_time(at)
    leaves = [leaf_of(entry, moment) for entry in entries]
    indices = take_numbers(connection, "event", len(entries))
    _, new_nodes = append_leaves(
        indices.start, lambda wanted: read_nodes(connection, wanted), [leaf_hash(leaf) for leaf in leaves]
    )
    connection.execute(
        sa.insert(events),
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
    connection.execute(sa.insert(tree_nodes), rows)
    return indices


def append_events(connection: sa.Connection, given: Sequence[Event], *, at: datetime) -> range:
    """Write events that change nothing; the flow of each is that of its delivery. NotFoundError names unknown ones."""
    wanted = sorted({event.delivery for event in given if event.delivery is not None})
    flows: dict[str, str | None] = {}
    for part in parts(wanted):
        found = connection.execute(sa.select(deliveries.c.id, deliveries.c.flow).where(deliveries.c.id.in_(part)))
        flows.update({row.id: row.flow for row in found})
    if unknown := [id_ for id_ in wanted if id_ not in flows]:
        raise NotFoundError(
            f"No delivery {unknown[0]} is known to the ledger, so it has no event; `headgate ls` shows what is there."
        )
    entries = [
        Entry(event.type, event.delivery, flows[event.delivery] if event.delivery else None, event.fields)
        for event in given
    ]
    return append(connection, entries, at=at)


def size(connection: sa.Connection) -> int:
    """Number of events."""
    return int(connection.execute(sa.select(counters.c.value).where(counters.c.name == "event")).scalar_one())


def leaves_between(connection: sa.Connection, start: int, end: int) -> list[bytes]:
    """Leaves start..end-1, as far as there are any."""
    chosen = sa.select(events.c.leaf).where(events.c.position >= start, events.c.position < end)
    return [leaf.encode() for leaf in connection.execute(chosen.order_by(events.c.position)).scalars()]


def read_nodes(connection: sa.Connection, wanted: Sequence[NodeId]) -> list[bytes | None]:
    """Hashes of nodes in the order asked for; None for one that is not stored."""
    stored: dict[NodeId, bytes] = {}
    for part in parts(wanted):
        positions: dict[int, list[int]] = {}
        for level, position in part:
            positions.setdefault(level, []).append(position)
        # By level, since SQLite reads the whole table for a list of pairs.
        places = [
            sa.and_(tree_nodes.c.level == level, tree_nodes.c.position.in_(listed))
            for level, listed in positions.items()
        ]
        for row in connection.execute(sa.select(tree_nodes).where(sa.or_(*places))):
            stored[row.level, row.position] = row.hash
    return [stored.get(node) for node in wanted]


def newest_index(connection: sa.Connection, delivery: str, type_: str) -> int | None:
    """Index of the newest event of a type for a delivery, or None."""
    chosen = sa.select(sa.func.max(events.c.position)).where(events.c.delivery == delivery, events.c.type == type_)
    return connection.execute(chosen).scalar()


def put_checkpoint(connection: sa.Connection, size_: int, note: str) -> None:
    """Keep a signed checkpoint unless one of that size is kept."""
    kept = connection.execute(sa.select(checkpoints.c.size).where(checkpoints.c.size == size_)).first()
    if kept is None:
        connection.execute(sa.insert(checkpoints), {"size": size_, "note": note})


def read_checkpoints(connection: sa.Connection, *, newest: int, at_least: int | None) -> list[tuple[int, str]]:
    """(size, note) by size: all, the `newest` so many, or the first of `at_least` events."""
    chosen = sa.select(checkpoints.c.size, checkpoints.c.note)
    if at_least is not None:
        chosen = chosen.where(checkpoints.c.size >= at_least).order_by(checkpoints.c.size).limit(1)
    elif newest:
        chosen = chosen.order_by(checkpoints.c.size.desc()).limit(newest)
    return sorted((row.size, row.note) for row in connection.execute(chosen))
