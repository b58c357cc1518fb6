"""Whether the receivers are reached: a test to each, beside the queue, so that one hears at once."""

from __future__ import annotations

from headgate.alerts.desk import Desk
from headgate.alerts.telling import telling_of_test
from headgate.core.errors import HeadgateError, NotFoundError
from headgate.core.near_name import did_you_mean


def try_receivers(desk: Desk, *, only: str | None = None) -> dict[str, str | None]:
    """Receivers by name, each with why it did not take the test, or None where it did."""
    if only is not None and only not in desk.receivers:
        raise NotFoundError(f"there is no receiver {only[:80]!r} in [alerts]. {did_you_mean(only, desk.receivers)}")
    tried: dict[str, str | None] = {}
    for name, deliver in desk.receivers.items():
        if only in {None, name}:
            telling = telling_of_test(name, project=desk.project, url=desk.settings.url, at=desk.clock())
            try:
                deliver(telling)
            except HeadgateError as error:
                tried[name] = str(error)
            else:
                tried[name] = None
    return tried
