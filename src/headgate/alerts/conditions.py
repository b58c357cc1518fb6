"""What is wrong now: read from the ledger and from what the caller looks at, one function a kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from headgate.alerts.settings import AlertSettings
from headgate.alerts.words import BY_VOTES, MORE
from headgate.core.alerts import AlertKind, Condition
from headgate.core.cases import Case, CaseFilter
from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter, EventFilter
from headgate.core.reasons import ReasonCode
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.serve.status import AT_WORK

ONE_BY_ONE = 20
"""Deliveries of a flow and kind that are told each; all further ones are one alert, so that a bad day is no flood."""

LATE_READ = 500  # deliveries under way, or cases, of a flow that are looked at; further ones are a backlog
NEARLY = 0.9  # of the storage quota
_SHARES = re.compile(r"accepted ([\d.]+) of at least ([\d.]+)")  # as the review says it
_BEGINNINGS = ("landed", "release", "retry", "reprocess", "repair")  # events after which a delivery is under way anew


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger cannot say, each told by a call; an error of theirs leaves their alerts as they stand."""

    stopped_flows: Callable[[], Collection[str]]
    log_faults: Callable[[], Mapping[str, Any] | None]  # facts about what is broken
    used_bytes: Callable[[], int]
    cases: Callable[[CaseFilter], Sequence[Case]]  # the one due first before, then the oldest


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, and which kinds could not be looked at."""

    conditions: tuple[Condition, ...]
    unknown: Mapping[AlertKind, str]  # kind -> why


def find_conditions(platform: Platform, settings: AlertSettings, checks: Checks, *, now: datetime) -> Found:
    """Look at every kind; one that cannot be looked at now is neither there nor gone."""
    looks: dict[AlertKind, Callable[[], Iterable[Condition]]] = {
        AlertKind.FAILED: lambda: _deliveries(platform, AlertKind.FAILED, DeliveryState.FAILED, _failed_facts),
        AlertKind.HELD: lambda: _held(platform),
        AlertKind.SLOW: lambda: _slow(platform, settings, now),
        AlertKind.BACKLOG: lambda: _backlog(platform, settings),
        AlertKind.OVERDUE: lambda: _overdue(platform, settings, checks, now),
        AlertKind.ABSENT: lambda: _absent(platform, now),
        AlertKind.STORAGE: lambda: _storage(settings, checks),
        AlertKind.AUDIT: lambda: _audit(checks),
        AlertKind.STOPPED: lambda: (Condition(kind=AlertKind.STOPPED, flow=name) for name in checks.stopped_flows()),
    }
    conditions: list[Condition] = []
    unknown: dict[AlertKind, str] = {}
    for kind, look in looks.items():
        try:
            conditions += list(look())
        except Exception as error:  # noqa: BLE001  the edge: a store that fails in its own words keeps no other from sight
            unknown[kind] = str(error) or type(error).__name__
    return Found(conditions=tuple(conditions), unknown=unknown)


def overdue_reviews(
    flow: Flow, settings: AlertSettings, checks: Checks, *, now: datetime
) -> list[tuple[Case, datetime, float]]:
    """Open cases of a flow that nobody decided in time: when each was due, and seconds that it had until then.

    What was asked of the sender waits for no one here. A case that the flow gives no time has that of the settings.
    """
    found = []
    for case in checks.cases(CaseFilter(flows=(flow.name,), limit=LATE_READ)):
        due = case.due_at or case.opened_at + timedelta(seconds=settings.review_within_s)
        if due < now and not case.asked:
            found.append((case, due, (due - case.opened_at).total_seconds()))
    return found


def _deliveries(
    platform: Platform, kind: AlertKind, state: DeliveryState, facts: Callable[[Delivery], Mapping[str, Any]]
) -> Iterator[Condition]:
    """A condition for each of the oldest deliveries of a flow in a state, and one for those behind them."""
    for (flow, of), count in platform.ledger.tally().items():
        if of is not state:
            continue
        which = DeliveryFilter(flows=(flow,), states=(state,), limit=ONE_BY_ONE)
        found = platform.ledger.deliveries(which)
        yield from (Condition(kind=kind, flow=flow or "", subject=one.id, facts=facts(one)) for one in found)
        if count > len(found) >= ONE_BY_ONE:
            yield Condition(kind=kind, flow=flow or "", subject=MORE, facts={"deliveries": count - len(found)})


def _failed_facts(one: Delivery) -> Mapping[str, Any]:
    return {"tries": one.tries}


def _held(platform: Platform) -> Iterator[Condition]:
    by_votes: dict[str, bool] = {}
    for one in _deliveries(platform, AlertKind.HELD, DeliveryState.HELD, _held_facts):
        if one.flow not in by_votes:
            by_votes[one.flow] = platform.accounts_decide(one.flow)
        yield replace(one, facts={**one.facts, BY_VOTES: True}) if by_votes[one.flow] and one.subject != MORE else one


def _held_facts(one: Delivery) -> Mapping[str, Any]:
    """The codes; the words beside them may name columns as the sender wrote them, but for those of the threshold."""
    facts: dict[str, Any] = {"reasons": list(one.held_for)}
    found = _SHARES.match(one.facts.get("held", {}).get(ReasonCode.BELOW_THRESHOLD, ""))
    return facts | ({"accepted": found[1], "threshold": found[2]} if found else {})


def _slow(platform: Platform, settings: AlertSettings, now: datetime) -> Iterator[Condition]:
    for flow in platform.flows.values():
        limit_s = min((float(one.limit_s) for one in flow.contract.freshness), default=float(settings.slow_after_s))
        late = list(_late(platform, flow, now - timedelta(seconds=limit_s)))
        for one, since in late[:ONE_BY_ONE]:
            facts = {"since": since.isoformat(), "state": one.state.value, "limit_s": limit_s}
            yield Condition(kind=AlertKind.SLOW, flow=flow.name, subject=one.id, facts=facts)
        if len(late) > ONE_BY_ONE:
            facts = {"deliveries": len(late) - ONE_BY_ONE, "limit_s": limit_s}
            yield Condition(kind=AlertKind.SLOW, flow=flow.name, subject=MORE, facts=facts)


def _late(platform: Platform, flow: Flow, before: datetime) -> Iterator[tuple[Delivery, datetime]]:
    """Deliveries that are under way since before then, of the oldest that are."""
    which = DeliveryFilter(flow=flow.name, states=AT_WORK, limit=LATE_READ)
    for one in platform.ledger.deliveries(which):
        if one.landed_at < before and (since := _under_way_since(platform, one)) < before:
            yield one, since


def _under_way_since(platform: Platform, one: Delivery) -> datetime:
    """When it began: it landed then, or was released, tried again or reprocessed."""
    indices = [platform.ledger.event_index(one.id, type_) for type_ in _BEGINNINGS]
    last = max((index for index in indices if index is not None), default=None)
    if last is None:
        return one.landed_at
    (leaf,) = platform.ledger.leaves(last, last + 1)
    at: str = msgspec.json.decode(leaf)["at"]
    return datetime.fromisoformat(at)


def _waits(of: str | None, state: DeliveryState, flow: Flow) -> bool:
    return of == flow.name and state in AT_WORK


def _backlog(platform: Platform, settings: AlertSettings) -> Iterator[Condition]:
    tally = platform.ledger.tally()
    for flow in platform.flows.values():
        waiting = sum(count for (of, state), count in tally.items() if _waits(of, state, flow))
        if waiting > settings.backlog:
            facts = {"deliveries": waiting, "limit": settings.backlog}
            yield Condition(kind=AlertKind.BACKLOG, flow=flow.name, facts=facts)


def _overdue(platform: Platform, settings: AlertSettings, checks: Checks, now: datetime) -> Iterator[Condition]:
    for flow in platform.flows.values():
        late = overdue_reviews(flow, settings, checks, now=now)
        for case, due, limit_s in late[:ONE_BY_ONE]:
            facts = {
                "of": case.kind.value,
                "delivery": case.delivery,
                "rows": case.left,
                "due": due.isoformat(),
                "limit_s": limit_s,
            }
            yield Condition(kind=AlertKind.OVERDUE, flow=flow.name, subject=case.id, facts=facts)
        if len(late) > ONE_BY_ONE:
            yield Condition(
                kind=AlertKind.OVERDUE, flow=flow.name, subject=MORE, facts={"cases": len(late) - ONE_BY_ONE}
            )


def _absent(platform: Platform, now: datetime) -> Iterator[Condition]:
    for flow in platform.flows.values():
        if flow.contract.frequency_s is None:
            continue
        newest = platform.ledger.deliveries(DeliveryFilter(flow=flow.name, newest_first=True, limit=1))
        since = newest[0].landed_at if newest else _promised_since(platform, flow)
        limit_s = float(flow.contract.frequency_s)
        if since is not None and (now - since).total_seconds() > limit_s:
            support = ", ".join(f"{channel} {link}".strip() for channel, link in flow.contract.support[:2])
            facts = {"since": since.isoformat(), "came": bool(newest), "limit_s": limit_s, "support": support}
            yield Condition(kind=AlertKind.ABSENT, flow=flow.name, facts=facts)


def _promised_since(platform: Platform, flow: Flow) -> datetime | None:
    """When the newest contract of the flow was entered; None where it was not yet."""
    found = platform.ledger.events(EventFilter(flows=(flow.name,), type="contract"), most=1)
    return datetime.fromisoformat(msgspec.json.decode(found[0][1])["at"]) if found else None


def _storage(settings: AlertSettings, checks: Checks) -> Iterator[Condition]:
    quota = settings.storage_quota_bytes
    if quota is None:
        return
    used = checks.used_bytes()
    if used >= NEARLY * quota:
        yield Condition(kind=AlertKind.STORAGE, facts={"used_bytes": used, "quota_bytes": quota})


def _audit(checks: Checks) -> Iterator[Condition]:
    faults = checks.log_faults()
    if faults is not None:
        yield Condition(kind=AlertKind.AUDIT, facts=faults)
