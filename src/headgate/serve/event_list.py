"""A page of the log, the newest first, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from headgate.core.platform import Platform
from headgate.core.ports import EventFilter
from headgate.core.tree_hash import leaf_hash

PAGE = 50
_WHO = ("by", "account")  # fields that name an account, in the order in which one of them did it


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it stands in the log."""

    index: int  # of its leaf
    at: datetime
    type: str
    flow: str | None
    delivery: str | None
    who: str  # id of the account that did it; `system` for none
    fields: Mapping[str, Any]
    hash: str  # of the leaf, in hex


def list_events(platform: Platform, which: EventFilter, *, most: int = PAGE) -> tuple[list[LoggedEvent], int | None]:
    """Up to so many events, and where the next page begins; None at the end."""
    found = platform.ledger.events(which, most=most + 1)
    events = [_read(index, leaf) for index, leaf in found[:most]]
    return events, events[-1].index if len(found) > most else None


def _read(index: int, leaf: bytes) -> LoggedEvent:
    document = json.loads(leaf)
    fields = document["fields"]
    return LoggedEvent(
        index=index,
        at=datetime.fromisoformat(document["at"]),
        type=document["type"],
        flow=document["flow"],
        delivery=document["delivery"],
        who=next((fields[name] for name in _WHO if isinstance(fields.get(name), str)), "system"),
        fields=fields,
        hash=leaf_hash(leaf).hex(),
    )
