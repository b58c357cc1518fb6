"""What every Tables does, shown on each implementation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from headgate.adapters.deltalake_tables import DeltaTables
from headgate.core.arrow_schema import encode_schema
from headgate.core.errors import HeadgateError
from headgate.core.ports import ColumnBounds, Tables
from headgate.core.records import StagedFile, TableChange
from headgate.core.replacing import replace

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
APPLICATION = "headgate:proof/sales/1"
NAME = "sales/silver/rows"
Stage = Callable[[str, pa.Table], StagedFile]


def change(*adds: StagedFile, schema: pa.Schema, removes: tuple[str, ...] = (), name: str = NAME) -> TableChange:
    return TableChange(table=name, schema=encode_schema(schema), adds=adds, removes=removes)


def rows(tables: Tables, name: str = NAME, version: int | None = None) -> list[dict[str, object]]:
    snapshot = tables.snapshot(name, version)
    assert snapshot is not None
    found = [row for path in snapshot.files.paths for row in pq.read_table(path).to_pylist()]
    assert snapshot.rows == len(found)
    return sorted(found, key=str)


class TablesContract:
    """Inherit and give the fixtures `tables`, empty, and `stage`, which writes a file and tells of it."""

    def test_there_is_nothing_at_first(self, tables: Tables) -> None:
        assert tables.snapshot(NAME) is None
        assert tables.transaction(NAME, APPLICATION) is None
        assert tables.names() == []

    def test_a_commit_counts_once(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1, 2]})
        first = change(stage("one", data), schema=data.schema)
        version = tables.commit(first, application=APPLICATION, number=5, at=AT)
        for number in (5, 4, 1):
            assert tables.commit(first, application=APPLICATION, number=number, at=AT) == version
        assert rows(tables) == [{"a": 1}, {"a": 2}]
        assert tables.transaction(NAME, APPLICATION) == 5
        assert tables.transaction(NAME, "headgate:proof/sales/2") is None

    def test_another_application_counts_for_itself(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1]})
        tables.commit(change(stage("one", data), schema=data.schema), application=APPLICATION, number=9, at=AT)
        other = change(stage("two", data), schema=data.schema)
        tables.commit(other, application="headgate:proof/sales/2", number=1, at=AT)
        assert len(rows(tables)) == 2

    def test_a_commit_after_a_kill_finds_its_file_in_place(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1]})
        tables.commit(change(stage("one", data), schema=data.schema), application=APPLICATION, number=1, at=AT)
        again = stage("two", data)
        tables.commit(change(again, schema=data.schema), application=APPLICATION, number=2, at=AT)
        assert not Path(again.path).exists()
        version = tables.commit(change(again, schema=data.schema), application=APPLICATION, number=2, at=AT)
        assert version == tables.history(NAME)[0].version
        assert len(rows(tables)) == 2

    def test_a_first_commit_that_fails_leaves_no_table(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1]})
        lost = stage("one", data)
        Path(lost.path).unlink()
        with pytest.raises(HeadgateError, match=r"did not take"):
            tables.commit(change(lost, schema=data.schema), application=APPLICATION, number=1, at=AT)
        assert tables.snapshot(NAME) is None
        assert tables.names() == []
        back = stage("two", data)
        tables.commit(change(back, schema=data.schema), application=APPLICATION, number=1, at=AT)
        assert rows(tables) == [{"a": 1}]

    def test_a_lost_file_is_told_and_the_table_stays_whole(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1]})
        tables.commit(change(stage("one", data), schema=data.schema), application=APPLICATION, number=1, at=AT)
        lost = stage("two", data)
        Path(lost.path).unlink()
        with pytest.raises(HeadgateError, match=r"did not take"):
            tables.commit(change(lost, schema=data.schema), application=APPLICATION, number=2, at=AT)
        assert rows(tables) == [{"a": 1}]
        assert tables.transaction(NAME, APPLICATION) == 1
        back = stage("three", data)
        tables.commit(change(back, schema=data.schema), application=APPLICATION, number=2, at=AT)
        assert len(rows(tables)) == 2

    def test_files_go_and_old_versions_stay(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1]})
        tables.commit(change(stage("one", data), schema=data.schema), application=APPLICATION, number=1, at=AT)
        before = tables.snapshot(NAME)
        assert before is not None
        removes = tuple(Path(path).name for path in before.files.paths)
        other = pa.table({"a": [7]})
        replaced = change(stage("two", other), schema=data.schema, removes=removes)
        tables.commit(replaced, application=APPLICATION, number=2, at=AT)
        assert rows(tables) == [{"a": 7}]
        assert rows(tables, version=before.version) == [{"a": 1}]
        emptied = tables.snapshot(NAME)
        assert emptied is not None
        gone = tuple(Path(path).name for path in emptied.files.paths)
        tables.commit(change(schema=data.schema, removes=gone), application=APPLICATION, number=3, at=AT)
        assert rows(tables) == []

    def test_history_names_the_publications(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1]})
        for number in (3, 8):
            one = change(stage(f"f{number}", data), schema=data.schema)
            tables.commit(one, application=APPLICATION, number=number, at=AT)
        history = tables.history(NAME)
        assert [entry.publication for entry in history] == [8, 3]
        assert [entry.version for entry in history] == sorted((entry.version for entry in history), reverse=True)

    def test_a_table_may_begin_with_no_row(self, tables: Tables) -> None:
        schema = pa.schema([("a", pa.int64()), ("t", pa.timestamp("us", tz="UTC")), ("l", pa.list_(pa.string()))])
        tables.commit(change(schema=schema), application=APPLICATION, number=1, at=AT)
        assert rows(tables) == []
        snapshot = tables.snapshot(NAME)
        assert snapshot is not None
        assert snapshot.files.schema.names == ["a", "t", "l"]

    def test_a_schema_grows(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1]})
        tables.commit(change(stage("one", data), schema=data.schema), application=APPLICATION, number=1, at=AT)
        wider = pa.table({"a": [2], "b": ["x"]})
        tables.commit(change(stage("two", wider), schema=wider.schema), application=APPLICATION, number=2, at=AT)
        snapshot = tables.snapshot(NAME)
        assert snapshot is not None
        assert snapshot.files.schema.names == ["a", "b"]
        assert snapshot.rows == 2

    @pytest.mark.parametrize("column", ["two words", 'a"b', "it's", "select", "ünïcode 表", "100%", "a,b"])
    def test_columns_have_any_name_that_the_format_allows(self, tables: Tables, stage: Stage, column: str) -> None:
        data = pa.table({column: [1, None]})
        tables.commit(change(stage("one", data), schema=data.schema), application=APPLICATION, number=1, at=AT)
        assert rows(tables) == [{column: 1}, {column: None}]

    def test_tells_bounds_without_reading_a_row(self, tables: Tables, stage: Stage) -> None:
        schema = pa.schema([("a", pa.int64()), ("b", pa.string()), ("l", pa.list_(pa.int64()))])
        first = pa.table({"a": [4, None, 9], "b": [None, None, None], "l": [[1], [2], None]}, schema=schema)
        second = pa.table({"a": [2], "b": ["x"], "l": [[3]]}, schema=schema)
        told = (
            {"min": {"a": "4"}, "max": {"a": "9"}, "nulls": {"a": 1, "b": 3}},
            {"min": {"a": "2", "b": "x"}, "max": {"a": "2", "b": "x"}, "nulls": {"a": 0, "b": 0}},
        )
        staged = [
            replace(stage(name, data), stats=stats)
            for name, data, stats in zip(("one", "two"), (first, second), told, strict=True)
        ]
        both = change(*staged, schema=schema)
        version = tables.commit(both, application=APPLICATION, number=1, at=AT)
        found = tables.bounds(NAME, version)
        assert found["a"] == ColumnBounds(nulls=1, low=2, high=9)
        assert found["b"] == ColumnBounds(nulls=3, low="x", high="x")
        assert found.get("l", ColumnBounds()).low is None

    def test_compaction_changes_no_row_and_no_transaction(self, tables: Tables, stage: Stage) -> None:
        data = pa.table({"a": [1], "t": pa.array([AT], pa.timestamp("us", tz="UTC"))})
        for number in range(1, 6):
            one = change(stage(f"f{number}", data), schema=data.schema)
            tables.commit(one, application=APPLICATION, number=number, at=AT)
        before = rows(tables)
        tables.compact(NAME)
        assert rows(tables) == before
        snapshot = tables.snapshot(NAME)
        assert snapshot is not None
        assert len(snapshot.files.paths) == 1
        assert tables.transaction(NAME, APPLICATION) == 5
        again = change(stage("more", data), schema=data.schema)
        tables.commit(again, application=APPLICATION, number=6, at=AT)
        assert len(rows(tables)) == 6

    def test_names_in_order(self, tables: Tables) -> None:
        schema = pa.schema([("a", pa.int64())])
        for name in ("sales/silver/b", "retail/gold/c", "sales/silver/a"):
            tables.commit(change(schema=schema, name=name), application=APPLICATION, number=1, at=AT)
        assert tables.names() == ["retail/gold/c", "sales/silver/a", "sales/silver/b"]


class TestDelta(TablesContract):
    @pytest.fixture
    def tables(self, tmp_path: Path) -> Tables:
        return DeltaTables(tmp_path / "lake")

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        folder = tmp_path / "lake" / ".stage"
        folder.mkdir(parents=True)

        def write(name: str, data: pa.Table) -> StagedFile:
            path = folder / f"{name}.parquet"
            pq.write_table(data, path)
            return StagedFile(path=str(path), rows=data.num_rows, size_bytes=path.stat().st_size)

        return write

    @pytest.mark.parametrize("gone", range(3))
    def test_a_log_that_loses_a_file_is_told_in_our_words(
        self, tables: Tables, stage: Stage, tmp_path: Path, gone: int
    ) -> None:
        data = pa.table({"a": [1]})
        for number in range(3):
            entered = change(stage(f"f-{number}", data), schema=data.schema)
            tables.commit(entered, application=APPLICATION, number=number, at=AT)
        (log,) = tmp_path.rglob("_delta_log")
        sorted(log.glob("*.json"))[gone].unlink()
        calls: list[Callable[[], object]] = [
            lambda: tables.transaction(NAME, APPLICATION),
            lambda: tables.snapshot(NAME),
            lambda: tables.snapshot(NAME, gone),
            lambda: tables.bounds(NAME, gone),
            lambda: tables.history(NAME),
        ]
        told = 0
        for call in calls:
            try:
                call()
            except HeadgateError as error:
                assert "Next:" in str(error)  # noqa: PT017  some of the calls need no lost file
                told += 1
        assert told

    def test_a_foreign_reader_sees_the_same(self, tables: Tables, stage: Stage, tmp_path: Path) -> None:
        data = pa.table({"a": [1, 2], "d": pa.array([1, None], pa.decimal128(12, 2))})
        tables.commit(change(stage("one", data), schema=data.schema), application=APPLICATION, number=1, at=AT)
        foreign = DeltaTable(tmp_path / "lake" / NAME)
        assert foreign.transaction_version(APPLICATION) == 1
        assert foreign.metadata().configuration["delta.deletedFileRetentionDuration"] == "interval 400 days"
        assert foreign.protocol().min_writer_version <= 2
