"""Tables on delta-rs: staged Parquet files become part of a table by one commit with an application transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import create_table_with_add_actions

from headgate.adapters.deltalake_actions import added_files, removed_files
from headgate.adapters.deltalake_stats import column_bounds
from headgate.core.arrow_schema import decode_schema, nullable
from headgate.core.errors import PublishError, TransientError
from headgate.core.faults import at_fault_point
from headgate.core.ports import ColumnBounds, FileSet, Tables, TableSnapshot, TableVersion
from headgate.core.records import TableChange

RETENTION = {
    "delta.logRetentionDuration": "interval 400 days",
    "delta.deletedFileRetentionDuration": "interval 400 days",
    "delta.checkpointInterval": "25",  # opening reads the log since then
}
COMPACTED_BYTES = 32 << 20  # of a file that small ones are joined to
PUBLICATION = "headgate.publication"  # key in the commit's metadata
_HOOKS = PostCommitHookProperties(cleanup_expired_logs=False)


class DeltaTables(Tables):
    """Delta tables in a local folder, one folder a table: `<flow>/<layer>/<name>`."""

    def __init__(self, root: Path) -> None:
        """Tables live below `root`, which must be on the stage's file system: files move in by rename."""
        self._root = root
        self._open_ones: dict[str, DeltaTable] = {}  # brought up to date at each use: cheaper than opening anew

    def prepare(self) -> None:
        """Start what the library starts at its first use, which takes longer than a commit."""
        with suppress(DeltaError, OSError):  # a commit will tell of it
            DeltaTable.is_deltatable(str(self._root))

    def snapshot(self, name: str, version: int | None = None) -> TableSnapshot | None:
        """The table at a version (default: the newest), or None where there is no such table."""
        table = self._open(name)
        if table is None:
            return None
        with _reading(name):
            if version is not None and version != table.version():
                table = DeltaTable(self._root / name, version=version)
            actions = pa.table(table.get_add_actions(flatten=True))
        folder = self._root / name
        return TableSnapshot(
            name=name,
            uri=folder.as_uri(),
            version=table.version(),
            files=FileSet(
                paths=tuple(str(folder / unquote(path)) for path in actions.column("path").to_pylist()),
                schema=pa.schema(table.schema().to_arrow()),
            ),
            rows=sum(actions.column("num_records").to_pylist()) if actions.num_rows else 0,
        )

    def bounds(self, name: str, version: int) -> dict[str, ColumnBounds]:
        """Nulls, least and greatest value of each column by the statistics of the files; a column untold is absent."""
        with _reading(name):
            return column_bounds(DeltaTable(self._root / name, version=version))

    def commit(self, change: TableChange, *, application: str, number: int, at: datetime) -> int:
        """Put a change in unless the table has transaction `number` of `application` or a later one; the version.

        The first change makes the table: one commit brings it with its rows.
        """
        table = self._open(change.table)
        if table is not None and _has(table, change.table, application, number):
            return table.version()
        properties = CommitProperties(
            custom_metadata={PUBLICATION: str(number)},
            app_transactions=[Transaction(application, number)],
        )
        try:
            if table is None:
                self._create(change, properties, at)
                return 0
            self._commit(table, change, properties, at)
        except (CommitFailedError, DeltaError, OSError) as error:
            # Whatever the error says, the log tells whether the commit is in.
            table = self._open(change.table)
            if table is None or not _has(table, change.table, application, number):
                raise TransientError(f"table {change.table} did not take publication {number}: {error}") from error
            return table.version()
        table.update_incremental()
        return table.version()

    def transaction(self, name: str, application: str) -> int | None:
        """Number of the application's last transaction in the table, or None."""
        table = self._open(name)
        with _reading(name):
            return None if table is None else table.transaction_version(application)

    def history(self, name: str) -> list[TableVersion]:
        """Versions, newest first."""
        table = self._reopen(name)
        with _reading(name):
            entries = table.history()
        return [
            TableVersion(
                version=table.version() - distance,
                at=datetime.fromtimestamp(entry["timestamp"] / 1000, tz=UTC),
                operation=entry["operation"],
                publication=int(entry[PUBLICATION]) if PUBLICATION in entry else None,
                details={key: entry[key] for key in entry if key not in {"operationParameters", "timestamp"}},
            )
            for distance, entry in enumerate(entries)
        ]

    def names(self) -> list[str]:
        """Tables that exist, in order."""
        return sorted(str(log.parent.relative_to(self._root)) for log in self._root.glob("*/*/*/_delta_log"))

    def compact(self, name: str) -> int:
        """Join small files without changing a row; the version afterwards."""
        table = self._reopen(name)
        try:
            table.optimize.compact(target_size=COMPACTED_BYTES, max_concurrent_tasks=1)
        except DeltaError as error:
            raise TransientError(f"table {name} could not be compacted: {error}") from error
        table.update_incremental()
        return table.version()

    def _open(self, name: str) -> DeltaTable | None:
        if name not in self._open_ones:
            if not (self._root / name / "_delta_log").is_dir():
                return None
            with _reading(name):
                try:
                    self._open_ones[name] = DeltaTable(self._root / name)
                except TableNotFoundError:
                    return None
            return self._open_ones[name]
        table = self._open_ones[name]
        try:
            table.update_incremental()
        except DeltaError:  # the table was removed or restored under our feet
            del self._open_ones[name]
            return self._open(name)
        return table

    def _reopen(self, name: str) -> DeltaTable:
        table = self._open(name)
        if table is None:
            raise PublishError(
                f"there is no table {name} in {self._root}. Next: `headgate tables` lists what there is."
            )
        return table

    def _create(self, change: TableChange, properties: CommitProperties, at: datetime) -> None:
        schema = nullable(decode_schema(change.schema))
        folder = self._root / change.table
        folder.mkdir(parents=True, exist_ok=True)
        added = added_files(change, folder, schema, at)
        at_fault_point(f"before log entry of {change.table}")
        create_table_with_add_actions(
            str(folder),
            Schema.from_arrow(schema),
            added,
            mode="error",
            configuration=RETENTION,
            commit_properties=properties,
            post_commithook_properties=_HOOKS,
        )

    def _commit(self, table: DeltaTable, change: TableChange, properties: CommitProperties, at: datetime) -> None:
        schema = nullable(decode_schema(change.schema))
        _add_columns(table, schema)
        added = added_files(change, self._root / change.table, schema, at)
        at_fault_point(f"before log entry of {change.table}")
        table.create_write_transaction(
            [*removed_files(change, at), *added],
            mode="append",
            schema=Schema.from_arrow(schema),
            commit_properties=properties,
            post_commithook_properties=_HOOKS,
        )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """PublishError in our words where a file of the table's log is gone or broken, also one that vanishes meanwhile."""
    try:
        yield
    except DeltaError as error:
        reason, flow = str(error).partition("\n")[0], name.partition("/")[0]
        raise PublishError(
            f"the log of table {name} cannot be read: {reason}. Next: put its files back from a backup, or "
            f"move its folder away, then `headgate doctor --repair {flow}`."
        ) from error


def _has(table: DeltaTable, name: str, application: str, number: int) -> bool:
    """Whether a transaction of that number or a later one is in."""
    with _reading(name):
        seen = table.transaction_version(application)
    return seen is not None and seen >= number


def _add_columns(table: DeltaTable, schema: pa.Schema) -> None:
    """Let the table have the columns that are new; a commit of files alone leaves its schema as it was."""
    known = {field.name for field in table.schema().fields}
    new = [field for field in Schema.from_arrow(schema).fields if field.name not in known]
    if new:
        table.alter.add_columns(new)
        table.update_incremental()
