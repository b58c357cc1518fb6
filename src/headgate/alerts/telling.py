"""What one receiver is told: a JSON document that every form is made of. Ids, figures and our own words, no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from headgate.alerts.words import tell
from headgate.core.addressees import Why
from headgate.core.alerts import Alert, NoticeKind, notice_id

VERSION = 1
TEST = "test"


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """A notice, as the form `json` gives it."""

    version: int
    id: str  # the same however often it is sent: a receiver drops what it has
    project: str
    notice: str  # a NoticeKind, a Why of what waits for a person, or `test`
    alert: str  # empty where it is about none
    kind: str  # an AlertKind, the same Why, or `test`
    flow: str
    subject: str
    facts: Mapping[str, Any]
    opened_at: datetime
    resolved_at: datetime | None
    heading: str
    what: str
    next: str
    url: str  # of the page where it stands; empty where the settings name none

    @property
    def is_over(self) -> bool:
        """Whether it says that something ended."""
        return self.notice == NoticeKind.RESOLVED

    @property
    def title(self) -> str:
        """The heading, and why it is told."""
        return f"{_TITLES[self.notice]}{self.heading}"


_TITLES: dict[str, str] = {
    NoticeKind.OPENED: "",
    NoticeKind.AGAIN: "still: ",
    NoticeKind.ESCALATED: "nobody acknowledged: ",
    NoticeKind.RESOLVED: "over: ",
    TEST: "",
    Why.ASKED: "",
    Why.MENTIONED: "",
}


def compose(alert: Alert, kind: NoticeKind, receiver: str, *, project: str, url: str) -> str:
    """The JSON text of a notice."""
    told = tell(alert)
    over = kind is NoticeKind.RESOLVED
    telling = Telling(
        version=VERSION,
        id=notice_id(alert, receiver),
        project=project,
        notice=kind,
        alert=alert.id,
        kind=alert.kind,
        flow=alert.flow,
        subject=alert.subject,
        facts=alert.facts,
        opened_at=alert.opened_at,
        resolved_at=alert.resolved_at,
        heading=told.heading,
        what=f"It is over. What was told: {told.what}" if over else told.what,
        next="nothing." if over else told.next,
        url=f"{url}/alerts/{alert.id}" if url else "",
    )
    return msgspec.json.encode(telling).decode()


def telling_of_test(receiver: str, *, project: str, url: str, at: datetime) -> Telling:
    """What shows that a receiver is reached."""
    return Telling(
        version=VERSION,
        id=f"test.{at:%Y%m%dT%H%M%S%f}.{receiver}",
        project=project,
        notice=TEST,
        alert=TEST,
        kind=TEST,
        flow="",
        subject="",
        facts={},
        opened_at=at,
        resolved_at=None,
        heading=f"{project}: this is a test",
        what=f"Alerts of {project} reach the receiver {receiver}.",
        next="nothing.",
        url=f"{url}/alerts" if url else "",
    )


def read_telling(body: str) -> Telling:
    """The notice of a message's body; ValueError where it is none."""
    try:
        return msgspec.json.decode(body, type=Telling)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
