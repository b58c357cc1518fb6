"""Bringing an older ledger to the schema of this version. Imported only where there is something to do."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from headgate.core.errors import ConfigurationError


def upgrade(file: str, *, found: str | None, to: str = "head") -> None:
    """Run the revisions after `found` up to another, by default the newest, on a ledger's file, in one transaction.

    ConfigurationError for a revision that is not among ours: a newer Headgate was here.
    """
    script = ScriptDirectory.from_config(_config())
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(
            f"The ledger {file} has the schema {found!r}, this version of Headgate knows up to "
            f"{script.get_current_head()!r}: a newer one wrote it. Update Headgate; nothing was changed."
        )
    engine = sa.create_engine(sa.URL.create("sqlite", database=file))
    sa.event.listen(engine, "connect", _leave_transactions_to_us)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        # Alembic looks at the revision again within, so that of two processes the second finds nothing to do.
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None


def _config() -> Config:
    config = Config()
    # A percent sign begins an interpolation in Alembic's settings.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
