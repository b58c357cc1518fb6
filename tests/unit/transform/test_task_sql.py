"""Tasks whose SQL was not looked at before: a flow that passed once is read without its checks."""

from __future__ import annotations

import pytest

from headgate.core.errors import TaskError
from headgate.transform.task_sql import read_task


@pytest.mark.parametrize("call", ["now()", "current_timestamp", "NOW()"])
def test_the_present_is_refused(call: str) -> None:
    with pytest.raises(TaskError, match=r"task t calls now\(\)"):
        read_task(f"SELECT {call} AS a FROM accepted", (), name="t")


def test_what_is_no_query_is_refused() -> None:
    with pytest.raises(TaskError, match="task t is no SELECT"):
        read_task("DROP TABLE accepted", (), name="t")


def test_tables_of_other_flows_get_the_name_under_which_they_are_registered() -> None:
    read = read_task("SELECT c.name FROM people.customers AS c JOIN rows USING (id)", (), name="t")
    assert [*read.foreign, *read.relations] == ["people.customers", "rows"]
    assert '"people.customers" AS c' in read.text
