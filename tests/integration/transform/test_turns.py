"""Which tasks run at a time, and what happens where two do."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.harness.project import all_deliveries, run_files
from tests.harness.small import contract, open_small, rows_of, table_rows, write_flow, write_rows

from headgate.adapters.duckdb_engine import DuckDBEngine
from headgate.core.errors import EngineMemoryError, TaskError
from headgate.core.flow import Flow, Target
from headgate.core.memo import Memo
from headgate.core.parameters import Bound
from headgate.core.records import TableChange
from headgate.core.states import DeliveryState
from headgate.project import load_flows
from headgate.settings import read_settings
from headgate.transform.turns import run_turn, turns
from headgate.transform.workspace import Workspace

ROWS = "SELECT id, amount, day, kind, _delivery, _row, _record FROM accepted"


def flow_of(folder: Path, tasks: Mapping[str, str]) -> Flow:
    """A flow of the silver table rows and a gold table for each further task, in their order."""
    files = {f"tasks/{name}{'.py' if 'def ' in sql else '.sql'}": sql for name, sql in {"rows": ROWS, **tasks}.items()}
    listed = ", ".join(place if place.endswith(".sql") else f"{place}:{Path(place).stem}" for place in files)
    gold = ", ".join(f"{name}: {{key: [id]}}" for name in tasks)
    targets = f"{{silver: {{rows: {{key: [id]}}}}, gold: {{{gold}}}}}"
    text = f'source: {{files: "*.json"}}\ntasks: [{listed}]\ntargets: {targets}\n'
    write_flow(folder, text, contract_text=contract(), files=files)
    return load_flows(read_settings(folder, {}))["shop"]


READS_ROWS = "SELECT id, count(*) AS n FROM rows GROUP BY id"
PYTHON = "def b(read, parameters):\n    return read('a')\n"


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ({"a": READS_ROWS, "b": READS_ROWS, "c": READS_ROWS}, [["rows"], ["a", "b", "c"]]),
        ({"a": READS_ROWS, "b": "SELECT id, n FROM a", "c": READS_ROWS}, [["rows"], ["a"], ["b", "c"]]),
        ({"a": "SELECT id, 1 AS n FROM accepted", "b": READS_ROWS}, [["rows", "a"], ["b"]]),
        ({"a": READS_ROWS, "b": PYTHON, "c": READS_ROWS}, [["rows"], ["a"], ["b"], ["c"]]),
        ({"a": "WITH b AS (FROM rows) SELECT id FROM b", "b": READS_ROWS}, [["rows"], ["a", "b"]]),
    ],
    ids=["all at once", "one reads another", "beside silver", "python is alone", "a CTE is no table"],
)
def test_no_task_of_a_turn_reads_another(tmp_path: Path, tasks: Mapping[str, str], expected: list[list[str]]) -> None:
    flow = flow_of(tmp_path, tasks)
    found = turns(flow, Memo(), flow.targets)
    assert [[target.name for target in turn] for turn in found] == expected


def test_a_flow_without_tasks_has_one_turn(tmp_path: Path) -> None:
    write_flow(tmp_path, 'source: {files: "*.json"}', contract_text=contract())
    flow = load_flows(read_settings(tmp_path, {}))["shop"]
    assert [[target.name for target in turn] for turn in turns(flow, Memo(), flow.targets)] == [["rows"]]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace for three gold tables that read rows."""
    (tmp_path / "stage").mkdir()
    folder = str(tmp_path / "stage")
    engine = DuckDBEngine(memory_limit_bytes=100 << 20, threads=2, scratch=folder, readable=[folder])
    yield Workspace(
        flow=flow_of(tmp_path / "p", dict.fromkeys("abc", READS_ROWS)),
        engine=engine,
        parameters=Bound(values={}, tables={}, versions={}),
        folder=folder,
        number=1,
        snapshots={},
        look_up=lambda _: None,
        memo=Memo(),
    )
    engine.close()


def enter(work: Workspace, target: Target) -> None:
    work.changes[target.name] = TableChange(table=target.name, schema="", adds=())


def test_two_are_made_at_a_time_each_with_an_engine_of_its_own(work: Workspace) -> None:
    both, engines = threading.Barrier(2, timeout=30), dict[str, object]()

    def make(hand: Workspace, target: Target) -> None:
        engines[target.name] = hand.engine
        if target.name != "c":
            both.wait()
        enter(hand, target)

    run_turn(work, work.flow.targets[1:], make, threads=2)
    assert work.changes.keys() == {"a", "b", "c"}
    assert engines["a"] is not engines["b"]


def test_one_thread_makes_them_in_their_order(work: Workspace) -> None:
    made: list[tuple[str, bool]] = []
    run_turn(work, work.flow.targets[1:], lambda hand, target: made.append((target.name, hand is work)), threads=1)
    assert made == [("a", True), ("b", True), ("c", True)]


def test_what_does_not_fit_beside_another_is_made_alone(work: Workspace) -> None:
    failed, made = threading.Event(), list[str]()

    def make(hand: Workspace, target: Target) -> None:
        if hand is not work:
            failed.set()
            raise EngineMemoryError("the memory limit does not suffice")
        assert failed.wait(30)
        made.append(target.name)
        enter(hand, target)

    run_turn(work, work.flow.targets[1:], make, threads=2)
    assert made == ["a", "b", "c"]


def test_no_other_error_is_tried_again(work: Workspace) -> None:
    made: list[str] = []

    def make(_: Workspace, target: Target) -> None:
        made.append(target.name)
        raise TaskError(f"no {target.name}")

    with pytest.raises(TaskError, match="no a"):
        run_turn(work, work.flow.targets[1:], make, threads=2)
    assert len(made) == len(set(made))


def test_a_task_that_fails_beside_others_publishes_nothing(tmp_path: Path) -> None:
    sql = "SELECT id, CAST(id AS INTEGER) AS n FROM rows"
    flow_of(tmp_path / "p", {"a": READS_ROWS, "b": sql, "c": READS_ROWS, "d": READS_ROWS})
    platform = open_small(tmp_path / "p")
    run_files(platform, [write_rows(tmp_path, "1.json", rows_of("x"))])
    (failed,) = all_deliveries(platform)
    assert failed.state is DeliveryState.FAILED
    assert "Could not convert string 'x'" in failed.note
    assert table_rows(platform, "shop/silver/rows") == []
    platform.close()
