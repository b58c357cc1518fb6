"""What the application works with: one record, made where it is started and read by every route."""

from __future__ import annotations

import msgspec
from jinja2 import Environment
from starlette.requests import Request

from headgate.core.platform import Platform
from headgate.deciding.desk import Desk
from headgate.people import Passwords, People
from headgate.uploads.store import UploadStore


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A project on the web."""

    platform: Platform
    people: People
    passwords: Passwords
    templates: Environment
    uploads: UploadStore
    desk: Desk
    hosts: tuple[str, ...]  # names under which it answers; any other Host is refused
    secure: bool  # reached by https: cookies are for that only

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; the prefix keeps other hosts of the domain from setting it."""
        return "__Host-headgate" if self.secure else "headgate"


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site
