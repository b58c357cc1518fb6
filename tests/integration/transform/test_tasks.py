"""Tasks of a flow: what each kind gives, and what stops a publication before anything is visible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.project import all_deliveries, run_files
from tests.harness.small import (
    FLOW,
    ROWS,
    TASKS,
    contract,
    open_small,
    rows_of,
    table_rows,
    write_flow,
    write_rows,
)

from headgate import operations, pipeline
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState as State


class Project:
    """One small flow whose tasks may change between files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._platforms: list[Platform] = []
        self._files = 0

    def write(
        self, tasks: Mapping[str, str], *, flow: str = FLOW, contract_text: str = "", statement_s: float | None = None
    ) -> None:
        write_flow(self._folder / "p", flow, contract_text=contract_text or contract(), files=tasks)
        self._platforms.append(open_small(self._folder / "p", statement_s=statement_s))

    def deliver(self, rows: list[dict[str, Any]]) -> Delivery:
        """The delivery of one more file, as it ended."""
        self._files += 1
        run_files(self.platform, [write_rows(self._folder, f"{self._files}.json", rows)])
        return all_deliveries(self.platform)[-1]

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        return table_rows(self.platform, table, columns)

    @property
    def platform(self) -> Platform:
        return self._platforms[-1]

    def close(self) -> None:
        for platform in self._platforms:
            platform.ledger.close()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.close()


# ── In Python ────────────────────────────────────────────────────────────────────────────────────────────────────────
PYTHON_FLOW = """
source: {files: "*.json"}
parameters: {factor: {type: integer, default: 3}}
tasks: [tasks/rows.sql, tasks/scores.py:scores]
targets: {silver: {rows: {key: [id]}}, gold: {scores: {key: [id]}}}
"""


def python_task(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"import pyarrow as pa\n\ndef scores(read, parameters):\n{lines}\n"


@pytest.mark.parametrize(
    "body",
    [
        """
table = pa.Table.from_batches(list(read("rows")))
return pa.table({"id": table["id"], "score": pa.compute.multiply(table["amount"], parameters["factor"])})
""",
        """
for batch in read("rows"):
    score = pa.compute.multiply(batch["amount"], parameters["factor"])
    yield pa.record_batch({"id": batch["id"], "score": score})
""",
        """
rows = list(read("rows"))
made = [pa.record_batch({"id": b["id"], "score": pa.compute.multiply(b["amount"], 3)}) for b in rows]
return pa.RecordBatchReader.from_batches(made[0].schema, made)
""",
    ],
    ids=["table", "batches", "reader"],
)
def test_a_python_task_gives_a_table_or_batches(project: Project, body: str) -> None:
    project.write({"tasks/rows.sql": ROWS, "tasks/scores.py": python_task(body)}, flow=PYTHON_FLOW)
    assert project.deliver(rows_of("a", amount=5)).state is State.ARCHIVED
    assert project.deliver(rows_of("b", amount=7)).state is State.ARCHIVED
    assert project.rows("shop/gold/scores") == [("a", 15), ("b", 21)]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return 5", "scores gave int; it must give a table or record batches"),
        ("return [1, 2]", "scores gave list; it must give a table or record batches"),
        ("return []", "scores gave list; it must give a table or record batches"),
        ("raise KeyError('nothing')", "scores raised KeyError: 'nothing'"),
        ("return list(read('elsewhere'))", "scores raised EngineError"),
        ("return pa.table({'score': [1]})", "the rows of gold table scores lack their key id"),
        ("return pa.table({'id': ['a', 'a']})", "would have the key ('a',) twice; nothing was published"),
    ],
)
def test_a_python_task_that_breaks_its_promise(project: Project, body: str, told: str) -> None:
    project.write({"tasks/rows.sql": ROWS, "tasks/scores.py": python_task(body)}, flow=PYTHON_FLOW)
    delivery = project.deliver(rows_of("a"))
    assert delivery.state is State.FAILED
    assert told in delivery.note
    assert project.rows("shop/silver/rows") == []


def test_a_python_task_makes_the_record_table(project: Project) -> None:
    flow = """
source: {files: "*.json"}
tasks: [tasks/rows.py:rows]
targets: {silver: {rows: {key: [id]}}}
"""
    task = "def rows(read, parameters):\n    return read('accepted')\n"
    project.write({"tasks/rows.py": task}, flow=flow)
    assert project.deliver(rows_of("a", "b")).state is State.ARCHIVED
    assert project.rows("shop/silver/rows", "id, amount") == [("a", 1), ("b", 1)]
    less = "def rows(read, parameters):\n    return read('accepted').read_all().drop(['_row'])\n"
    project.write({"tasks/rows.py": less}, flow=flow)
    failed = project.deliver(rows_of("c"))
    assert failed.state is State.FAILED
    assert "the rows of silver table rows lack _row. Next: select _row" in failed.note


# ── Silver ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_without_tasks_the_record_is_published_with_its_objects_flattened(project: Project) -> None:
    columns = """
      - {name: id, required: true, primaryKey: true}
      - name: who
        logicalType: object
        properties: [{name: mail}, {name: home, logicalType: object, properties: [{name: city}]}]
      - {name: tags, logicalType: array, items: {logicalType: string}}
      - {name: opens, logicalType: time}
"""
    project.write({}, flow='source: {files: "*.json"}', contract_text=contract(columns=columns))
    row = {"id": "a", "who": {"mail": "a@b.org", "home": {"city": "Ulm"}}, "tags": ["x", "y"], "opens": "07:30:00"}
    assert project.deliver([row]).state is State.ARCHIVED
    assert project.rows("shop/silver/rows", "id, who_mail, who_home_city, tags, opens") == [
        ("a", "a@b.org", "Ulm", ["x", "y"], "07:30:00")
    ]
    assert proof.faults(project.platform, "shop") == []


@pytest.mark.parametrize("change", [" WHERE amount > 0", " JOIN generate_series(1, 2) AS s(n) ON true"])
def test_the_record_table_has_one_row_for_each_accepted_record(project: Project, change: str) -> None:
    project.write({**TASKS, "tasks/rows.sql": ROWS + change})
    failed = project.deliver([*rows_of("a"), *rows_of("b", amount=-1)])
    assert failed.state is State.FAILED
    assert "rows for 2 accepted records" in failed.note
    assert project.rows("shop/silver/rows") == []


def test_columns_of_a_table_are_only_added(project: Project) -> None:
    project.write(TASKS)
    project.deliver(rows_of("a"))
    project.write({**TASKS, "tasks/rows.sql": ROWS.replace("kind,", "kind, amount * 2 AS twice,")})
    assert project.deliver(rows_of("b")).state is State.ARCHIVED
    assert project.rows("shop/silver/rows", "id, twice") == [("a", None), ("b", 2)]
    project.write({**TASKS, "tasks/rows.sql": ROWS.replace("kind,", "kind, 'text' AS twice,")})
    failed = project.deliver(rows_of("c"))
    assert failed.state is State.FAILED
    assert "column twice of table rows is" in failed.note
    assert "Columns are only added" in failed.note
    assert project.rows("shop/silver/rows", "id") == [("a",), ("b",)]


# ── Gold ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
FIGURES = [
    ("sum(amount)", "3"),
    ("count(*)", "2"),
    ("CAST(sum(amount) AS INTEGER)", "3"),
    ("CAST(max(amount) AS DOUBLE)", "2.0"),
    ("sum(CAST(amount AS DOUBLE))", "3.0"),
    ("CAST(max(amount) AS REAL)", "2.0"),
    ("max(amount > 1)", "true"),
    ("min(kind)", "a"),
    ("max(day)", "2026-11-01"),
    ("max(CAST(amount AS SMALLINT))", "2"),
    ("max([amount])", "[2]"),
    ("sum(CAST(amount AS DECIMAL(12,2)))", "3.00"),
    ("min(CAST(day AS TIMESTAMP))", "2026-11-01 00:00:00"),
    ("min(CAST(day AS TIMESTAMPTZ))", "2026-11-01 00:00:00+00"),
]


@pytest.mark.parametrize(("figure", "expected"), FIGURES, ids=[figure for figure, _ in FIGURES])
def test_figures_over_two_publications_are_those_of_one(
    project: Project, tmp_path: Path, figure: str, expected: str
) -> None:
    """Additive figures are merged into what stands; the result and its types are those of a recomputation."""
    tasks = {**TASKS, "tasks/days.sql": f"SELECT day, {figure} AS amount FROM rows GROUP BY day"}
    project.write(tasks)
    assert project.deliver(rows_of("a", amount=1)).state is State.ARCHIVED
    second = project.deliver(rows_of("b", amount=2))
    assert second.state is State.ARCHIVED, second.note
    at_once = Project(tmp_path / "other")
    at_once.write(tasks)
    at_once.deliver([*rows_of("a", amount=1), *rows_of("b", amount=2)])
    shown = "CAST(amount AS VARCHAR), typeof(amount)"
    found = project.rows("shop/gold/days", shown)
    assert found == at_once.rows("shop/gold/days", shown)
    at_once.close()
    assert [amount for amount, _ in found] == [expected]


def test_a_task_with_another_column_makes_the_gold_table_anew(project: Project) -> None:
    project.write(TASKS)
    project.deliver(rows_of("a", amount=1))
    days = "SELECT day, sum(amount) AS amount, max(amount) AS most FROM rows GROUP BY day"
    project.write({**TASKS, "tasks/days.sql": days})
    assert project.deliver(rows_of("b", amount=2)).state is State.ARCHIVED
    assert project.rows("shop/gold/days", "amount, most") == [(3, 2)]


def test_a_key_twice_in_gold_is_never_visible(project: Project) -> None:
    project.write({**TASKS, "tasks/days.sql": "SELECT day, kind, sum(amount) AS amount FROM rows GROUP BY day, kind"})
    assert project.deliver(rows_of("a")).state is State.ARCHIVED
    failed = project.deliver(rows_of("b", kind="z"))
    assert failed.state is State.FAILED
    assert "the key ('2026-11-01',) twice; nothing was published" in failed.note
    assert project.rows("shop/silver/rows", "id") == [("a",)]


def test_a_key_with_a_time_zone_is_told_too(project: Project) -> None:
    days = "SELECT CAST(day AS TIMESTAMPTZ) AS day, id, amount FROM rows"
    project.write({**TASKS, "tasks/days.sql": days})
    failed = project.deliver(rows_of("a", "b"))
    assert failed.state is State.FAILED
    assert "the key ('2026-11-01 00:00:00+00',) twice" in failed.note


@pytest.mark.parametrize(
    "value", ["TIME '07:00'", "INTERVAL 1 DAY", "[TIME '07:00']", "{'a': CAST(day AS TIMESTAMP_S)}"]
)
def test_a_type_that_tables_do_not_have_is_refused_before_anything_is_visible(project: Project, value: str) -> None:
    project.write({**TASKS, "tasks/days.sql": f"SELECT day, {value} AS moment FROM rows GROUP BY day"})
    failed = project.deliver(rows_of("a"))
    assert failed.state is State.FAILED
    assert "column moment of table days is" in failed.note
    assert project.rows("shop/silver/rows") == []
    project.write(TASKS)
    assert project.deliver(rows_of("b")).state is State.ARCHIVED


# ── Windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────
WINDOW = FLOW.replace("days: {key: [day]}", "days: {key: [day], window: month(day), reach: 1}")
RUNNING = "SELECT day, sum(sum(amount)) OVER (ORDER BY day) AS amount FROM rows GROUP BY day"


def test_a_window_reads_tables_with_and_without_its_column(project: Project) -> None:
    """Months that a delivery touches and those in their reach are made anew; the others stay as they were made."""
    flow = WINDOW.replace("silver: {rows", "silver: {kinds: {key: [_delivery, _row]}, rows").replace(
        "tasks/rows.sql,", "tasks/rows.sql, tasks/kinds.sql,"
    )
    days = (
        "SELECT r.day, sum(r.amount) AS amount, count(DISTINCT k.kind) AS kinds "
        "FROM rows AS r JOIN kinds AS k USING (id) GROUP BY r.day"
    )
    tasks = {**TASKS, "tasks/kinds.sql": "SELECT id, kind, _delivery, _row FROM accepted", "tasks/days.sql": days}
    project.write(tasks, flow=flow)
    project.deliver([*rows_of("a", day="2026-01-05"), *rows_of("b", day="2026-06-05")])
    assert project.deliver(rows_of("c", day="2026-06-05", kind="z")).state is State.ARCHIVED
    assert [(str(day), amount, kinds) for day, amount, kinds in project.rows("shop/gold/days")] == [
        ("2026-01-05", 1, 1),
        ("2026-06-05", 2, 2),
    ]


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
def test_months_over_the_turn_of_a_year_and_rows_without_one(project: Project, kind: str) -> None:
    """Gold is what its task makes of all rows: a day counts those of the 31 days before it; no day, those without."""
    days = (
        "SELECT a.day, count(DISTINCT b.id) AS amount FROM rows AS a JOIN rows AS b "
        "ON a.day IS NOT DISTINCT FROM b.day OR b.day BETWEEN a.day - INTERVAL 31 DAY AND a.day GROUP BY a.day"
    )
    tasks = {"tasks/rows.sql": ROWS.replace("day", f"CAST(day AS {kind}) AS day"), "tasks/days.sql": days}
    project.write(tasks, flow=WINDOW)
    first, last, none = "2025-12-31", "2026-03-01", None
    project.deliver([row for at, day in enumerate([first, last, none]) for row in rows_of(f"a{at}", day=day)])
    for at, day in enumerate(["2025-11-30", none, "2026-01-01", "2026-02-28"]):
        assert project.deliver(rows_of(f"b{at}", day=day)).state is State.ARCHIVED
        assert proof.faults(project.platform, "shop") == []
    found = dict(project.rows("shop/gold/days", "CAST(CAST(day AS DATE) AS VARCHAR), amount"))
    assert found == {"2025-11-30": 1, first: 2, "2026-01-01": 2, "2026-02-28": 1, last: 2, none: 2}


def test_a_window_over_a_column_that_no_table_has(project: Project) -> None:
    tasks = {
        **TASKS,
        "tasks/days.sql": "SELECT id AS day, count(DISTINCT amount) AS amount, max(day) AS late FROM rows GROUP BY id",
    }
    project.write(tasks, flow=WINDOW.replace("month(day)", "month(late)"))
    assert project.deliver(rows_of("a")).state is State.ARCHIVED
    failed = project.deliver(rows_of("b"))
    assert failed.state is State.FAILED
    assert "has the window month(late), but reads no table with late" in failed.note


def test_a_task_that_takes_too_long_fails_its_delivery_and_a_mended_one_goes_on(project: Project) -> None:
    many = " ".join(f"CROSS JOIN rows AS r{number}" for number in range(12))
    slow = f"SELECT rows.day, sum(rows.amount) AS amount FROM rows {many} GROUP BY rows.day"
    project.write(TASKS | {"tasks/days.sql": slow}, statement_s=1.0)
    one = project.deliver(rows_of("a", "b", "c", "d", "e", "f", "g", "h"))
    assert one.state is State.FAILED
    assert "a statement of the flow took longer than 1 s and was stopped. Next: " in (one.note or "")
    assert project.rows("shop/silver/rows") == []
    project.write(TASKS, statement_s=600.0)
    operations.retry(project.platform, [one])
    pipeline.work(project.platform)
    assert len(project.rows("shop/silver/rows")) == 8
    assert proof.faults(project.platform, "shop") == []
