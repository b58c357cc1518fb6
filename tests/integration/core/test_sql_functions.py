"""The list of allowed functions against the engine, and SQLGlot's spelling of expressions against that of people."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import sqlglot

from headgate.core import sql_functions
from headgate.core.date_patterns import read_date_pattern

EXPRESSIONS = [
    line
    for line in (Path(__file__).parent / "cases" / "expressions.sql").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("--")
]
SAMPLE = r"""
SELECT * FROM (VALUES
  (1, 2.5::DECIMAL(12,2), 'abc', 'b', DATE '2026-03-04', TIMESTAMP '2026-03-04 05:06:07.123456',
   TIMESTAMPTZ '2026-03-04 05:06:07+02', [1, 2, 3], [3, 1, 1], {'a': 1, 'b': 'x'}, MAP {'k': 1}, 1.5::DOUBLE, true,
   INTERVAL 3 DAY, '{"a":[1,2]}'::JSON, 2),
  (-5, -3.25::DECIMAL(12,2), 'Äb c,d', ' ', DATE '1999-12-31', TIMESTAMP '1999-12-31 23:59:59',
   TIMESTAMPTZ '1999-12-31 23:59:59Z', [5, NULL], [], {'a': NULL, 'b': 'y'}, MAP {'z': 9}, -0.25::DOUBLE, false,
   INTERVAL 2 MONTH, '[]'::JSON, 1)
) AS v(i, d, s, s2, dt, ts, tz, l, l2, st, mp, f, b, iv, j, n)
"""
SYNTAX = {"coalesce", "ifnull", "grouping", "grouping_id"}
"""Parts of the language rather than functions; the engine does not list them."""


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE sample AS {SAMPLE}")
    return connection


def listed(engine: duckdb.DuckDBPyConnection) -> dict[str, tuple[set[str], set[str]]]:
    """Function -> (its types, its stabilities)."""
    rows = engine.execute("SELECT function_name, function_type, stability FROM duckdb_functions()").fetchall()
    found: dict[str, tuple[set[str], set[str]]] = {}
    for name, kind, stability in rows:
        kinds, stabilities = found.setdefault(name, (set(), set()))
        kinds.add(kind)
        stabilities.add(stability)
    return found


def test_the_engine_has_every_function_and_calls_none_volatile(engine: duckdb.DuckDBPyConnection) -> None:
    known = listed(engine)
    allowed = (
        sql_functions.SCALARS
        | sql_functions.AGGREGATES
        | sql_functions.ORDERED_AGGREGATES
        | sql_functions.WINDOWS
        | sql_functions.TABLE_FUNCTIONS
    ) - SYNTAX
    assert sorted(allowed - set(known)) == []
    unstable = {name for name, (_, stability) in known.items() if stability & {"VOLATILE", "CONSISTENT_WITHIN_QUERY"}}
    assert sorted(allowed & unstable) == []


def test_each_list_holds_functions_of_its_kind(engine: duckdb.DuckDBPyConnection) -> None:
    known = listed(engine)
    for names, kinds in (
        (sql_functions.SCALARS, {"scalar", "macro"}),
        (sql_functions.AGGREGATES | sql_functions.ORDERED_AGGREGATES, {"aggregate", "macro"}),
        (sql_functions.WINDOWS, {"window"}),
        (sql_functions.TABLE_FUNCTIONS, {"table"}),
    ):
        assert sorted(name for name in names - SYNTAX if not known[name][0] & kinds) == []
    assert sql_functions.NULL_SKIPPING <= sql_functions.SCALARS


def test_functions_that_pass_over_null_do_and_the_others_of_their_kind_do_not(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    calls = {
        "least": "least(NULL, 5)",
        "greatest": "greatest(NULL, 5)",
        "concat": "concat(NULL, 'a')",
        "concat_ws": "concat_ws('-', NULL, 'a')",
        "list_string_agg": "list_string_agg(['a', NULL])",
        "list_bool_and": "list_bool_and([true, NULL])",
        "list_bool_or": "list_bool_or([true, NULL])",
    }
    for name in sorted(sql_functions.NULL_SKIPPING):
        sql = calls.get(name, f"{name}([1, NULL])")
        assert engine.execute(f"SELECT {sql} IS NOT NULL").fetchall() == [(True,)], name
    for sql in ("1 + NULL", "length(NULL)", "'a' || NULL", "list_sum([NULL]::INTEGER[])"):
        assert engine.execute(f"SELECT {sql} IS NULL").fetchall() == [(True,)], sql


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_sqlglot_writes_gives_the_same(engine: duckdb.DuckDBPyConnection, expression: str) -> None:
    """Rules and tasks are rewritten as trees before they run: the rewriting must not change what they say."""
    written = sqlglot.parse_one(expression, read="duckdb").sql("duckdb", identify=True)
    as_written = engine.execute(f"SELECT CAST(({expression}) AS VARCHAR) FROM sample").fetchall()
    assert engine.execute(f"SELECT CAST(({written}) AS VARCHAR) FROM sample").fetchall() == as_written


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        ("d/M/yyyy", "1/12/2010", "2010-12-01 00:00:00"),
        ("yyyy-MM-dd HH:mm:ss", "2016-03-26 17:47:46", "2016-03-26 17:47:46"),
        ("dd.MM.yy", "31.12.99", "1999-12-31 00:00:00"),
        ("EEE, d MMM yyyy h:mm a", "Fri, 2 Jan 2026 3:04 PM", "2026-01-02 15:04:00"),
        ("yyyyMMdd'T'HHmmss.SSS", "20260102T030405.678", "2026-01-02 03:04:05.678"),
    ],
)
def test_patterns_are_read_by_the_engine(
    engine: duckdb.DuckDBPyConnection, pattern: str, text: str, value: str
) -> None:
    found = read_date_pattern(pattern)
    sql = "SELECT strptime($text, $form)::TIMESTAMP::VARCHAR, regexp_full_match($text, $shape)"
    assert engine.execute(sql, {"text": text, "form": found.strptime, "shape": found.shape}).fetchall() == [
        (value, True)
    ]
