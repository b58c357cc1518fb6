from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headgate.adapters.duckdb_engines import DuckDBEngines
from headgate.core.errors import HeadgateError


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
