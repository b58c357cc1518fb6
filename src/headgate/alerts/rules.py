"""When who is told: conditions beside the alerts that stand give changes. Pure: no clock, no disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from headgate.alerts.settings import AlertSettings, Receiver
from headgate.core.alerts import Alert, AlertKind, Change, Condition, Notice, NoticeKind, Silence, new_alert, notice_id
from headgate.core.flow import Escalation
from headgate.core.replacing import replace

Compose = Callable[[Alert, NoticeKind, str], str]
"""The body of a notice to a receiver, by its name."""


def decide(  # noqa: PLR0913  all that is known now
    conditions: Sequence[Condition],
    standing: Sequence[Alert],
    silences: Sequence[Silence],
    settings: AlertSettings,
    compose: Compose,
    *,
    escalations: Mapping[str, Escalation] = {},
    unknown: Collection[AlertKind] = (),
    now: datetime,
) -> list[Change]:
    """Begin alerts, tell them again or to the next list, and end them; those of `unknown` kinds stay as they are.

    `escalations` are what flows say of cases that are overdue, by flow.
    """
    telling = _Telling(silences, settings, compose, escalations, now)
    by_key = {one.key: one for one in standing}
    changes: list[Change] = []
    wrong: Mapping[str, Condition] = {condition.key: condition for condition in conditions}
    for key, condition in wrong.items():
        before = by_key.get(key)
        if before is None:
            changes.append(telling.begun(new_alert(condition, at=now)))
        else:
            changes += telling.lasting(before, replace(before, facts=condition.facts))
    gone = (one for one in standing if one.key not in wrong and one.kind not in unknown)
    return [*changes, *(telling.ended(one) for one in gone)]


class _Telling:
    """One look at all alerts."""

    def __init__(
        self,
        silences: Sequence[Silence],
        settings: AlertSettings,
        compose: Compose,
        escalations: Mapping[str, Escalation],
        now: datetime,
    ) -> None:
        self._escalations = escalations
        self._silences = [one for one in silences if one.stands(now)]
        self._settings = settings
        self._compose = compose
        self._now = now

    def begun(self, alert: Alert) -> Change:
        """A new alert, told to the first list unless it is silenced."""
        if self._is_silenced(alert):
            return Change(after=alert, event="alert_opened")
        return self._told(alert, NoticeKind.OPENED, event="alert_opened")

    def lasting(self, before: Alert, alert: Alert) -> Iterator[Change]:
        """Nothing most of the time; the facts where they moved."""
        settings = self._settings
        silenced = self._is_silenced(alert)
        if alert.told_at is None and not silenced:
            yield self._told(alert, NoticeKind.OPENED, event="alert_told")
        elif silenced or alert.acknowledged_at is not None:
            if alert != before:
                yield Change(after=alert)
        elif self._is_past(alert.level_at, settings.escalate_after_s) and alert.level + 1 < len(settings.levels):
            yield self._told(replace(alert, level=alert.level + 1), NoticeKind.ESCALATED, event="alert_escalated")
        elif self._is_past(alert.told_at, self._again_after_s(alert)):
            yield self._told(alert, NoticeKind.AGAIN, event="alert_told")
        elif alert != before:
            yield Change(after=alert)

    def ended(self, alert: Alert) -> Change:
        """Over; those are told who heard of it, unless it is silenced."""
        after = replace(alert, resolved_at=self._now)
        if alert.told_at is None or self._is_silenced(alert):
            return Change(after=after, event="alert_resolved")
        return self._told(after, NoticeKind.RESOLVED, event="alert_resolved")

    def _told(self, alert: Alert, kind: NoticeKind, *, event: str) -> Change:
        first = kind in {NoticeKind.OPENED, NoticeKind.ESCALATED}
        after = replace(
            alert,
            told_at=self._now,
            tellings=alert.tellings + 1,
            level_at=self._now if first else alert.level_at,
        )
        notices = tuple(self._notice(after, kind, receiver) for receiver in self._receivers(after, kind))
        return Change(after=after, event=event, notices=notices)

    def _notice(self, alert: Alert, kind: NoticeKind, receiver: str) -> Notice:
        return Notice(
            id=notice_id(alert, receiver),
            alert=alert.id,
            receiver=receiver,
            kind=kind,
            body=self._compose(alert, kind, receiver),
            made_at=self._now,
        )

    def _receivers(self, alert: Alert, kind: NoticeKind) -> list[str]:
        """The list of its level where that hears of it the first time, else all that heard of it; each once."""
        levels = self._settings.levels
        heard = levels[alert.level : alert.level + 1] if kind is NoticeKind.ESCALATED else levels[: alert.level + 1]
        names = dict.fromkeys(name for level in heard for name in level)
        wanting = [name for name in names if _wants(self._settings.receivers[name], alert)]
        policy = self._policy(alert)
        if policy is None or kind is NoticeKind.ESCALATED:
            return wanting
        named = [name for name, one in self._settings.receivers.items() if {name, *one.people} & set(policy.to)]
        return list(dict.fromkeys([*wanting, *named]))

    def _policy(self, alert: Alert) -> Escalation | None:
        """What the flow says of its overdue cases."""
        return self._escalations.get(alert.flow) if alert.kind is AlertKind.OVERDUE else None

    def _again_after_s(self, alert: Alert) -> int:
        policy = self._policy(alert)
        return self._settings.again_after_s if policy is None or policy.again_s is None else policy.again_s

    def _is_silenced(self, alert: Alert) -> bool:
        return any(one.covers(alert) for one in self._silences)

    def _is_past(self, since: datetime | None, seconds: int) -> bool:
        return since is not None and self._now - since >= timedelta(seconds=seconds)


def _wants(receiver: Receiver, alert: Alert) -> bool:
    return (not receiver.flows or alert.flow in receiver.flows) and (not receiver.kinds or alert.kind in receiver.kinds)
