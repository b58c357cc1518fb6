from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from headgate.adapters.duckdb_engines import DuckDBEngines
from headgate.core.errors import EngineTimeoutError, HeadgateError
from headgate.core.ports import Engine


def make(stage: Path) -> DuckDBEngines:
    return DuckDBEngines(memory_limit_bytes=100 << 20, threads=2, scratch=str(stage), readable=[str(stage)])


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    folder = tmp_path / "stage"
    folder.mkdir()
    return folder


@pytest.fixture
def engines(stage: Path) -> Iterator[DuckDBEngines]:
    made = make(stage)
    yield made
    made.close()
    assert list(stage.iterdir()) == []  # nothing is left where engines spill


def test_an_engine_comes_back_empty_and_is_given_again(engines: DuckDBEngines) -> None:
    first = engines()
    first.define("t", "SELECT 1 AS a", keep=True)
    first.close()
    second = engines()
    assert second is first
    with pytest.raises(HeadgateError):
        second.rows("SELECT * FROM t")
    other = engines(streaming=True)
    assert other is not second
    for engine in (second, other):
        engine.close()


def test_two_at_once_are_two(engines: DuckDBEngines) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: engines(), range(4)))
    assert len({id(engine) for engine in opened}) == 4
    for engine in opened:
        engine.close()


def test_what_is_opened_ahead_is_given(engines: DuckDBEngines, stage: Path) -> None:
    done = threading.Event()
    engines.open_ahead(done.set)
    assert done.wait(30)
    spills = set(stage.iterdir())
    assert len(spills) == 2
    for streaming in (True, False):
        engine = engines(streaming=streaming)
        assert engine.rows("SELECT 1") == [(1,)]
        engine.close()
    engines.open_ahead()  # there is one of each
    assert set(stage.iterdir()) == spills


def test_whoever_asks_early_waits_for_it(engines: DuckDBEngines, stage: Path) -> None:
    engines.open_ahead()
    asked = [engines(streaming=streaming) for streaming in (True, False)]
    assert len(list(stage.iterdir())) == 2
    for engine in asked:
        engine.close()


def test_what_nobody_asked_for_is_closed_too(engines: DuckDBEngines) -> None:
    engines.open_ahead()


def test_what_goes_wrong_ahead_is_told_to_whoever_asks(tmp_path: Path) -> None:
    engines = make(tmp_path / "missing")
    engines.open_ahead()
    with pytest.raises(FileNotFoundError):
        engines()
    engines.close()


SLOW = "SELECT a.range AS n FROM range(10000000) AS a, range(10000000) AS b WHERE a.range * b.range % 70000001 = 3"
COUNTED = f"SELECT count(*) AS n FROM ({SLOW})"


def _beside(engine: Engine) -> object:
    with closing(engine.beside()) as beside:
        return beside.rows(COUNTED)


WAYS: dict[str, Callable[[Engine, str], object]] = {
    "rows": lambda engine, _: engine.rows(COUNTED),
    "table": lambda engine, _: engine.table(COUNTED),
    "stream": lambda engine, _: engine.stream(SLOW).read_all(),
    "define": lambda engine, _: engine.define("t", COUNTED, keep=True),
    "write": lambda engine, stage: engine.write(SLOW, stage, name="slow"),
    "beside": lambda engine, _: _beside(engine),
    "sorted": lambda engine, stage: engine.write(f"{SLOW} ORDER BY n", stage, name="slow"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_statement_over_its_time_is_stopped_and_the_engine_goes_on(
    engines: DuckDBEngines, stage: Path, way: str
) -> None:
    engine = engines(limit_s=0.3)
    began = time.monotonic()
    with pytest.raises(EngineTimeoutError, match=r"took longer than 0\.3 s and was stopped\. Next: "):
        WAYS[way](engine, str(stage))
    assert time.monotonic() - began < 20  # of hours
    assert engine.rows("SELECT 1") == [(1,)]
    engine.close()
    again = engines()
    assert again is engine
    assert again.limit_s == math.inf
    again.close()
    for file in stage.glob("*.parquet"):
        file.unlink()


def test_what_is_within_its_time_is_not_touched_by_others_that_are_not(engines: DuckDBEngines) -> None:
    def work(limit_s: float, sql: str) -> object:
        engine = engines(limit_s=limit_s)
        try:
            return engine.rows(sql)
        except EngineTimeoutError:
            return "stopped"
        finally:
            engine.close()

    long = "SELECT count(*) FROM range(300000) AS a, range(1000) AS b WHERE a.range * b.range % 7 = 3"
    with ThreadPoolExecutor(6) as pool:
        stopped = [pool.submit(work, 0.2, COUNTED) for _ in range(3)]
        whole = [pool.submit(work, 600.0, long) for _ in range(3)]
        assert [one.result() for one in stopped] == ["stopped"] * 3
        assert len({str(one.result()) for one in whole} - {"stopped"}) == 1


def test_who_reads_slowly_is_not_stopped_for_it(engines: DuckDBEngines) -> None:
    engine = engines(limit_s=2.0)
    rows = 0
    for batch in engine.stream("SELECT range AS n FROM range(1000000)", batch_rows=200_000):
        rows += batch.num_rows
        time.sleep(0.5)
    assert rows == 1_000_000
    engine.close()


def test_a_result_that_stops_coming_is_stopped(engines: DuckDBEngines) -> None:
    engine = engines(limit_s=1.0)
    batches = engine.stream(SLOW.replace("70000001", "701"), batch_rows=100)
    assert next(batches).num_rows == 100
    with pytest.raises(EngineTimeoutError):
        deque(batches, maxlen=0)
    assert engine.rows("SELECT 1") == [(1,)]
    engine.close()
