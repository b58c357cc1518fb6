"""Leases in the database's own time, with fencing numbers that every write under a lease is checked against.

How a fencing number keeps a worker that was away from overwriting its successor: M. Kleppmann, Designing Data-Intensive
Applications (2017), chapter 8, "Fencing tokens".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from headgate.adapters.sqlite_codec import DELIVERY_COLUMNS, decode_delivery
from headgate.adapters.sqlite_statements import first_value, listed, parts, take_numbers
from headgate.core.batches import cut
from headgate.core.errors import LeaseLostError
from headgate.core.records import Claim, Fence
from headgate.core.states import DeliveryState

NOW = "((julianday('now') - 2440587.5) * 86400.0)"
"""Seconds since 1970 by the database's clock, to a thousandth."""

_CLAIM = "claim:"
_SAME = "key = :key AND number = :number"
_WAITING = f"SELECT {DELIVERY_COLUMNS} FROM deliveries WHERE state = '{DeliveryState.LANDED.value}' AND claim IS NULL"


def check_fence(connection: sqlite3.Connection, fence: Fence | None) -> None:
    """LeaseLostError unless the fence's lease still has its number; in the transaction of the write."""
    if fence is None:
        return
    number = first_value(connection, "SELECT number FROM leases WHERE key = :key", {"key": fence.key})
    if number != fence.number:
        raise _lost(fence)


def acquire(connection: sqlite3.Connection, key: str, owner: str, *, ttl_s: float) -> Fence | None:
    """Take a lease that is free, expired or the owner's own; None while another owner holds it."""
    held = f"SELECT owner FROM leases WHERE key = :key AND expires_at > {NOW}"
    if first_value(connection, held, {"key": key}) not in {None, owner}:
        return None
    connection.execute("DELETE FROM leases WHERE key = :key", {"key": key})
    return _enter(connection, key, owner, ttl_s)


def renew(connection: sqlite3.Connection, fence: Fence, *, ttl_s: float) -> None:
    """Let the lease end `ttl_s` from now."""
    renewed = connection.execute(
        f"UPDATE leases SET expires_at = {NOW} + :ttl_s WHERE {_SAME}", {**_bound(fence), "ttl_s": ttl_s}
    )
    if not renewed.rowcount:
        raise _lost(fence)


def release(connection: sqlite3.Connection, fence: Fence) -> None:
    """Give the lease back, and what is still claimed under it; nothing happens where it is lost."""
    if connection.execute(f"DELETE FROM leases WHERE {_SAME}", _bound(fence)).rowcount:
        _unclaim(connection, [fence.key])


def release_owner(connection: sqlite3.Connection, owner: str) -> int:
    """Give all leases of an owner back; how many."""
    return _drop(connection, "owner = :owner", {"owner": owner})


def claim(
    connection: sqlite3.Connection, owner: str, *, max_deliveries: int, max_bytes: int, ttl_s: float
) -> Claim | None:
    """Lease what waits longest, of one flow, in landing order; claims that expired are open to all again."""
    _drop(connection, f"key LIKE :claims AND expires_at <= {NOW}", {"claims": f"{_CLAIM}%"})
    oldest = connection.execute(f"{_WAITING} AND flow IS NOT NULL ORDER BY landing_number LIMIT 1").fetchone()
    if oldest is None:
        return None
    most = max(max_deliveries, 1)
    rows = connection.execute(
        f"{_WAITING} AND flow = :flow ORDER BY landing_number LIMIT :most", {"flow": oldest["flow"], "most": most}
    )
    found = [decode_delivery(row) for row in rows]
    taken = next(cut(found, lambda one: one.size_bytes, most=most, most_bytes=max_bytes))
    key = _free_key(connection, f"{_CLAIM}{oldest['flow']}/{taken[0].landing_number}-{taken[-1].landing_number}")
    fence = _enter(connection, key, owner, ttl_s)
    for part in parts([delivery.id for delivery in taken]):
        places, values = listed(part)
        connection.execute(f"UPDATE deliveries SET claim = :claim WHERE id IN ({places})", values | {"claim": key})
    return Claim(deliveries=tuple(taken), fence=fence)


def _free_key(connection: sqlite3.Connection, key: str) -> str:
    """The key, or one like it where an earlier claim of the same stretch still stands: some of it came back since."""
    taken = first_value(connection, "SELECT key FROM leases WHERE key = :key", {"key": key})
    return key if taken is None else f"{key}#{take_numbers(connection, 'fence').stop}"


def _enter(connection: sqlite3.Connection, key: str, owner: str, ttl_s: float) -> Fence:
    number = take_numbers(connection, "fence").stop
    connection.execute(
        f"INSERT INTO leases (key, owner, number, expires_at) VALUES (:key, :owner, :number, {NOW} + :ttl_s)",
        {"key": key, "owner": owner, "number": number, "ttl_s": ttl_s},
    )
    return Fence(key=key, owner=owner, number=number)


def _drop(connection: sqlite3.Connection, which: str, values: Mapping[str, Any]) -> int:
    """End the leases of a condition; how many."""
    keys = [key for (key,) in connection.execute(f"SELECT key FROM leases WHERE {which}", values)]
    for part in parts(keys):
        places, bound = listed(part)
        connection.execute(f"DELETE FROM leases WHERE key IN ({places})", bound)
    _unclaim(connection, keys)
    return len(keys)


def _unclaim(connection: sqlite3.Connection, keys: Sequence[str]) -> None:
    for part in parts([key for key in keys if key.startswith(_CLAIM)]):
        places, values = listed(part)
        connection.execute(f"UPDATE deliveries SET claim = NULL WHERE claim IN ({places})", values)


def _bound(fence: Fence) -> dict[str, Any]:
    return {"key": fence.key, "number": fence.number}


def _lost(fence: Fence) -> LeaseLostError:
    return LeaseLostError(
        f"The lease {fence.key!r} of {fence.owner} (number {fence.number}) was given back or taken over; nothing was "
        "written. Drop this work: its new holder does it."
    )
