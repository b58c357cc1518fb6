"""Which tasks can be merged, and that merging gives what a recomputation gives."""

from __future__ import annotations

import duckdb
import pytest

from headgate.core.flow import Target
from headgate.transform.task_reading import read_task

TARGET = Target(name="t", layer="gold", key=("k",))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT k, avg(v) AS v FROM s GROUP BY k",
        "SELECT k, count(DISTINCT v) AS v FROM s GROUP BY k",
        "SELECT k, sum(v) / count(*) AS v FROM s GROUP BY k",
        "SELECT k, sum(v) AS v FROM s GROUP BY k HAVING sum(v) > 0",
        "SELECT k, sum(v) AS v FROM s JOIN o USING (k) GROUP BY k",
        "SELECT k, sum(v) AS v FROM (SELECT * FROM s) GROUP BY k",
        "SELECT k, v FROM s",
        "SELECT k, sum(v) AS v FROM s GROUP BY k ORDER BY k LIMIT 3",
        "SELECT max(k) AS k, sum(v) AS v FROM s GROUP BY k",
        "WITH w AS (SELECT 1) SELECT k, sum(v) AS v FROM s GROUP BY k",
        "SELECT sum(v) AS v FROM s",
        "SELECT k, sum(DISTINCT v) AS v FROM s GROUP BY k",
        "SELECT k, -sum(v) AS v FROM s GROUP BY k",
        "SELECT k, CAST(sum(v) AS INTEGER) % 7 AS v FROM s GROUP BY k",
        "SELECT k, sum(sum(v)) OVER () AS v FROM s GROUP BY k",
        "SELECT k, sum(v) OVER (PARTITION BY k) AS v FROM s GROUP BY k, v",
    ],
)
def test_not_additive(sql: str) -> None:
    assert read_task(sql, (), TARGET).merging is None


ADDITIVE = [
    "SELECT k, sum(v) AS v FROM s GROUP BY k",
    "SELECT k, count(*) AS n, min(v) AS low, max(v) AS high FROM s GROUP BY k",
    "SELECT k, CAST(sum(CASE WHEN v > 2 THEN v ELSE 0 END) AS DECIMAL(38,2)) AS v FROM s GROUP BY k",
    "SELECT k, count(*) FILTER (v > 2) AS n FROM s GROUP BY k",
    "SELECT k, count(v) AS n FROM s WHERE v <> 3 GROUP BY k",
]


@pytest.mark.parametrize("sql", ADDITIVE)
def test_merged_figures_are_those_of_all_rows(sql: str) -> None:
    task = read_task(sql, (), TARGET)
    merging = task.merging
    assert merging is not None
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE s AS SELECT range % 3 AS k, CAST(range % 5 AS DECIMAL(12,2)) AS v FROM range(20)"
        )
        connection.execute(
            "CREATE TABLE a AS SELECT range % 4 AS k, CAST(range % 7 AS DECIMAL(12,2)) AS v FROM range(30)"
        )
        connection.execute(f"CREATE TABLE standing AS {task.text}")
        connection.execute(f"CREATE TABLE added AS {task.over({'s': 'a'})}")
        described = connection.execute("DESCRIBE standing").fetchall()
        types = {name: kind for name, kind, *_ in described}
        merged = connection.execute(f"SELECT * FROM ({merging.sql('standing', 'added', types)}) ORDER BY k").fetchall()
        connection.execute("INSERT INTO s FROM a")
        assert merged == connection.execute(f"SELECT * FROM ({task.text}) ORDER BY k").fetchall()
