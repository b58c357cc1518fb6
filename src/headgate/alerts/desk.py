"""What acts on alerts need, and the acts of people: acknowledge, silence, end a silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from headgate.alerts.settings import AlertSettings
from headgate.alerts.telling import Telling
from headgate.core.alerts import Alert, AlertKind, Alerts, Silence
from headgate.core.errors import UsageError
from headgate.core.ports import Clock
from headgate.core.queue import Queue

QUEUE = "alerts"
LONGEST_SILENCE = timedelta(days=90)
MOST_REASON = 500

Deliver = Callable[[Telling], None]
"""Bring a notice to its receiver. TransientError where it may go through later, ReceiverRefusedError where never."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts of a project, and the way to whom they are told."""

    project: str
    alerts: Alerts
    queue: Queue
    settings: AlertSettings
    receivers: Mapping[str, Deliver]
    clock: Clock
    random: Callable[[], float]  # from 0 to 1, for waits
    random_bytes: Callable[[int], bytes]

    def close(self) -> None:
        """Give connections back."""
        self.alerts.close()
        self.queue.close()


def acknowledge(desk: Desk, alert: Alert, *, by: str) -> bool:
    """Say that somebody sees to it: it is not told again, nor to others. False where it is over, or somebody does."""
    return desk.alerts.acknowledge(alert.id, by=by, at=desk.clock())


def silence(
    desk: Desk,
    *,
    until: datetime,
    reason: str,
    by: str,
    key: str | None = None,
    kind: AlertKind | None = None,
    flow: str | None = None,
) -> Silence:
    """Tell nobody of these alerts for a while; UsageError for no end, no reason, or nothing that it is about."""
    now = desk.clock()
    if not now < until <= now + LONGEST_SILENCE:
        raise UsageError(f"A silence ends later than now, and within {LONGEST_SILENCE.days} days.")
    if not reason.strip() or len(reason) > MOST_REASON:
        raise UsageError(f"A silence has a reason, of at most {MOST_REASON} characters, for whoever finds it.")
    if key is None and kind is None and flow is None:
        raise UsageError("A silence names an alert, a kind or a flow. Next: name what nobody shall be told of.")
    made = Silence(
        id=f"si-{desk.random_bytes(8).hex()}",
        until=until,
        reason=reason.strip(),
        made_at=now,
        made_by=by,
        key=key,
        kind=kind,
        flow=flow,
    )
    desk.alerts.silence(made)
    return made


def end_silence(desk: Desk, id_: str, *, by: str) -> bool:
    """Tell of them again; False where it has ended."""
    return desk.alerts.end_silence(id_, by=by, at=desk.clock())
