"""One look at the project: what is wrong, what changes for the alerts, and what goes to the queue."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from headgate.alerts.conditions import Checks, find_conditions
from headgate.alerts.desk import Desk
from headgate.alerts.rules import decide
from headgate.alerts.telling import compose
from headgate.core.alerts import AlertKind, Change
from headgate.core.heartbeat import heartbeat
from headgate.core.platform import Platform
from headgate.core.queue import Message

LEASE = "alerts"
_AT_ONCE = 500


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look changed."""

    changes: tuple[Change, ...] = ()
    unknown: Mapping[AlertKind, str] = {}  # kinds that could not be looked at, and why
    elsewhere: bool = False  # another process looks at this moment


def look(desk: Desk, platform: Platform, checks: Checks) -> Looked:
    """Bring alerts up to what is wrong now, and hand their notices to the queue.

    One process looks at a time. Alerts, events and notices are one transaction; the queue may be another system, so it
    is given them after that, and again after a kill: it knows them by their ids.
    """
    fence = platform.ledger.acquire(LEASE, platform.owner, ttl_s=platform.budget.lease_s)
    if fence is None:
        return Looked(elsewhere=True)
    try:
        with heartbeat(platform, fence):  # to read a whole log may take long
            now = desk.clock()
            found = find_conditions(platform, desk.settings, checks, now=now)
            changes = decide(
                found.conditions,
                desk.alerts.standing(),
                desk.alerts.silences(at=now),
                desk.settings,
                partial(compose, project=desk.project, url=desk.settings.url),
                escalations={flow.name: one for flow in platform.flows.values() if (one := flow.review.escalate)},
                unknown=found.unknown,
                now=now,
            )
            if changes:
                desk.alerts.write(changes, at=now, fence=fence)
    finally:
        platform.ledger.release(fence)
    hand_over(desk)
    return Looked(changes=tuple(changes), unknown=found.unknown)


def hand_over(desk: Desk) -> int:
    """Give the queue what was decided and not handed over yet; how many notices."""
    count = 0
    while notices := desk.alerts.unqueued(most=_AT_ONCE):
        flows = {notice.alert: desk.alerts.alert(notice.alert).flow for notice in notices}
        messages = [
            Message(id=notice.id, key=f"{notice.receiver}/{flows[notice.alert]}"[:128], body=notice.body)
            for notice in notices
        ]
        desk.queue.send(messages)
        desk.alerts.note_queued([notice.id for notice in notices], at=desk.clock())
        count += len(notices)
    return count
