"""Bringing an older ledger to the schema of this version. Imported only where there is something to do."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from headgate.core.errors import ConfigurationError


def upgrade(connection: sa.Connection, *, found: str | None, place: str) -> None:
    """Run the revisions after `found` up to the newest, in the caller's transaction.

    ConfigurationError for a revision that is not among ours: a newer Headgate was here.
    """
    config = _config(connection)
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(
            f"The ledger {place} has the schema {found!r}, this version of Headgate knows up to "
            f"{script.get_current_head()!r}: a newer one wrote it. Update Headgate; nothing was changed."
        )
    command.upgrade(config, "head")


def _config(connection: sa.Connection) -> Config:
    config = Config()
    # A percent sign begins an interpolation in Alembic's settings.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
