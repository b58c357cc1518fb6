"""What the application works with: one record, made where it is started and read by every route."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import msgspec
from jinja2 import Environment
from starlette.requests import Request

from headgate.alerts.desk import Desk as AlertDesk
from headgate.core.identities import IdentityProvider, ProviderSettings
from headgate.core.platform import Platform
from headgate.core.upload_links import UploadLinks
from headgate.deciding.desk import Desk
from headgate.people import Passwords, People
from headgate.serve.readiness import Pulse
from headgate.uploads.store import UploadStore
from headgate.web.pending import Enrolment, Half, Pending, Waiting
from headgate.web.tries import Tries
from headgate.web.turns import Turns


class Provided(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that signs people in, what is agreed with it, and who is there at the moment."""

    provider: IdentityProvider
    settings: ProviderSettings
    waiting: Pending[Waiting] = msgspec.field(default_factory=Pending)


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A project on the web."""

    platform: Platform
    people: People
    passwords: Passwords
    templates: Environment
    uploads: UploadStore
    alerts: AlertDesk
    links: UploadLinks
    desk: Desk
    hosts: tuple[str, ...]  # names under which it answers; any other Host is refused
    wake: Callable[[], object] = lambda: None  # tells whoever works beside the pages that something waits
    secure: bool  # reached by https: cookies are for that only
    tries: Tries = msgspec.field(default_factory=Tries)  # of tokens that did not do, by address
    replays: Turns = msgspec.field(default_factory=Turns)  # what-ifs under way
    one_code: Lock = msgspec.field(default_factory=Lock)  # held while a code is tried
    halves: Pending[Half] = msgspec.field(default_factory=Pending)
    enrolments: Pending[Enrolment] = msgspec.field(default_factory=Pending)
    provided: Provided | None = None  # None: people sign in by link and password only
    pulse: Pulse = msgspec.field(default_factory=Pulse)  # what goes on beside the requests

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; the prefix keeps other hosts of the domain from setting it."""
        return "__Host-headgate" if self.secure else "headgate"


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site
