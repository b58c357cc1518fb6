from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Call = Callable[..., Any]


def test_tables_are_told_with_versions_and_rows(in_ran: Call) -> None:
    tables = in_ran("tables", "--json").document
    assert all(set(one) == {"name", "uri", "version", "rows"} for one in tables)
    by_name = {one["name"]: one for one in tables}
    rows = in_ran("query", "SELECT count(*) AS n FROM transactions", "--json").document["rows"]
    assert by_name["sales/silver/transactions"]["rows"] == rows[0][0]
    assert by_name["sales/quarantine/rows"]["rows"] > 0


def test_published_and_quarantined_rows_are_what_was_received(in_ran: Call) -> None:
    sql = "SELECT (SELECT count(*) FROM transactions) + (SELECT count(*) FROM sales.quarantine) AS n"
    assert in_ran("query", sql, "--json").document["rows"] == [[600]]


def test_a_query_names_tables_with_their_flow_too(in_ran: Call) -> None:
    plain = in_ran("query", "SELECT day, revenue FROM daily ORDER BY day", "--json").document
    qualified = in_ran("query", "SELECT d.day, d.revenue FROM sales.daily AS d ORDER BY d.day", "--json").document
    assert plain == qualified
    assert plain["columns"] == [
        {"name": "day", "type": "date32[day]"},
        {"name": "revenue", "type": "decimal128(38, 2)"},
    ]
    assert isinstance(plain["rows"][0][1], str)


def test_what_is_no_select_is_refused(in_ran: Call) -> None:
    for sql in ("DROP TABLE daily", "SELECT * FROM read_csv('/etc/passwd')"):
        told = in_ran("query", sql, expect=2)
        assert told.out == ""
        assert "Traceback" not in told.err


def rows_of(told: Any) -> list[list[str]]:  # noqa: ANN401  an outcome
    return list(csv.reader(io.StringIO(told.out, newline="")))


FORMULAS = (
    "SELECT '=1+1' AS a, '-2+3' AS b, 'plain' AS c, -3 AS d, '@x' AS e, ['=y'] AS f, NULL AS g, '+49 30' AS \"=h\""
)


def test_csv_guards_what_a_spreadsheet_takes_for_a_formula(in_ran: Call) -> None:
    rows = rows_of(in_ran("query", FORMULAS, "--format", "csv"))
    assert rows == [
        ["a", "b", "c", "d", "e", "f", "g", "'=h"],
        ["'=1+1", "'-2+3", "plain", "-3", "'@x", '["=y"]', "", "'+49 30"],
    ]


def test_csv_guards_wide_signs_and_line_ends_and_leaves_numbers(in_ran: Call) -> None:
    sql = (
        "SELECT '\uff1d1' AS a, chr(10) || '=1' AS b, chr(9) || 'x' AS c, '-2' AS d, '+1.5' AS e, '-2,5' AS f, '-' AS g"
    )
    (_, row) = rows_of(in_ran("query", sql, "--format", "csv"))
    assert row == ["'\uff1d1", "'\n=1", "'\tx", "-2", "+1.5", "-2,5", "'-"]


def test_csv_for_programs_has_text_as_it_is(in_ran: Call) -> None:
    rows = rows_of(in_ran("query", FORMULAS, "--format", "csv", "--exact"))
    assert rows == [
        ["a", "b", "c", "d", "e", "f", "g", "=h"],
        ["=1+1", "-2+3", "plain", "-3", "@x", '["=y"]', "", "+49 30"],
    ]


def test_limit_says_that_there_is_more(in_ran: Call) -> None:
    told = in_ran("query", "SELECT day FROM daily ORDER BY day", "--limit", 2)
    assert len(told.out.splitlines()) == 3
    assert "more rows" in told.err
    whole = in_ran("query", "SELECT 1 AS n", "--limit", 1)
    assert "more rows" not in whole.err


def test_parquet_goes_to_a_file(in_ran: Call, tmp_path: Path) -> None:
    file = tmp_path / "daily.parquet"
    in_ran("query", "SELECT * FROM daily", "--format", "parquet", "--output", file)
    rows = in_ran("query", "SELECT count(*) AS n FROM daily", "--json").document["rows"][0][0]
    assert pq.read_table(file).num_rows == rows


def test_a_query_that_takes_too_long_is_stopped_and_leaves_the_file_as_it_was(in_ran: Call, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("kept")
    many = ", ".join(f"transactions AS t{number}" for number in range(5))
    slow = f"SELECT t0.transaction_id AS id FROM {many} WHERE t0.total * t4.total > t1.total * t3.total + t2.total"
    began = time.monotonic()
    told = in_ran("query", slow, "--format", "csv", "--output", file, "--timeout", "0.5", expect=1)
    assert time.monotonic() - began < 60  # of days
    assert "the query took longer than 0.5 s and was stopped. Next: " in told.err
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("pairs.csv", "kept")]
    assert in_ran("query", "SELECT 1 AS n", "--timeout", "0", "--json").document["rows"] == [[1]]
    assert "is not in the range" in in_ran("query", "SELECT 1 AS n", "--timeout", "-1", expect=2).err


def test_show_tells_a_delivery_by_the_beginning_of_its_id(in_ran: Call, first: dict[str, Any]) -> None:
    story = in_ran("show", first["id"][:9], "--json").document
    assert story["counts"] == first["counts"]
    assert [event["type"] for event in story["events"]] == [
        "registered", "landed", "checked", "publishing", "published", "archived",
    ]  # fmt: skip
    kept = first["counts"]["received"] - first["counts"]["published"]
    assert 0 < len(story["samples"]) <= kept
    assert "record" not in story["samples"][0]
    told = in_ran("show", first["id"], "--records")
    assert first["file"] in told.out
    assert '"transaction_id"' in told.out


def test_show_refuses_what_is_no_delivery_or_more_than_one(in_ran: Call) -> None:
    assert "more than one" in in_ran("show", "d-", expect=2).err
    assert "there is no delivery" in in_ran("show", "d-ffffffffffffffff0", expect=2).err
    assert "begins with d-" in in_ran("show", "x", expect=2).err


def test_status_tells_how_the_project_stands(in_ran: Call) -> None:
    status = in_ran("status", "--json").document
    assert status["flows"] == {"sales": {"archived": 2}}
    assert (status["waiting"], status["at_work"], status["unanchored"]) == ([], 0, 0)
    assert status["last_run"]["ended"] is not None
    assert "archived" in in_ran("status").out


def test_history_tells_the_versions_of_a_table(in_ran: Call) -> None:
    told = in_ran("history", "sales/gold/daily", "--json").document
    assert [one["version"] for one in told["versions"]] == [0]
    assert told["versions"][0]["publication"] == 1
    assert "'daily'" in in_ran("history", "dayly", expect=2).err
