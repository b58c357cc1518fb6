"""Opening the ledger's database, its transactions, and what its errors mean for the caller."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue

from headgate.adapters.sqlite_schema import HEAD, SCHEMA
from headgate.core.errors import ConfigurationError, HeadgateError, TransientError

BUSY_TIMEOUT_S = 30.0
MOST_CONNECTIONS = 8

_SCHEME = "sqlite://"
_STEP_S = 0.01
_IN_MEMORY = {"", ":memory:"}
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
        self._file = _file_of(url)
        self._busy_timeout_s = busy_timeout_s
        # A database in memory is its one connection; threads take turns. None stands for one that was not opened yet.
        self._idle: LifoQueue[sqlite3.Connection | None] = LifoQueue()
        for _ in range(1 if self._file in _IN_MEMORY else MOST_CONNECTIONS):
            self._idle.put(None)
        try:
            self._bring_to_head()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the database and writes nothing."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self, *, synced: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction that is alone in writing; committed and synced at the end, undone by any error.

        What is not `synced` a power loss may undo; the next transaction that is takes it to the disk too.
        """
        # IMMEDIATE takes the write lock first, so that what was read cannot change before the write.
        with self._transaction("BEGIN IMMEDIATE", synced=synced) as connection:
            yield connection

    def close(self) -> None:
        """End the connections that are not in use; a later transaction makes a new one."""
        idle: list[sqlite3.Connection | None] = []
        with suppress(Empty):
            while True:
                idle.append(self._idle.get_nowait())
        for connection in idle:
            if connection is not None:
                connection.close()
            self._idle.put(None)

    @contextmanager
    def _transaction(self, begin: str, *, synced: bool = True) -> Iterator[sqlite3.Connection]:
        try:
            with self._connection() as connection:
                if not synced:
                    connection.execute("PRAGMA synchronous = NORMAL")
                try:
                    connection.execute(begin)
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    if not synced:
                        connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            if told := _in_words(error, self._shown):
                raise told from error
            raise  # what the constraints refuse

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """One that nobody else uses meanwhile; TransientError where all are in use for too long."""
        try:
            connection = self._idle.get(timeout=self._busy_timeout_s)
        except Empty:
            raise TransientError(f"All connections to the ledger {self._shown} are in use; try again.") from None
        try:
            if connection is None:
                connection = _connect(self._file, self._busy_timeout_s)
            yield connection
        finally:
            if connection is not None and connection.in_transaction:  # it could not even be rolled back
                connection.close()
                connection = None
            self._idle.put(connection)

    def _bring_to_head(self) -> None:
        with self.reading() as connection:
            found = _revision(connection)
        if found is None:
            with self.writing() as connection:
                found = _revision(connection)  # another process may have been here since
                if found is None:
                    self._create(connection)
                    return
        if found != HEAD:
            # Alembic costs more than all the rest of the opening, and is needed once in a version.
            from headgate.adapters.migrations.upgrade import upgrade  # noqa: PLC0415

            upgrade(self._file, found=found)

    def _create(self, connection: sqlite3.Connection) -> None:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table'").fetchone():
            raise ConfigurationError(
                f"{self._shown} is a database, but no ledger of Headgate: it has tables and no schema version. "
                "Give another path for the ledger."
            )
        for statement in SCHEMA:
            connection.execute(statement)

    @property
    def _shown(self) -> str:
        return "the ledger in memory" if self._file in _IN_MEMORY else self._file


def _file_of(url: str) -> str:
    """The path in `sqlite:///<path>`; none for `sqlite://`, a database that ends with the process."""
    if url == _SCHEME or url.startswith(f"{_SCHEME}/"):
        return url.removeprefix(_SCHEME).removeprefix("/")
    raise ConfigurationError(
        f"The ledger cannot be kept in {_without_password(url)}: this version keeps it in SQLite only; give "
        "sqlite:///<path of the file>."
    )


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    account, at, place = rest.rpartition("@")
    user, colon, _ = account.partition(":")
    return f"{scheme}{mark}{user}{colon}{'***' if colon else ''}{at}{place}"


def _revision(connection: sqlite3.Connection) -> str | None:
    """The schema's revision; None where there is no schema."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _connect(file: str, busy_timeout_s: float) -> sqlite3.Connection:
    # The driver's own transactions (isolation_level) would begin too late: only at the first statement that writes.
    connection = sqlite3.connect(
        file or ":memory:", timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        _write_ahead(connection, tries=1 + int(busy_timeout_s / _STEP_S))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection, *, tries: int) -> None:
    """Switch a new file to write-ahead mode. SQLite does not wait for a lock there, so where two make it we do."""
    while connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        tries -= 1
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if tries <= 0 or error.sqlite_errorcode & _PRIMARY_CODE not in _BUSY:
                raise
            time.sleep(_STEP_S)


def _in_words(error: sqlite3.Error, place: str) -> HeadgateError | None:
    """What the caller should do about an error of the database itself; None for any other."""
    code, said = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE, str(error)
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
