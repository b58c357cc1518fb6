"""What every Engine does, shown on each implementation."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headgate.adapters.duckdb_engine import DuckDBEngine
from headgate.core.errors import HeadgateError, TransientError
from headgate.core.ports import Engine, FileSet

HOSTILE = ['a"b', "it's", "select", "two words", "ünïcode 表", "x;DROP TABLE t", "$now", "a.b", "%s"]


class EngineContract:
    """Inherit and give the fixtures `engine`, new for each test, and `stage`, a folder that it may write to."""

    # relations
    def test_reads_what_is_registered(self, engine: Engine) -> None:
        engine.register("t", pa.table({"a": [1, 2, 3]}))
        assert engine.rows("SELECT sum(a) FROM t") == [(6,)]
        engine.drop("t")
        with pytest.raises(HeadgateError):
            engine.rows("SELECT * FROM t")

    def test_a_reader_is_read_once_and_without_being_kept(self, engine: Engine, stage: Path) -> None:
        batches = [pa.record_batch({"a": pa.array([n] * 1000)}) for n in range(20)]
        engine.register("t", pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches)))
        (file,) = engine.write("SELECT * FROM t", str(stage), name="x")
        assert file.rows == 20_000

    def test_a_kept_definition_is_computed_once(self, engine: Engine) -> None:
        engine.register("t", pa.table({"a": [1, 2]}))
        engine.define("kept", "SELECT a * $by AS a FROM t", {"by": 10}, keep=True)
        engine.define("seen", "SELECT a + 1 AS a FROM kept")
        engine.drop("t")
        assert engine.rows("SELECT a FROM seen ORDER BY a") == [(11,), (21,)]
        engine.define("kept", "SELECT 5 AS a", keep=True)
        assert engine.rows("SELECT a FROM seen") == [(6,)]

    def test_no_file_at_all_is_an_empty_relation(self, engine: Engine) -> None:
        schema = pa.schema([("a", pa.int64()), ("b", pa.list_(pa.string()))])
        engine.register("t", FileSet(paths=(), schema=schema))
        assert engine.rows("SELECT count(*), max(a) FROM t") == [(0, None)]
        assert engine.schema("SELECT a FROM t").names == ["a"]

    def test_files_are_read_by_the_columns_of_the_set(self, engine: Engine, stage: Path) -> None:
        old = engine.write("SELECT 1 AS a", str(stage), name="old")
        new = engine.write("SELECT 2 AS a, 'x' AS b", str(stage), name="new")
        schema = pa.schema([("a", pa.int32()), ("b", pa.string())])
        engine.register("t", FileSet(paths=tuple(file.path for file in (*old, *new)), schema=schema))
        assert engine.rows("SELECT a, b FROM t ORDER BY a") == [(1, None), (2, "x")]

    def test_a_column_that_no_file_has_yet_is_null(self, engine: Engine, stage: Path) -> None:
        """It was added to the table, and every row that had it is gone, or none had."""
        files = engine.write("SELECT 1 AS a", str(stage), name="old")
        kinds = [("a", pa.int32()), ("b", pa.string()), ("c", pa.struct([('x "y"', pa.list_(pa.decimal128(9, 2)))]))]
        engine.register("t", FileSet(paths=tuple(file.path for file in files), schema=pa.schema(kinds)))
        assert engine.rows('SELECT a, b, c, t.c."x ""y""" FROM t') == [(1, None, None, None)]
        assert engine.rows("SELECT typeof(b), typeof(c) FROM t") == [("VARCHAR", 'STRUCT("x ""y""" DECIMAL(9,2)[])')]

    @pytest.mark.parametrize("name", HOSTILE)
    def test_names_are_only_names(self, engine: Engine, stage: Path, name: str) -> None:
        table = pa.table({name: ["x", None]})
        engine.register(name, table)
        quoted = '"' + name.replace('"', '""') + '"'
        (file,) = engine.write(f"SELECT {quoted} FROM {quoted}", str(stage), name="named")
        assert pq.read_table(file.path).column_names == [name]
        assert file.stats["nulls"] == {name: 1}
        engine.drop(name)

    def test_a_hundred_columns(self, engine: Engine, stage: Path) -> None:
        table = pa.table({f"c{number}": [number] for number in range(100)})
        engine.register("wide", table)
        (file,) = engine.write("SELECT * FROM wide", str(stage), name="wide")
        assert pq.read_table(file.path).to_pylist() == table.to_pylist()

    # beside
    def test_what_is_beside_knows_the_same(self, engine: Engine, stage: Path) -> None:
        files = engine.write("SELECT 3 AS a", str(stage), name="files")
        schema = pa.schema([("a", pa.int32())])
        engine.register("given", pa.table({"a": [1]}))
        engine.register("empty", FileSet(paths=(), schema=schema))
        engine.define("kept", "SELECT 2 AS a", keep=True)
        engine.register("filed", FileSet(paths=tuple(file.path for file in files), schema=schema))
        engine.define("seen", "SELECT * FROM given UNION ALL SELECT * FROM kept UNION ALL SELECT * FROM filed")
        with closing(engine.beside()) as beside:
            assert beside.rows("SELECT a FROM seen ORDER BY a") == [(1,), (2,), (3,)]
            assert beside.rows("SELECT count(*) FROM empty") == [(0,)]
            beside.define("found", "SELECT a FROM seen WHERE a > 1", keep=True)
            beside.register("own", pa.table({"a": [1]}))
            engine.define("late", "SELECT 5 AS a")
            engine.register("none", FileSet(paths=(), schema=schema))
            assert beside.rows("SELECT a FROM late UNION ALL SELECT a FROM none") == [(5,)]
        assert engine.rows("SELECT a FROM found ORDER BY a") == [(2,), (3,)]
        assert engine.rows("SELECT a FROM seen ORDER BY a") == [(1,), (2,), (3,)]
        with pytest.raises(HeadgateError):
            engine.rows("SELECT a FROM own")

    def test_both_work_at_once_and_an_error_stays_with_its_own(self, engine: Engine, stage: Path) -> None:
        def work(hand: Engine, name: str) -> int:
            for number in range(20):
                hand.define(name, f"SELECT range AS n FROM range({1000 + number})", keep=True)
                (file,) = hand.write(f"SELECT n, n * 2 AS h FROM {name}", str(stage), name=name)
                hand.register(f"{name}_files", FileSet(paths=(file.path,), schema=pa.schema([("n", pa.int64())])))
                assert hand.rows(f"SELECT count(*) FROM {name}_files") == [(1000 + number,)]
                with pytest.raises(HeadgateError):
                    hand.rows(f"SELECT error('not {name}')")
            return number

        with closing(engine.beside()) as beside, ThreadPoolExecutor(2) as pool:
            both = [pool.submit(work, engine, "here"), pool.submit(work, beside, "there")]
            assert [one.result() for one in both] == [19, 19]

    def test_beside_is_as_locked_and_keeps_the_same_time(self, engine: Engine) -> None:
        with closing(engine.beside()) as beside:
            for sql in ("SELECT * FROM read_text('/etc/hostname')", "SET TimeZone = 'Asia/Tokyo'"):
                with pytest.raises(HeadgateError):
                    beside.rows(sql)
            assert beside.rows("SELECT CAST(TIMESTAMPTZ '2026-11-20 08:00:00+00' AS VARCHAR)") == [
                ("2026-11-20 08:00:00+00",)
            ]

    # results
    def test_a_big_result_comes_in_batches(self, engine: Engine) -> None:
        reader = engine.stream("SELECT range AS n FROM range(100000)", batch_rows=10_000)
        sizes = [batch.num_rows for batch in reader]
        assert sum(sizes) == 100_000
        assert max(sizes) <= 12_288  # whole vectors
        assert engine.table("SELECT 1 AS a").to_pylist() == [{"a": 1}]

    def test_an_error_on_the_way_is_told_in_our_words(self, engine: Engine) -> None:
        with pytest.raises(HeadgateError, match=r"(?i)convert|cast"):
            engine.rows("SELECT CAST(CASE WHEN range > 50000 THEN 'x' ELSE '1' END AS INTEGER) FROM range(100000)")
        with pytest.raises(HeadgateError):
            list(
                engine.stream("SELECT CAST(CASE WHEN range > 90000 THEN 'x' ELSE '1' END AS INTEGER) FROM range(99999)")
            )
        with pytest.raises(HeadgateError):
            engine.rows("SELECT $missing")

    # writing
    def test_writes_nothing_for_no_rows(self, engine: Engine, stage: Path) -> None:
        assert engine.write("SELECT 1 AS a WHERE false", str(stage), name="none") == ()
        assert list(stage.glob("none*")) == []

    def test_sums_are_stored_to_the_last_digit(self, engine: Engine, stage: Path) -> None:
        engine.register("t", pa.table({"a": pa.array([9_007_199_254_740_993, 1], pa.int64())}))
        (file,) = engine.write("SELECT sum(a) AS s, count(*) AS n FROM t", str(stage), name="sums")
        assert pq.read_table(file.path).to_pylist() == [{"s": 9_007_199_254_740_994, "n": 2}]
        with pytest.raises(HeadgateError):
            engine.write("SELECT CAST(9223372036854775807 AS HUGEINT) + 1 AS s", str(stage), name="beyond")

    def test_a_decimal_keeps_its_digits(self, engine: Engine, stage: Path) -> None:
        sql = "SELECT CAST('12345678901234567890123456789012345.678' AS DECIMAL(38,3)) AS d"
        (file,) = engine.write(sql, str(stage), name="d")
        assert str(pq.read_table(file.path).to_pylist()[0]["d"]) == "12345678901234567890123456789012345.678"

    def test_tells_bounds_and_nulls(self, engine: Engine, stage: Path) -> None:
        engine.register("t", pa.table({"a": [3, None, 1], "b": ["x", "y", None]}))
        (file,) = engine.write("SELECT * FROM t", str(stage), name="bounds")
        assert (file.rows, file.size_bytes) == (3, Path(file.path).stat().st_size)
        assert file.stats == {"min": {"a": "1", "b": "x"}, "max": {"a": "3", "b": "y"}, "nulls": {"a": 1, "b": 1}}

    def test_finds_the_files_that_hold_a_value(self, engine: Engine, stage: Path) -> None:
        files = [engine.write(f"SELECT '{word}' AS w", str(stage), name=word)[0] for word in ("x", "y", "z")]
        data = FileSet(paths=tuple(file.path for file in files), schema=pa.schema([("w", pa.string())]))
        assert engine.files_with(data, "w", ["y", "q"]) == (files[1].path,)
        assert engine.files_with(data, "w", []) == ()

    # locks
    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT * FROM read_text('/etc/hostname')",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM glob('/etc/*')",
            "COPY (SELECT 1) TO '/tmp/headgate-escaped.csv'",
            "ATTACH '/tmp/headgate-escaped.db' AS other",
            "SET memory_limit = '9GB'",
            "SET enable_external_access = true",
            "RESET lock_configuration",
            "PRAGMA disable_verification; SET threads = 64",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SELECT * FROM outside",
        ],
    )
    def test_a_statement_reaches_nothing_outside(self, engine: Engine, sql: str) -> None:
        outside = pa.table({"secret": [1]})
        assert outside.num_rows == 1
        with pytest.raises(HeadgateError):
            engine.rows(sql)
        assert not Path("/tmp/headgate-escaped.csv").exists()  # noqa: S108  where the statement would have put it


class TestDuckDB(EngineContract):
    @pytest.fixture
    def stage(self, tmp_path: Path) -> Path:
        folder = tmp_path / "stage"
        folder.mkdir()
        return folder

    @pytest.fixture
    def engine(self, stage: Path) -> Iterator[Engine]:
        opened = DuckDBEngine(memory_limit_bytes=100 << 20, threads=2, scratch=str(stage), readable=[str(stage)])
        yield opened
        opened.close()

    def test_spills_what_does_not_fit_and_clears_up(self, stage: Path) -> None:
        engine = DuckDBEngine(memory_limit_bytes=30 << 20, threads=2, scratch=str(stage), readable=[str(stage)])
        engine.define("big", "SELECT range AS n, hash(range) AS h FROM range(3000000)", keep=True)
        assert engine.rows("SELECT count(*) FROM (SELECT h, n FROM big ORDER BY h OFFSET 5)") == [(2_999_995,)]
        engine.close()
        assert list(stage.iterdir()) == []

    def test_too_little_memory_is_worth_another_try(self, stage: Path) -> None:
        engine = DuckDBEngine(memory_limit_bytes=12 << 20, threads=1, scratch=str(stage), readable=[str(stage)])
        with pytest.raises(TransientError, match="memory"):
            engine.rows("SELECT list(range) FROM range(20000000)")
        engine.close()
