"""Alerts: what stands that a person must know, who was told of it, and the port that keeps all of it.

An alert lasts as long as its condition. It is told once when it begins, again after a while, to the next list of
receivers where nobody acknowledges it, and once when it is over. A silence keeps it from being told, not from being.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from headgate.core.records import Fence, require_utc


class AlertKind(StrEnum):
    """What can be wrong."""

    FAILED = "failed"  # a delivery stopped
    HELD = "held"  # a delivery is held as a whole, such as below the threshold
    SLOW = "slow"  # a delivery is under way for too long
    BACKLOG = "backlog"  # too many deliveries wait
    OVERDUE = "review-overdue"  # held rows wait for longer than the policy allows
    ABSENT = "nothing-came"  # no delivery for longer than the contract promises
    STORAGE = "storage"  # the project's folder grows beyond its quota
    AUDIT = "audit"  # the log, or its anchor, does not prove what it says
    STOPPED = "stopped"  # a flow may publish nothing


class NoticeKind(StrEnum):
    """Why somebody is told."""

    OPENED = "opened"
    AGAIN = "again"  # it still lasts
    ESCALATED = "escalated"  # nobody acknowledged it
    RESOLVED = "resolved"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong now. Facts are ids and figures: never a value of a row, a file's name or a person's."""

    kind: AlertKind
    flow: str = ""  # empty: it is about the project, or about files that no flow takes
    subject: str = ""  # which of its kind: the id of a delivery or case
    facts: Mapping[str, Any] = {}

    @property
    def key(self) -> str:
        """By which it is known again.

        >>> Condition(kind=AlertKind.FAILED, flow="sales", subject="d-1").key, Condition(kind=AlertKind.AUDIT).key
        ('sales/failed/d-1', '-/audit')
        """
        return "/".join(filter(None, (self.flow or "-", self.kind, self.subject)))


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A condition from when it was first seen to when it was gone."""

    id: str  # al- and 16 hex digits
    key: str
    kind: AlertKind
    flow: str
    subject: str
    facts: Mapping[str, Any]  # as last seen
    opened_at: datetime
    told_at: datetime | None = None  # last; None: nobody yet, since it is silenced
    tellings: int = 0  # how often; part of the ids of notices
    level: int = 0  # of the lists of receivers that were told so far
    level_at: datetime | None = None  # when the list of that level was told first
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None  # id of an account, or `command`
    resolved_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self.opened_at)

    @property
    def is_open(self) -> bool:
        """Whether its condition stands."""
        return self.resolved_at is None


def new_alert(condition: Condition, *, at: datetime) -> Alert:
    """The alert of a condition that nobody saw before; the same moment gives the same id."""
    told = f"{condition.key}@{at.isoformat()}"
    return Alert(
        id=f"al-{hashlib.sha256(told.encode()).hexdigest()[:16]}",
        key=condition.key,
        kind=condition.kind,
        flow=condition.flow,
        subject=condition.subject,
        facts=condition.facts,
        opened_at=at,
    )


def notice_id(alert: Alert, receiver: str) -> str:
    """Id of what a receiver is told of the alert now: the same however often it is composed or sent."""
    return f"{alert.id}.{alert.tellings}.{receiver}"


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that nobody is told of for a while; all that it names must fit, None fits any."""

    id: str  # si- and 16 hex digits
    until: datetime
    reason: str  # a person's words: kept here, never in the log
    made_at: datetime
    made_by: str  # id of an account, or `command`
    key: str | None = None
    kind: AlertKind | None = None
    flow: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    def __post_init__(self) -> None:
        require_utc(self.until)

    def stands(self, at: datetime) -> bool:
        """Whether it counts at that moment."""
        return self.ended_at is None and at < self.until

    def covers(self, one: Alert | Condition) -> bool:
        """Whether it is about that alert."""
        return (
            self.key in {None, one.key}
            and self.kind in {None, one.kind}
            and (self.flow is None or self.flow == one.flow)
        )


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one receiver: what is said, and what became of it."""

    id: str  # of the message, the same however often it is sent
    alert: str
    receiver: str  # name in the settings
    kind: NoticeKind
    body: str  # JSON of `Telling`
    made_at: datetime
    queued_at: datetime | None = None
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    fault: str = ""  # why it was given up


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it shall stand from now on, the event that says so, and who is told."""

    after: Alert
    event: str | None = None  # None: only the facts moved
    notices: tuple[Notice, ...] = ()


class Alerts(ABC):
    """Keeps alerts, silences and notices. Each change and its event are one transaction; events hold ids only."""

    @abstractmethod
    def standing(self) -> list[Alert]:
        """Alerts whose condition stands, the oldest first."""

    @abstractmethod
    def past(self, *, newest: int) -> list[Alert]:
        """So many that are over, the last to end first."""

    @abstractmethod
    def alert(self, id_: str) -> Alert:
        """The alert of an id, or of as much of it as no other begins with; NotFoundError where that is none or many."""

    @abstractmethod
    def write(self, changes: Sequence[Change], *, at: datetime, fence: Fence) -> None:
        """Write alerts with their events and notices; who acknowledged them is left alone. LeaseLostError."""

    @abstractmethod
    def acknowledge(self, id_: str, *, by: str, at: datetime) -> bool:
        """Note that somebody sees to it; False where it is over, or somebody does already."""

    @abstractmethod
    def silence(self, silence: Silence) -> None:
        """Enter a silence, with the event `alerts_silenced`."""

    @abstractmethod
    def end_silence(self, id_: str, *, by: str, at: datetime) -> bool:
        """End a silence early, with the event `silence_ended`; False where it has ended."""

    @abstractmethod
    def silences(self, *, at: datetime) -> list[Silence]:
        """Those that stand at that moment, the next to end first."""

    @abstractmethod
    def notices(self, alert: str) -> list[Notice]:
        """What was said of an alert, the oldest first."""

    @abstractmethod
    def unqueued(self, *, most: int) -> list[Notice]:
        """Notices that no queue has taken yet, the oldest first."""

    @abstractmethod
    def note_queued(self, ids: Sequence[str], *, at: datetime) -> None:
        """A queue has taken them, durably."""

    @abstractmethod
    def note_delivered(self, id_: str, *, at: datetime) -> None:
        """The receiver has taken it."""

    @abstractmethod
    def note_failed(self, id_: str, *, fault: str, at: datetime) -> None:
        """It was given up, with the event `alert_undelivered`."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""
