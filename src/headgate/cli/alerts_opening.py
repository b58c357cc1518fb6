"""The alerts of a project opened for one command, and closed with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from headgate.alerts.desk import Desk
    from headgate.alerts.looking import Looked
    from headgate.alerts.sending import Sent
    from headgate.core.platform import Platform
    from headgate.settings import Settings


class Opened(NamedTuple):
    """Alerts, and the platform beside them."""

    desk: Desk
    platform: Platform


@contextmanager
def alerts_to_read(project: Path | None, *, writes: bool = False) -> Iterator[Opened]:
    """The alerts, without the flows; what is written is anchored."""
    from headgate.archive.anchoring import anchor
    from headgate.cli.opening import opened_to_read
    from headgate.settings import project_settings
    from headgate.wiring import open_alerts

    settings = project_settings(project)
    with opened_to_read(settings) as found:
        desk = open_alerts(settings, found.platform)
        try:
            yield Opened(desk=desk, platform=found.platform)
        finally:
            desk.close()
            if writes:
                anchor(found.platform)


@contextmanager
def alerts_to_check(project: Path | None) -> Iterator[tuple[Desk, Callable[[], Looked], Callable[[], Sent]]]:
    """The alerts, a call that looks at everything, and one that tells whom it concerns."""
    from headgate.archive.anchoring import anchor
    from headgate.cli.opening import opened
    from headgate.settings import project_settings
    from headgate.wiring import open_alerts

    settings = project_settings(project)
    with opened(settings) as found:
        desk = open_alerts(settings, found.platform)
        anchor(found.platform)  # what the opening wrote, so that there is something to verify
        try:
            with acting(desk, found.platform, settings) as acts:
                yield desk, *acts
        finally:
            desk.close()
            anchor(found.platform)


@contextmanager
def acting(
    desk: Desk, platform: Platform, settings: Settings
) -> Iterator[tuple[Callable[[], Looked], Callable[[], Sent]]]:
    """To look at a project whose flows are open, and to send what waits."""
    from headgate.alerts.checking import make_checks
    from headgate.alerts.looking import look
    from headgate.alerts.people import tell_people
    from headgate.alerts.sending import send_waiting
    from headgate.deciding.senders import names_of
    from headgate.operations import stopped_flows
    from headgate.wiring import open_accounts, open_cases, open_upload_links

    with (
        closing(open_cases(settings)) as cases,
        closing(open_accounts(settings)) as accounts,
        closing(open_upload_links(settings)) as links,
    ):
        checks = make_checks(
            platform,
            desk.settings,
            folder=settings.folder,
            stopped_flows=lambda: stopped_flows(platform),
            cases=cases.cases,
            clock=desk.clock,
        )

        def look_and_tell() -> Looked:
            looked = look(desk, platform, checks)
            tell_people(desk, cases, partial(names_of, accounts, links, at=desk.clock()))
            return looked

        yield look_and_tell, lambda: send_waiting(desk)
