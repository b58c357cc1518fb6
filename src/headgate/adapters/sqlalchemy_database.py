"""Opening the ledger's database, its transactions, and what its errors mean for the caller."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from headgate.adapters.sqlalchemy_schema import COUNTERS, HEAD, PARTIAL_INDEXES, alembic_version, counters, metadata
from headgate.adapters.sqlalchemy_triggers import sqlite_triggers
from headgate.core.errors import ConfigurationError, HeadgateError, TransientError

BUSY_TIMEOUT_S = 30.0

_WRITES = "headgate_writes"
_PRIMARY_CODE = 0xFF
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CLOSED_OFF = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


class Database:
    """Connections to the ledger's database, whose schema is at HEAD once the constructor has returned.

    Threads may share one; a process that forks must open its own. ConfigurationError for a URL of another database
    than SQLite, a file that is no ledger or is damaged, and a schema that only a newer Headgate knows.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.place = sa.make_url(url)
        if self.place.get_backend_name() != "sqlite":
            raise ConfigurationError(
                f"The ledger cannot be kept in {self.place.render_as_string()}: this version has its triggers for "
                "SQLite only; give sqlite:///<path of the file>."
            )
        self._engine = _make_engine(self.place, busy_timeout_s)
        try:
            self._bring_to_head()
        except BaseException:
            self._engine.dispose()
            raise

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database and writes nothing."""
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise self._explained(error) from error

    @contextmanager
    def writing(self, *, synced: bool = True) -> Iterator[sa.Connection]:
        """A transaction that is alone in writing; committed and synced at the end, undone by any error.

        What is not `synced` a power loss may undo; the next transaction that is takes it to the disk too.
        """
        try:
            with self._engine.connect() as plain:
                connection = plain.execution_options(**{_WRITES: True})
                with nullcontext() if synced else _unsynced(connection), connection.begin():
                    yield connection
        except sa.exc.SQLAlchemyError as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _bring_to_head(self) -> None:
        with self.reading() as connection:
            found = _revision(connection)
        if found == HEAD:
            return
        with self.writing() as connection:
            # Another process may have been here since.
            found = _revision(connection)
            if found is None:
                self._create(connection)
            elif found != HEAD:
                # Alembic costs more than all the rest of the opening, and is needed once in a version.
                from headgate.adapters.migrations.upgrade import upgrade  # noqa: PLC0415

                upgrade(connection, found=found, place=self._shown)

    def _create(self, connection: sa.Connection) -> None:
        if sa.inspect(connection).get_table_names():
            raise ConfigurationError(
                f"{self._shown} is a database, but no ledger of Headgate: it has tables and no schema version. "
                "Give another path for the ledger."
            )
        create_schema(connection)

    @property
    def _shown(self) -> str:
        return self.place.database or "the ledger in memory"

    def _explained(self, error: sa.exc.SQLAlchemyError) -> Exception:
        """The error in words where it is not ours; what the constraints refuse stays as it is."""
        if isinstance(error, sa.exc.TimeoutError):
            return TransientError(f"All connections to the ledger {self._shown} are in use; try again.")
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
        code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
        return _sqlite_error(code, self._shown, str(cause)) or error


def create_schema(connection: sa.Connection) -> None:
    """Make all tables, triggers and counters in an empty database, and mark it as being at HEAD."""
    metadata.create_all(connection, checkfirst=False)
    for statement in (*PARTIAL_INDEXES, *sqlite_triggers()):
        connection.exec_driver_sql(statement)
    connection.execute(sa.insert(counters), [{"name": name, "value": 0} for name in COUNTERS])
    connection.execute(sa.insert(alembic_version), {"version_num": HEAD})


def _revision(connection: sa.Connection) -> str | None:
    """The schema's revision; None where there is no schema."""
    known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
    return connection.execute(sa.select(alembic_version.c.version_num)).scalar() if known else None


def _make_engine(place: sa.URL, busy_timeout_s: float) -> sa.Engine:
    in_memory = place.database in {None, "", ":memory:"}
    # A database in memory is its one connection; threads take turns.
    size, overflow = (1, 0) if in_memory else (2, 6)
    engine = sa.create_engine(
        place,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=busy_timeout_s,
        connect_args={"timeout": busy_timeout_s, "check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own transactions would begin too late: only at the first statement that writes.
    connection.isolation_level = None
    cursor = connection.cursor()
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


@contextmanager
def _unsynced(connection: sa.Connection) -> Iterator[None]:
    """Let transactions of the block end without waiting for the disk."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA synchronous = NORMAL")  # not through SQLAlchemy, which would begin a transaction for it
    try:
        yield
    finally:
        driver.execute("PRAGMA synchronous = FULL")


def _begin(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock first, so that what was read cannot change before the write.
    options: Any = connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES) else "BEGIN")


def _sqlite_error(code: int, place: str, said: str) -> HeadgateError | None:
    if code in _BUSY:
        return TransientError(
            f"The ledger {place} was locked by another process for too long ({said}); try again, and "
            "look for a process that hangs."
        )
    if code == sqlite3.SQLITE_FULL:
        return TransientError(f"The disk of the ledger {place} is full ({said}); nothing was written: free space.")
    if code == sqlite3.SQLITE_IOERR:
        return TransientError(f"The disk of the ledger {place} failed ({said}); nothing was written: look at the disk.")
    if code in _DAMAGED:
        return ConfigurationError(
            f"{place} is damaged or no SQLite database ({said}). Keep the file as it is, put back the last copy, or "
            "recover into a new file with `sqlite3 FILE .recover`; then run `headgate audit verify`."
        )
    if code in _CLOSED_OFF:
        return ConfigurationError(
            f"The ledger {place} cannot be opened for writing ({said}); its folder must exist, and file and folder "
            "be writable for this user."
        )
    return None
