"""A site over a project that is open: what `headgate serve` puts together, for tests in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.adapters.sqlite_alerts import SqliteAlerts
from headgate.adapters.sqlite_case_book import SqliteCases
from headgate.adapters.sqlite_queue import SqliteQueue
from headgate.adapters.sqlite_upload_links import SqliteUploadLinks
from headgate.alerts.desk import QUEUE
from headgate.alerts.desk import Desk as AlertDesk
from headgate.alerts.settings import AlertSettings
from headgate.core.platform import Platform
from headgate.core.sign_in_rules import SignInRules
from headgate.deciding.desk import Desk
from headgate.people import Passwords, People
from headgate.upload_admission import SenderLimits
from headgate.uploading import taker
from headgate.uploads.store import UploadStore
from headgate.web.rendering import make_templates
from headgate.web.site import Site

MANY_CALLS = SignInRules(calls_per_minute=1_000_000)  # for clocks that stand still


def make_site(
    platform: Platform,
    folder: Path,
    *,
    passwords: Passwords,
    clock: Callable[[], datetime],
    hosts: tuple[str, ...],
    secure: bool,
    day_bytes: int = 1 << 40,
    rules: SignInRules = MANY_CALLS,
) -> Site:
    """The site of the project in a folder; `close_site` gives back what it holds."""
    ledger = f"sqlite:///{folder}/ledger.db"
    people = People(
        accounts=SqliteAccounts(ledger), clock=clock, random=os.urandom, secrets=platform.secrets, rules=rules
    )
    alerts = AlertDesk(
        project="proof",
        alerts=SqliteAlerts(ledger),
        queue=SqliteQueue(ledger, name=QUEUE),
        settings=AlertSettings(),
        receivers={},
        clock=clock,
        random=lambda: 0.0,
        random_bytes=os.urandom,
    )
    links = SqliteUploadLinks(ledger)
    uploads = UploadStore(
        folder / "uploads",
        take=taker(platform, people, links, lambda: None),
        clock=clock,
        random_bytes=os.urandom,
        admission=SenderLimits(links, day_bytes=day_bytes),
    )
    return Site(
        platform=platform,
        people=people,
        uploads=uploads,
        alerts=alerts,
        desk=Desk(platform=platform, cases=SqliteCases(ledger), people=people, links=links),
        links=links,
        passwords=passwords,
        templates=make_templates(),
        hosts=hosts,
        secure=secure,
    )


def close_site(site: Site) -> None:
    """End uploads and connections."""
    site.uploads.close()
    site.alerts.close()
    site.desk.cases.close()
    site.links.close()
    site.people.accounts.close()
