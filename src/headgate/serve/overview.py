"""How all flows stand: what came in two weeks, what is held, what needs a person, what is on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Counts, DayVolume, Delivery, Holding, Run
from headgate.core.states import DeliveryState
from headgate.serve.status import AT_WORK, ATTENTION

DAYS = 14
_SHOWN = 20


class FlowLine(msgspec.Struct, frozen=True, kw_only=True):
    """One flow at one moment."""

    name: str
    failed: int  # deliveries that stopped and wait for a retry
    held: int  # deliveries that are held as a whole
    last: Delivery | None
    by_day: tuple[Counts, ...]  # of the deliveries that landed then, the last one today
    threshold: Decimal
    rows_held: int
    held_since: datetime | None
    schedule: str | None  # cron expression, UTC

    @property
    def days(self) -> tuple[int, ...]:
        """Rows received a day."""
        return tuple(one.received for one in self.by_day)

    @property
    def today(self) -> Counts:
        """What was counted today."""
        return self.by_day[-1]

    @property
    def accepted(self) -> float | None:
        """Share of today's rows that are no duplicates; None where there was none."""
        judged = self.today.received - self.today.duplicate
        return self.today.accepted / judged if judged else None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All that the first page tells."""

    days: tuple[date, ...]
    flows: tuple[FlowLine, ...]
    attention: tuple[Delivery, ...]  # the newest that wait for a person
    waiting: int  # how many there are of these
    under_way: tuple[Delivery, ...]
    events: int
    unanchored: int  # events that no checkpoint outside the database covers yet
    last_run: Run | None


def read_overview(platform: Platform, flows: Sequence[str], *, files_of_no_flow: bool) -> Overview:
    """Read how these flows stand; with `files_of_no_flow` also the files that none of them takes."""
    ledger, today = platform.ledger, platform.clock().date()
    days = tuple(today - timedelta(days=back) for back in reversed(range(DAYS)))
    tally, events, runs = ledger.tally(), ledger.log_size(), ledger.runs(newest=1)
    counted = _Counted(
        volumes={(one.flow, one.day): one for one in ledger.volumes(days[0])},
        holdings={one.flow: one for one in ledger.holdings()},
        tally=tally,
    )
    chosen: set[str | None] = {*flows, None} if files_of_no_flow else set(flows)
    waiting = sum(count for (flow, state), count in tally.items() if state in ATTENTION and flow in chosen)
    return Overview(
        days=days,
        flows=tuple(_line(platform, platform.flows[name], days, counted) for name in flows),
        attention=_newest(platform, ATTENTION, chosen),
        waiting=waiting,
        under_way=_newest(platform, AT_WORK, chosen - {None}),
        events=events,
        unanchored=max(events - platform.anchor.last_size(), 0),
        last_run=runs[0] if runs else None,
    )


class _Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger sums up for all flows at once."""

    volumes: Mapping[tuple[str, date], DayVolume]
    holdings: Mapping[str, Holding]
    tally: Mapping[tuple[str | None, DeliveryState], int]


def _line(platform: Platform, flow: Flow, days: Sequence[date], counted: _Counted) -> FlowLine:
    of_days = [counted.volumes.get((flow.name, day)) for day in days]
    newest = platform.ledger.deliveries(DeliveryFilter(flow=flow.name, newest_first=True, limit=1))
    holding = counted.holdings.get(flow.name)
    return FlowLine(
        name=flow.name,
        failed=counted.tally.get((flow.name, DeliveryState.FAILED), 0),
        held=counted.tally.get((flow.name, DeliveryState.HELD), 0),
        last=newest[0] if newest else None,
        by_day=tuple(one.counts if one else Counts() for one in of_days),
        threshold=flow.checking.accept_at_least,
        rows_held=holding.rows if holding else 0,
        held_since=holding.since if holding else None,
        schedule=flow.source.schedule,
    )


def _newest(platform: Platform, states: tuple[DeliveryState, ...], chosen: set[str | None]) -> tuple[Delivery, ...]:
    """The newest in these states, of these flows."""
    which = DeliveryFilter(flows=tuple(chosen), states=states, newest_first=True, limit=_SHOWN)
    return tuple(platform.ledger.deliveries(which))
