"""Tasks whose SQL was not looked at before: a flow that passed once is read without its checks."""

from __future__ import annotations

import pytest

from headgate.core.errors import TaskError
from headgate.core.flow import Target
from headgate.transform.task_reading import read_task

TARGET = Target(name="t", layer="gold", key=("k",))


@pytest.mark.parametrize("call", ["now()", "current_timestamp", "NOW()"])
def test_the_present_is_refused(call: str) -> None:
    with pytest.raises(TaskError, match=r"task t calls now\(\)"):
        read_task(f"SELECT {call} AS a FROM accepted", (), TARGET)


def test_what_is_no_query_is_refused() -> None:
    with pytest.raises(TaskError, match="task t is no SELECT"):
        read_task("DROP TABLE accepted", (), TARGET)


def test_tables_of_other_flows_get_the_name_under_which_they_are_registered() -> None:
    read = read_task("SELECT c.name FROM people.customers AS c JOIN rows USING (id)", (), TARGET)
    assert [*read.foreign, *read.relations] == ["people.customers", "rows"]
    assert '"people.customers" AS c' in read.text


def test_relations_get_another_name_where_they_are_named_and_keep_their_alias() -> None:
    sql = "WITH w AS (SELECT * FROM s AS q(a, b)) SELECT s.k FROM w JOIN s USING (k) JOIN range(3) AS r(i) ON i = 1"
    read = read_task(sql, (), TARGET)
    assert read.over({"s": "_x"}) == (
        'WITH w AS (SELECT * FROM "_x" AS q(a, b)) SELECT s.k FROM w JOIN "_x" AS s USING (k) '
        "JOIN RANGE(0, 3) AS r(i) ON i = 1"
    )
    assert read.over({"w": "_x", "range": "_y"}) == read.text
