"""Leases in the database's own time, with fencing numbers that every write under a lease is checked against.

How a fencing number keeps a worker that was away from overwriting its successor: M. Kleppmann, Designing Data-Intensive
Applications (2017), chapter 8, "Fencing tokens".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from headgate.adapters.sqlalchemy_codec import DELIVERY_COLUMNS, decode_delivery
from headgate.adapters.sqlalchemy_schema import deliveries, leases
from headgate.adapters.sqlalchemy_statements import parts, take_numbers
from headgate.core.batches import cut
from headgate.core.errors import LeaseLostError
from headgate.core.records import Claim, Fence
from headgate.core.states import DeliveryState

_CLAIM = "claim:"


class database_seconds(FunctionElement[float]):  # noqa: N801  a SQL function, named as such
    """Seconds since 1970 by the database's clock."""

    type = sa.Double()
    inherit_cache = True


@compiles(database_seconds)
def _standard_seconds(*_: Any, **__: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
    return "extract(epoch from clock_timestamp())"


@compiles(database_seconds, "sqlite")
def _sqlite_seconds(*_: Any, **__: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
    return "((julianday('now') - 2440587.5) * 86400.0)"


def check_fence(connection: sa.Connection, fence: Fence | None) -> None:
    """LeaseLostError unless the fence's lease still has its number; in the transaction of the write."""
    if fence is None:
        return
    number = connection.execute(sa.select(leases.c.number).where(leases.c.key == fence.key)).scalar()
    if number != fence.number:
        raise _lost(fence)


def acquire(connection: sa.Connection, key: str, owner: str, *, ttl_s: float) -> Fence | None:
    """Take a lease that is free, expired or the owner's own; None while another owner holds it."""
    held = sa.select(leases.c.owner).where(leases.c.key == key, leases.c.expires_at > database_seconds())
    if connection.execute(held).scalar() not in {None, owner}:
        return None
    connection.execute(sa.delete(leases).where(leases.c.key == key))
    return _enter(connection, key, owner, ttl_s)


def renew(connection: sa.Connection, fence: Fence, *, ttl_s: float) -> None:
    """Let the lease end `ttl_s` from now."""
    renewed = connection.execute(sa.update(leases).where(*_same(fence)).values(expires_at=database_seconds() + ttl_s))
    if not renewed.rowcount:
        raise _lost(fence)


def release(connection: sa.Connection, fence: Fence) -> None:
    """Give the lease back, and what is still claimed under it; nothing happens where it is lost."""
    if connection.execute(sa.delete(leases).where(*_same(fence))).rowcount:
        _unclaim(connection, [fence.key])


def release_owner(connection: sa.Connection, owner: str) -> int:
    """Give all leases of an owner back; how many."""
    return _drop(connection, leases.c.owner == owner)


def claim(connection: sa.Connection, owner: str, *, max_deliveries: int, max_bytes: int, ttl_s: float) -> Claim | None:
    """Lease what waits longest, of one flow, in landing order; claims that expired are open to all again."""
    _drop(connection, leases.c.key.startswith(_CLAIM), leases.c.expires_at <= database_seconds())
    available = (
        deliveries.c.state == DeliveryState.LANDED.value,
        deliveries.c.claim.is_(None),
        deliveries.c.flow.is_not(None),
    )
    waiting = sa.select(*DELIVERY_COLUMNS).where(*available).order_by(deliveries.c.landing_number)
    oldest = connection.execute(waiting.limit(1)).first()
    if oldest is None:
        return None
    most = max(max_deliveries, 1)
    rows = connection.execute(waiting.where(deliveries.c.flow == oldest.flow).limit(most))
    found = [decode_delivery(row) for row in rows]
    taken = next(cut(found, lambda one: one.size_bytes, most=most, most_bytes=max_bytes))
    key = _free_key(connection, f"{_CLAIM}{oldest.flow}/{taken[0].landing_number}-{taken[-1].landing_number}")
    fence = _enter(connection, key, owner, ttl_s)
    for part in parts([delivery.id for delivery in taken]):
        connection.execute(sa.update(deliveries).where(deliveries.c.id.in_(part)).values(claim=key))
    return Claim(deliveries=tuple(taken), fence=fence)


def _free_key(connection: sa.Connection, key: str) -> str:
    """The key, or one like it where an earlier claim of the same stretch still stands: some of it came back since."""
    taken = connection.execute(sa.select(leases.c.key).where(leases.c.key == key)).scalar()
    return key if taken is None else f"{key}#{take_numbers(connection, 'fence').stop}"


def _enter(connection: sa.Connection, key: str, owner: str, ttl_s: float) -> Fence:
    number = take_numbers(connection, "fence").stop
    connection.execute(
        sa.insert(leases).values(key=key, owner=owner, number=number, expires_at=database_seconds() + ttl_s)
    )
    return Fence(key=key, owner=owner, number=number)


def _drop(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> int:
    keys = connection.execute(sa.select(leases.c.key).where(*which)).scalars().all()
    for part in parts(keys):
        connection.execute(sa.delete(leases).where(leases.c.key.in_(part)))
    _unclaim(connection, keys)
    return len(keys)


def _unclaim(connection: sa.Connection, keys: Sequence[str]) -> None:
    for part in parts([key for key in keys if key.startswith(_CLAIM)]):
        connection.execute(sa.update(deliveries).where(deliveries.c.claim.in_(part)).values(claim=None))


def _same(fence: Fence) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return leases.c.key == fence.key, leases.c.number == fence.number


def _lost(fence: Fence) -> LeaseLostError:
    return LeaseLostError(
        f"The lease {fence.key!r} of {fence.owner} (number {fence.number}) was given back or taken over; nothing was "
        "written. Drop this work: its new holder does it."
    )
