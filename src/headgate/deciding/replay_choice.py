"""Which deliveries a replay takes: those that are named, or the newest ones, as many as there is room for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from headgate.core.errors import UsageError
from headgate.core.flow import Flow
from headgate.core.overlay import is_amendment, origin_of
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.serve.deliveries import one_delivery

STANDING = (DeliveryState.ARCHIVED, DeliveryState.HELD)
_AT_ONCE = 100  # lines of the ledger


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries that shall be replayed."""

    named: tuple[str, ...] | None = None  # ids, or beginnings of them; None: the newest
    newest: int = 20
    most_rows: int = 200_000  # of all together


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is not replayed."""

    id: str
    name: str
    why: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries of a replay."""

    deliveries: tuple[Delivery, ...]  # in landing order
    left_out: tuple[LeftOut, ...]


def choose(platform: Platform, flow: Flow, which: Which) -> Choice:
    """Those named by id or the beginning of it, else the newest that are published or held.

    Newest first as many as there is room for; NotFoundError or UsageError where none can be taken.
    """
    if which.named is None:
        found = list(islice(_standing(platform, flow), which.newest))
    else:
        found = [_of(platform, flow, id_) for id_ in which.named]
    taken: list[Delivery] = []
    left: list[LeftOut] = []
    rows = 0
    for one in sorted({one.id: one for one in found}.values(), key=lambda one: -one.landing_number):
        received = one.counts.received if one.counts else 0
        why = _hindrance(platform, one)
        if not why and rows + received > which.most_rows:
            why = f"it has {received:,} rows, and a replay takes at most {which.most_rows:,} together, the newest first"
        if why:
            left.append(LeftOut(id=one.id, name=one.name, why=why))
            continue
        rows += received
        taken.append(one)
    if not taken:
        told = f" {left[0].id}: {left[0].why}." if left else ""
        raise UsageError(
            f"flow {flow.name} has no delivery to replay.{told} "
            "Next: run a file of it, name another delivery, or allow more rows on the command line with --most-rows."
        )
    return Choice(deliveries=tuple(reversed(taken)), left_out=tuple(left))


def _standing(platform: Platform, flow: Flow) -> Iterator[Delivery]:
    """Files of the flow that are published or held, the newest first."""
    before: int | None = None
    while True:
        page = platform.ledger.deliveries(
            DeliveryFilter(flow=flow.name, states=STANDING, newest_first=True, before=before, limit=_AT_ONCE)
        )
        yield from (one for one in page if not is_amendment(one))
        if len(page) < _AT_ONCE:
            return
        before = page[-1].landing_number


def _of(platform: Platform, flow: Flow, id_: str) -> Delivery:
    one = one_delivery(platform, id_)
    if one.flow != flow.name:
        raise UsageError(f"delivery {one.id} is of {one.flow or 'no flow'}, not of {flow.name}.")
    return one


def _hindrance(platform: Platform, one: Delivery) -> str:
    """Why a delivery cannot be replayed; empty where it can."""
    if is_amendment(one):
        return f"it is an amendment; its rows are replayed with those of {origin_of(one)}"
    if one.state not in STANDING:
        return f"it is {one.state}; what is published or held can be replayed"
    if platform.vault.size(vault_name(one.sha256)) is None:
        return "its bytes are not in the vault any more"
    return ""
