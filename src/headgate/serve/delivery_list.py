"""A page of deliveries, the newest first, as somebody looks for them."""

from __future__ import annotations

import re

import msgspec

from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.serve.status import AT_WORK, ATTENTION

PAGE = 50

_ID = re.compile(r"d-[0-9a-f]{1,16}")
_HASH = re.compile(r"[0-9a-f]{8,64}")
_GROUPS: dict[str, tuple[DeliveryState, ...]] = {
    "waiting": ATTENTION,
    "under-way": AT_WORK,
    "done": (DeliveryState.ARCHIVED,),
    "refused": (DeliveryState.REFUSED, DeliveryState.SUPERSEDED),
}
ROWS_HELD = "rows-held"
STATES = (
    ("", "all"),
    ("waiting", "wait for a person"),
    (ROWS_HELD, "with rows held"),
    ("under-way", "on their way"),
    ("done", "archived"),
    ("refused", "refused or replaced"),
)
"""What can be asked for, and how it is called."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for."""

    flow: str = ""
    state: str = ""
    text: str = ""  # of a file's name, or the beginning of an id or a hash
    before: int | None = None  # landing number


def list_deliveries(
    platform: Platform, wanted: Wanted, *, flows: tuple[str | None, ...], most: int = PAGE
) -> tuple[list[Delivery], int | None]:
    """Up to so many of these flows, and where the next page begins; None at the end."""
    chosen = tuple(flow for flow in flows if not wanted.flow or flow == wanted.flow)
    text = "".join(sign for sign in wanted.text if sign.isprintable()).strip()
    found = platform.ledger.deliveries(
        DeliveryFilter(
            flows=chosen,
            states=_GROUPS.get(wanted.state),
            rows_held=wanted.state == ROWS_HELD,
            id_prefix=text if _ID.fullmatch(text) else None,
            sha256_prefix=text if _HASH.fullmatch(text) else None,
            name_part=text if text and not _ID.fullmatch(text) and not _HASH.fullmatch(text) else None,
            before=wanted.before,
            newest_first=True,
            limit=most + 1,
        )
    )
    return found[:most], found[most - 1].landing_number if len(found) > most else None
