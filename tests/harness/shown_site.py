"""A site of a project in this process, served on the loopback on a thread, and a browser that looks at its pages."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import uvicorn
from tests.harness.sites import close_site, make_site

from headgate.core.accounts import Purpose
from headgate.core.platform import Platform
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.people import People, add_account, make_link
from headgate.web.app import make_app
from headgate.web.passwords import Argon2Passwords
from headgate.web.site import Provided


class ShownSite:
    """Where the pages are, and links into them."""

    def __init__(self, url: str, people: People) -> None:
        self.url = url
        self._people = people

    def link(self, name: str, *roles: Role) -> str:
        """Signs somebody in once, with these roles in all flows; the account is made at the first time."""
        known = [one for one in self._people.accounts.accounts() if one.name == name]
        grants = [Grant(role=role) for role in roles]
        account = known[0] if known else add_account(self._people, name, grants, by="harness")
        return f"{self.url}/link/{make_link(self._people, account, Purpose.SIGN_IN, by='harness')}"


@contextmanager
def serve_site(
    platform: Platform, folder: Path, clock: Callable[[], datetime], *, provided: Provided | None = None
) -> Iterator[ShownSite]:
    """Serve the pages of a project until the block ends."""
    site = make_site(
        platform, folder, passwords=Argon2Passwords(), clock=clock, hosts=("localhost", "127.0.0.1"), secure=False
    )
    site = replace(site, provided=provided)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(site), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    try:
        yield ShownSite(f"http://127.0.0.1:{listener.getsockname()[1]}", site.people)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        close_site(site)
