"""Records that the ledger's tests write, and short ways to a state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from headgate.core.ports import DeliveryFilter, Ledger
from headgate.core.records import (
    Arrival,
    Claim,
    Delivery,
    Fence,
    Move,
    Publication,
    PublicationState,
    StagedFile,
    TableChange,
)
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState as State

MIB = 1 << 20


def arrival(content: str, *, flow: str | None = "sales", name: str | None = None, size_bytes: int = 10) -> Arrival:
    return Arrival(
        flow=flow,
        name=name or f"{content}.json",
        origin="inbox",
        sender="shop",
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        size_bytes=size_bytes,
        form={"format": "json", "compression": None},
    )


def leaves(ledger: Ledger, start: int = 0) -> list[dict[str, object]]:
    return [json.loads(leaf) for leaf in ledger.leaves(start)]


def moved(deliveries: Sequence[Delivery], state: State) -> list[Move]:
    return [Move(after=replace(delivery, state=state)) for delivery in deliveries]


def one(ledger: Ledger, id_: str) -> Delivery:
    (delivery,) = ledger.deliveries(DeliveryFilter(ids=(id_,)))
    return delivery


def taken(ledger: Ledger, owner: str = "w", *, most: int = 100, ttl_s: float = 60) -> Claim:
    claim = ledger.claim(owner, max_deliveries=most, max_bytes=MIB, ttl_s=ttl_s)
    assert claim is not None
    return claim


def held_lease(ledger: Ledger, owner: str = "w", ttl_s: float = 60) -> Fence:
    fence = ledger.acquire("flow:sales", owner, ttl_s=ttl_s)
    assert fence is not None
    return fence


def intent(deliveries: Sequence[Delivery], *, number: int = 1, epoch: int = 1) -> Publication:
    staged = StagedFile(path="s/1.parquet", rows=3, size_bytes=99, stats={"id": {"min": "1"}})
    return Publication(
        flow="sales",
        number=number,
        epoch=epoch,
        state=PublicationState.OPEN,
        run="r-1",
        deliveries=tuple(delivery.id for delivery in deliveries),
        changes=(TableChange(table="sales/silver/sales", schema="c2NoZW1h", adds=(staged,)),),
        moves=tuple(
            Move(after=replace(delivery, state=State.PUBLISHED, publication=number), fields={"rows": 3})
            for delivery in deliveries
        ),
    )


def published(ledger: Ledger, at: datetime, count: int = 3) -> list[Delivery]:
    ledger.register([arrival(f"p{n}") for n in range(count)], run="r-1", at=at)
    claim = taken(ledger)
    ledger.advance(moved(claim.deliveries, State.CHECKED), at=at, fence=claim.fence)
    fence = held_lease(ledger)
    ledger.open_publication(intent(claim.deliveries), fence=fence, at=at)
    ledger.complete_publication(intent(claim.deliveries), versions={"sales/silver/sales": 7}, at=at, fence=fence)
    return ledger.deliveries(DeliveryFilter(states=(State.PUBLISHED,)))
