from __future__ import annotations

import pyarrow as pa
import pytest

from headgate.serve.report_sql import PARAMETERS, SqlError, bind, first_rows, read_rows
from headgate.serve.report_sql_checks import check_sql, has_limit

_PERSONAL = ("customer_name", "card_last4")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1; SELECT 2", "must be one SELECT"),
        ("DROP TABLE daily", "must be one SELECT"),
        ("COPY daily TO 'x'", "must be one SELECT"),
        ("SELECT * FROM (", "is no SQL that can be read"),
        ("SELECT $nwo", r"\$nwo is not bound here"),
        ("SELECT Customer_Name FROM transactions", "customer_name is a personal column"),
        ('SELECT upper("card_last4") AS x FROM transactions', "card_last4 is a personal column"),
        ("SELECT * RENAME (customer_name AS x) FROM transactions", "customer_name is a personal column"),
        ("SELECT to_json(t) AS x FROM transactions AS t", "t stands for a whole row"),
    ],
)
def test_sql_that_cannot_stand_in_a_report_is_refused(sql: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        check_sql(sql, parameters=PARAMETERS, personal=_PERSONAL)


def test_a_list_must_say_its_order() -> None:
    check_sql("SELECT day FROM daily ORDER BY day", parameters=PARAMETERS, personal=(), ordered=True)
    with pytest.raises(SqlError, match="needs ORDER BY"):
        check_sql(
            "SELECT * FROM (SELECT day FROM daily ORDER BY day)", parameters=PARAMETERS, personal=(), ordered=True
        )


def test_only_parameters_that_are_named_are_bound() -> None:
    assert bind("SELECT '$held', $now", {"now": 1, "held": 2}) == {"now": 1}


def test_a_list_is_cut_behind_its_comments() -> None:
    assert first_rows("SELECT 1 ORDER BY 1;", 5).endswith("LIMIT 5")
    assert first_rows("SELECT 1 ORDER BY 1 -- all", 5).endswith("-- all\nLIMIT 5")


def test_a_list_may_cut_itself() -> None:
    assert has_limit("SELECT 1 LIMIT 2")
    assert not has_limit("SELECT * FROM (SELECT 1 LIMIT 2)")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table([[1], [2]], names=["a", "a"]), "column a stands twice"),
        (pa.table({"Customer_Name": ["x"]}), "customer_name is a personal column"),
        (pa.table({"a": [[1]]}), "column a is list"),
        (pa.table({"a": [b"x"]}), "column a is binary"),
    ],
)
def test_a_result_that_no_report_can_show_is_refused(table: pa.Table, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        read_rows(table, _PERSONAL)


def test_inf_and_nan_are_no_values() -> None:
    rows = read_rows(pa.table({"a": [float("inf"), float("nan"), 1.5]}), ())
    assert [row["a"] for row in rows] == [None, None, 1.5]
