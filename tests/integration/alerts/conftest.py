"""A project with sales, whose clock a test moves, and alerts beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.harness.project import LANDING, make_project, open_project

from headgate.adapters.http_webhook import post
from headgate.adapters.smtp_mail import SmtpMail
from headgate.adapters.sqlite_alerts import SqliteAlerts
from headgate.adapters.sqlite_case_book import SqliteCases
from headgate.adapters.sqlite_queue import SqliteQueue
from headgate.alerts.checking import make_checks
from headgate.alerts.conditions import Checks
from headgate.alerts.desk import QUEUE, Desk
from headgate.alerts.looking import Looked, look
from headgate.alerts.receivers import make_receivers
from headgate.alerts.settings import AlertSettings
from headgate.core.platform import Platform
from headgate.operations import stopped_flows


class Clock:
    """A present that is moved by hand."""

    def __init__(self) -> None:
        self.now = LANDING

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **length: float) -> None:
        self.now += timedelta(**length)


class Alerting:
    """A project and its alerts under some settings."""

    def __init__(self, folder: Path, platform: Platform, clock: Clock, settings: AlertSettings) -> None:
        url = f"sqlite:///{folder}/ledger.db"
        self.folder, self.platform, self.clock = folder, platform, clock
        mail = settings.mail and SmtpMail(settings.mail.host, settings.mail.port, security="none")
        self.desk = Desk(
            project="proof",
            alerts=SqliteAlerts(url),
            queue=SqliteQueue(url, name=QUEUE),
            settings=settings,
            receivers=make_receivers(
                settings,
                secrets=platform.secrets,
                send_mail=mail if isinstance(mail, SmtpMail) else None,
                post=post,
                clock=clock,
            ),
            clock=clock,
            random=lambda: 0.0,
            random_bytes=os.urandom,
        )
        self.cases = SqliteCases(url)
        self.checks: Checks = make_checks(
            platform,
            settings,
            folder=folder,
            stopped_flows=lambda: stopped_flows(platform),
            cases=self.cases.cases,
            clock=clock,
        )

    def look(self) -> Looked:
        return look(self.desk, self.platform, self.checks)

    def standing(self) -> list[str]:
        """Keys of what is wrong, in order."""
        return sorted(one.key for one in self.desk.alerts.standing())

    def facts(self) -> dict[str, object]:
        """Of the one alert that stands."""
        (one,) = self.desk.alerts.standing()
        return dict(one.facts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", "sales")


@pytest.fixture
def platform(folder: Path, clock: Clock) -> Iterator[Platform]:
    opened = open_project(folder, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def alerting(folder: Path, platform: Platform, clock: Clock) -> Iterator[Callable[[AlertSettings], Alerting]]:
    made: list[Alerting] = []

    def make(settings: AlertSettings) -> Alerting:
        made.append(Alerting(folder, platform, clock, settings))
        return made[-1]

    yield make
    for one in made:
        one.desk.close()
        one.cases.close()
