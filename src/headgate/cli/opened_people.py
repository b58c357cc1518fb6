"""The project's accounts, opened for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headgate.people import People


@contextmanager
def opened_people(project: Path | None) -> Iterator[People]:
    """Accounts, and what acts on them need; what was done is anchored at the end."""
    import secrets

    from headgate.archive.anchoring import anchor
    from headgate.cli.opening import opened_to_read
    from headgate.people import People
    from headgate.settings import project_settings
    from headgate.wiring import open_accounts

    settings = project_settings(project)
    with opened_to_read(settings) as opened:
        kept = open_accounts(settings)
        try:
            yield People(accounts=kept, clock=opened.platform.clock, random=secrets.token_bytes)
        finally:
            kept.close()
            anchor(opened.platform)
