"""A project with sales and retail on the web, called in process; its clock stands still until a test moves it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.harness.project import LANDING, make_project, make_sales, open_project, run_files
from tests.harness.sites import MANY_CALLS, close_site, make_site

from headgate.core.accounts import Account, Purpose
from headgate.core.platform import Platform
from headgate.core.roles import Grant
from headgate.core.sign_in_rules import SignInRules
from headgate.people import add_account, make_link
from headgate.web.app import make_app
from headgate.web.passwords import Argon2Passwords
from headgate.web.site import Site

HOST = "lake.example.org"
DAY_BYTES = 1 << 20


class Clock:
    """A present that is moved by hand."""

    def __init__(self) -> None:
        self.now = LANDING + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.now


class Web:
    """An application with people in it."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self.site = site
        self.clock = clock
        self.app = make_app(site)

    def client(self) -> TestClient:
        """A browser that nobody has signed in with, and that shows where it is sent."""
        return TestClient(self.app, base_url=f"https://{HOST}", follow_redirects=False)

    def account(self, *grants: Grant) -> Account:
        """One of a name that no other test has."""
        return add_account(self.site.people, f"somebody-{os.urandom(4).hex()}", grants, by="test")

    def signed_in(self, account: Account) -> TestClient:
        """A browser that this account has signed in with, by a link."""
        client = self.client()
        secret = make_link(self.site.people, account, Purpose.SIGN_IN, by="test")
        assert client.post(f"/link/{secret}").status_code == 303
        return client

    def csrf(self, account: Account) -> str:
        """What the forms of the account's newest session carry."""
        return self.site.people.accounts.sessions(account.id)[0].csrf


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which one file of sales was published."""
    folder = make_project(tmp_path_factory.mktemp("web") / "project", "retail", "sales")
    platform = open_project(folder)
    run_files(platform, make_sales(folder / "incoming", count=300, seed=5, defects=0.1).files)
    platform.close()
    return folder


@pytest.fixture
def platform(landed: Path) -> Iterator[Platform]:
    opened = open_project(landed)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def passwords() -> Argon2Passwords:
    return Argon2Passwords(patience_s=60)  # on a busy machine too


def web_on(platform: Platform, folder: Path, passwords: Argon2Passwords, *, rules: SignInRules = MANY_CALLS) -> Web:
    """An application over an open project; `closed` ends what it opened."""
    clock = Clock()
    site = make_site(
        platform, folder, passwords=passwords, clock=clock, hosts=(HOST,), secure=True, day_bytes=DAY_BYTES, rules=rules
    )
    return Web(site, clock)


def closed(web: Web) -> None:
    """Give back what an application opened."""
    close_site(web.site)


@pytest.fixture
def make_web(platform: Platform, landed: Path, passwords: Argon2Passwords) -> Callable[[], Web]:
    return lambda: web_on(platform, landed, passwords)


@pytest.fixture
def ruled(platform: Platform, landed: Path, passwords: Argon2Passwords) -> Iterator[Callable[[SignInRules], Web]]:
    """Applications with rules of their own."""
    made: list[Web] = []

    def make(rules: SignInRules) -> Web:
        made.append(web_on(platform, landed, passwords, rules=rules))
        return made[-1]

    yield make
    for one in made:
        closed(one)


@pytest.fixture
def web(make_web: Callable[[], Web]) -> Iterator[Web]:
    made = make_web()
    yield made
    closed(made)
