"""Engine on DuckDB: in memory with spill, and locked before the first statement of anybody else runs."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from headgate.adapters.duckdb_parquet import column_stats
from headgate.adapters.duckdb_watch import WATCH
from headgate.core.errors import CheckError, EngineMemoryError, EngineTimeoutError, TransientError
from headgate.core.ports import Engine, FileSet
from headgate.core.records import StagedFile
from headgate.core.sql import literal, quoted

STORABLE = {"HUGEINT": "BIGINT", "UHUGEINT": "BIGINT", "UBIGINT": "BIGINT", "UINTEGER": "BIGINT"}
# read back once, by all threads: a row group is a thread's share. A dictionary is kept for few values only: to look for
# one takes a quarter of the time of writing, and nobody keeps these files
STAGED = "COMPRESSION snappy, ROW_GROUP_SIZE 10240, DICTIONARY_SIZE_LIMIT 1000"
KEPT = "COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 40960"
_EMPTY = "_empty_set"  # for a moment
_LESS = "let it read or join less, or raise statement_s under [run] in headgate.toml."
# of a copy that DuckDB's relations save; these plan each statement twice, which takes longer here
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


class DuckDBEngine(Engine):
    """One in-memory database for one batch; closed with it."""

    def __init__(
        self,
        *,
        memory_limit_bytes: int,
        threads: int,
        scratch: str,
        readable: Sequence[str],
        streaming: bool = False,
        give_back: Callable[[DuckDBEngine], None] | None = None,
    ) -> None:
        """Open and lock: `readable` are the only folders that a statement can reach, `scratch` takes what spills.

        With `streaming` a join keeps the side that is written first as the one that streams: DuckDB does not know how
        long a stream is and would gather all of it to look up a small table. With `give_back` a closed engine is
        emptied and handed over, to be used again.
        """
        self._give_back = give_back
        self.limit_s = math.inf  # of each statement
        self._known: dict[str, str] = {}  # names -> view or table, which all connections see
        self._data: dict[str, pa.Table | pa.RecordBatchReader] = {}  # which only this connection sees
        # the last statement described, while the relations are the same
        self._last_described: tuple[str, list[tuple[str, str]]] | None = None
        self._spill = tempfile.mkdtemp(prefix="spill-", dir=scratch)
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_limit_bytes}B",
                "threads": threads,
                "async_threads": 1,  # write to a local disk; the eight that DuckDB takes are in the way of the others
                "temp_directory": self._spill,
                "preserve_insertion_order": False,
                "python_enable_replacements": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        # global, that is of further connections too
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # else each statement over a table reads the footers of its files anew when it is planned
        self._connection.execute("SET GLOBAL parquet_metadata_cache = true")
        if streaming:
            self._connection.execute("SET disabled_optimizers = 'build_side_probe_side,join_order'")
        self._connection.execute("SET allowed_directories = ?", [[f"{folder}/" for folder in readable]])
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def register(self, name: str, data: pa.Table | pa.RecordBatchReader | FileSet) -> None:
        """Make data known under a name. A reader can be read by one statement only."""
        self.drop(name)
        if not isinstance(data, FileSet):
            self._data[name] = data
            self._connection.register(name, data)
        elif not data.paths:
            self._connection.register(_EMPTY, data.schema.empty_table())
            self.define(name, f"SELECT * FROM {_EMPTY}", keep=True)
            self._connection.unregister(_EMPTY)
        else:
            paths = ", ".join(literal(path) for path in data.paths)
            source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
            try:
                self.define(name, f"SELECT {', '.join(map(quoted, data.schema.names))} FROM {source}")
            except EngineError:
                self.define(name, f"SELECT {self._with_absent(source, data.schema)} FROM {source}")

    def _with_absent(self, source: str, schema: pa.Schema) -> str:
        """The schema's columns of files none of which has them all: NULL where a column was added after the last."""
        there = {row[0] for row in self._run(f"DESCRIBE SELECT * FROM {source}", None).fetchall()}
        self._connection.register(_EMPTY, schema.empty_table())
        kinds = {row[0]: row[1] for row in self._run(f"DESCRIBE SELECT * FROM {_EMPTY}", None).fetchall()}
        self._connection.unregister(_EMPTY)
        return ", ".join(
            quoted(column) if column in there else f"CAST(NULL AS {kinds[column]}) AS {quoted(column)}"
            for column in schema.names
        )

    def define(self, name: str, sql: str, parameters: Mapping[str, Any] | None = None, *, keep: bool = False) -> None:
        """Give a SELECT a name; with `keep` its rows are computed once and kept (spilling beyond the memory limit)."""
        kind = "TABLE" if keep else "VIEW"
        self.drop(name)
        self._run(f"CREATE {kind} {quoted(name)} AS {sql}", parameters)
        self._known[name] = kind

    def drop(self, name: str) -> None:
        """Forget a relation."""
        self._last_described = None
        if self._data.pop(name, None) is not None:
            self._connection.unregister(name)
        if (kind := self._known.pop(name, None)) is not None:
            self._connection.execute(f"DROP {kind} IF EXISTS {quoted(name)}")

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        with self._limited():
            return self._run(sql, parameters).fetchall()

    def table(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """A result that fits into memory, as Arrow."""
        with self._limited():
            return self._run(sql, parameters).to_arrow_table()

    def stream(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        batch_rows: int = 20_000,
    ) -> pa.RecordBatchReader:
        """A result of any size, batch by batch."""
        began = time.monotonic()
        with self._limited():
            reader = self._relation(sql, parameters).to_arrow_reader(batch_rows)
        left_s = self.limit_s - (time.monotonic() - began)
        return pa.RecordBatchReader.from_batches(reader.schema, self._told(reader, left_s))

    def schema(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Schema:
        """Columns and types of a SELECT as `write` keeps them, without running it."""
        described = self._described(sql, parameters)
        # an empty row of these types: to bind the statement itself once more takes as long as some tasks run
        columns = ", ".join(f"CAST(NULL AS {STORABLE.get(kind, kind)}) AS {quoted(name)}" for name, kind in described)
        return self.table(f"SELECT {columns} LIMIT 0").schema

    def write(
        self,
        sql: str,
        folder: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        name: str,
        keep: bool = True,
    ) -> tuple[StagedFile, ...]:
        """Write a result as Parquet files into a folder of the stage; none for no rows."""
        target = Path(folder) / f"{name}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        options = f"FORMAT parquet, {KEPT if keep else STAGED}, RETURN_STATS"
        written = self._run(
            f"COPY ({self._storable(sql, parameters) if keep else sql}) TO {literal(str(target))} ({options})",
            parameters,
        ).fetchall()
        files = tuple(
            StagedFile(path=path, rows=count, size_bytes=size, stats=column_stats(statistics))
            for path, count, size, _footer, statistics, *_rest in written
            if count
        )
        if not files:
            target.unlink(missing_ok=True)
        return files

    def files_with(self, data: FileSet, column: str, values: Sequence[str]) -> tuple[str, ...]:
        """Paths of those files that have a row whose text column is one of the values."""
        if not data.paths or not values:
            return ()
        paths = ", ".join(literal(path) for path in data.paths)
        source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false, filename = '_file')"
        found = self._run(
            f"SELECT DISTINCT _file FROM {source} WHERE list_contains($values, {quoted(column)}) ORDER BY 1",
            {"values": list(values)},
        ).fetchall()
        return tuple(path for (path,) in found)

    def beside(self) -> Engine:
        """The same relations for another thread, by a connection of its own."""
        return _Beside(self._connection.cursor(), self._known, self._data, self.limit_s)

    def close(self) -> None:
        """Give memory and temporary files back; with `give_back` empty it for the next user."""
        if self._give_back is None:
            self.destroy()
            return
        try:
            for name in [*reversed(self._known), *self._data]:
                self.drop(name)
        except duckdb.Error:
            self.destroy()  # in no state to be used again
        else:
            self._give_back(self)

    def destroy(self) -> None:
        """End the database behind the engine."""
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def _storable(self, sql: str, parameters: Mapping[str, Any] | None) -> str:
        """The same result in types that Parquet holds exactly: DuckDB would write a HUGEINT as a float."""
        wide = [
            f"CAST({quoted(name)} AS {STORABLE[kind]}) AS {quoted(name)}"
            for name, kind in self._described(sql, parameters)
            if kind in STORABLE
        ]
        return f"SELECT * REPLACE ({', '.join(wide)}) FROM ({sql})" if wide else sql

    def _described(self, sql: str, parameters: Mapping[str, Any] | None) -> list[tuple[str, str]]:
        """Names and types of a result."""
        if self._last_described is None or self._last_described[0] != sql:
            rows = self._run(f"DESCRIBE {sql}", parameters).fetchall()
            self._last_described = (sql, [(name, kind) for name, kind, *_ in rows])
        return self._last_described[1]

    def _relation(self, sql: str, parameters: Mapping[str, Any] | None) -> duckdb.DuckDBPyRelation:
        with self._limited():
            return self._connection.sql(sql, params=dict(parameters) if parameters else None)

    def _run(self, sql: str, parameters: Mapping[str, Any] | None) -> duckdb.DuckDBPyConnection:
        with self._limited():
            return self._connection.execute(sql, dict(parameters) if parameters else None)

    def _told(self, reader: pa.RecordBatchReader, left_s: float) -> Iterator[pa.RecordBatch]:
        """The batches of a reader, whose errors come in our words; Arrow hands an engine's error on as its own.

        What whoever reads does between two batches takes nothing from the time that is left.
        """
        while True:
            began = time.monotonic()
            with self._limited(left_s), _from_arrow():
                batch = next(reader, None)
            if batch is None:
                return
            left_s -= time.monotonic() - began
            yield batch

    @contextmanager
    def _limited(self, left_s: float | None = None) -> Iterator[None]:
        """A statement, or a part of one, within what it may take; the engine's errors in our words."""
        left_s = self.limit_s if left_s is None else left_s
        if left_s == math.inf:
            with _translated():
                yield
            return
        with WATCH.over(self._connection, left_s) as watched:
            try:
                with _translated():
                    yield
            except EngineError as error:
                if watched.interrupted:
                    raise EngineTimeoutError("a statement of the flow", self.limit_s, _LESS) from error
                raise


class _Beside(DuckDBEngine):
    """A further connection to an engine's database; all that is the database's own stays with the engine."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        known: dict[str, str],
        data: Mapping[str, pa.Table | pa.RecordBatchReader],
        limit_s: float,
    ) -> None:
        self._connection, self._known, self._data, self._last_described = connection, known, {}, None
        self.limit_s = limit_s
        for name, one in data.items():
            if isinstance(one, pa.Table):
                self.register(name, one)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


@contextmanager
def _from_arrow() -> Iterator[None]:
    """An engine's error as Arrow's reader hands it on, in our words."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        kind = EngineMemoryError if "Out of Memory" in str(error) else EngineError
        raise kind(f"the engine stopped while its result was read: {error}") from error


@contextmanager
def _translated() -> Iterator[None]:
    """The engine's errors in our words."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EngineMemoryError(
            f"the engine's memory limit does not suffice: {error} Next: raise memory_limit in headgate.toml."
        ) from error
    except duckdb.IOException as error:
        raise TransientError(f"the engine could not read or write: {error}") from error
    except duckdb.Error as error:
        raise EngineError(f"{error}") from error


class EngineError(CheckError):
    """The engine refused a statement: a rule or a task that cannot be evaluated."""
