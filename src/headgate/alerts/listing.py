"""Alerts as pages, commands and scripts show them: in words, with what keeps them from being told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from headgate.alerts.desk import Desk
from headgate.alerts.words import Told, tell
from headgate.core.alerts import Alert, Notice, Silence

PAST = 50


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One alert."""

    alert: Alert
    told: Told
    silence: Silence | None  # the one that lasts longest of those that keep it from being told

    @property
    def state(self) -> str:
        """open, acknowledged, silenced or over."""
        if not self.alert.is_open:
            return "over"
        if self.alert.acknowledged_at is not None:
            return "acknowledged"
        return "silenced" if self.silence else "open"


class AlertList(msgspec.Struct, frozen=True, kw_only=True):
    """All alerts of some flows at one moment."""

    standing: tuple[Shown, ...]
    past: tuple[Shown, ...]
    silences: tuple[Silence, ...]

    def of(self, state: str) -> list[Shown]:
        """Those that stand in this state."""
        return [one for one in self.standing if one.state == state]


def list_alerts(desk: Desk, *, flows: Collection[str] | None = None, past: int = PAST) -> AlertList:
    """Alerts of these flows and of the project as a whole; of all where none are named."""
    now = desk.clock()
    silences = desk.alerts.silences(at=now)
    standing = [one for one in desk.alerts.standing() if flows is None or one.flow in {"", *flows}]
    over = [one for one in desk.alerts.past(newest=past) if flows is None or one.flow in {"", *flows}] if past else []
    return AlertList(
        standing=tuple(show(one, silences, now) for one in standing),
        past=tuple(show(one, [], now) for one in over),
        silences=tuple(one for one in silences if flows is None or one.flow is None or one.flow in {"", *flows}),
    )


def show(alert: Alert, silences: Sequence[Silence], now: datetime) -> Shown:
    """One alert with its words."""
    covering = [one for one in silences if one.stands(now) and one.covers(alert)]
    return Shown(alert=alert, told=tell(alert), silence=max(covering, key=lambda one: one.until, default=None))


def document(one: Shown) -> dict[str, Any]:
    """An alert for scripts."""
    alert = one.alert
    return {
        "id": alert.id,
        "key": alert.key,
        "kind": alert.kind.value,
        "flow": alert.flow,
        "subject": alert.subject,
        "state": one.state,
        "heading": one.told.heading,
        "what": one.told.what,
        "next": one.told.next,
        "facts": dict(alert.facts),
        "opened_at": alert.opened_at.isoformat(),
        "told_at": _text(alert.told_at),
        "level": alert.level,
        "acknowledged_at": _text(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "silenced_until": _text(one.silence.until if one.silence else None),
        "resolved_at": _text(alert.resolved_at),
    }


def silence_document(one: Silence) -> dict[str, Any]:
    """A silence for scripts."""
    return {
        "id": one.id,
        "key": one.key,
        "kind": one.kind.value if one.kind else None,
        "flow": one.flow,
        "until": one.until.isoformat(),
        "reason": one.reason,
        "by": one.made_by,
    }


def notice_document(one: Notice) -> dict[str, Any]:
    """A notice for scripts."""
    return {
        "id": one.id,
        "receiver": one.receiver,
        "notice": one.kind.value,
        "made_at": one.made_at.isoformat(),
        "delivered_at": _text(one.delivered_at),
        "failed_at": _text(one.failed_at),
        "fault": one.fault,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
