"""How a project stands: deliveries by state, what waits for whom, the last run, what is not anchored yet."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery, Run
from headgate.core.states import DeliveryState

ATTENTION = (DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.UNMATCHED)
AT_WORK = (DeliveryState.LANDED, DeliveryState.CHECKED, DeliveryState.PUBLISHING, DeliveryState.PUBLISHED)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A project at one moment."""

    flows: Mapping[str, Mapping[str, int]]  # flow -> state -> deliveries; files of no flow stand under ""
    attention: tuple[Delivery, ...]  # the newest that wait for a person
    at_work: int  # deliveries that the next run takes on
    last_run: Run | None
    events: int
    unanchored: int  # events that no checkpoint outside the database covers


def read_status(platform: Platform, *, shown: int = 20) -> Status:
    """Read how the project stands; `shown` limits the deliveries that wait for a person."""
    tally = platform.ledger.tally()
    flows: dict[str, dict[str, int]] = {}
    for (flow, state), count in sorted(tally.items(), key=lambda entry: (entry[0][0] or "", entry[0][1])):
        flows.setdefault(flow or "", {})[state.value] = count
    runs = platform.ledger.runs(newest=1)
    events = platform.ledger.log_size()
    waiting = platform.ledger.deliveries(DeliveryFilter(states=ATTENTION, newest_first=True, limit=shown))
    return Status(
        flows=flows,
        attention=tuple(waiting),
        at_work=sum(count for (flow, state), count in tally.items() if state in AT_WORK and flow is not None),
        last_run=runs[0] if runs else None,
        events=events,
        unanchored=max(events - platform.anchor.last_size(), 0),
    )
