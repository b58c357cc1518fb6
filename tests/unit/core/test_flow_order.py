from __future__ import annotations

import pytest

from headgate.core.errors import FlowError
from headgate.core.flow import Flow
from headgate.core.flow_document import read_flow
from headgate.core.flow_order import order_flows


def flow(name: str, *, reference: str = "", task: str = "", file: str = "tasks/more.sql") -> Flow:
    relationship = f", relationships: [{{to: {reference}}}]" if reference else ""
    contract = (
        f"{{apiVersion: v3.1.0, kind: DataContract, id: {name}, version: 1.0.0, status: active, "
        f"schema: [{{name: {name}_rows, properties: [{{name: id{relationship}}}]}}]}}"
    )
    text = "source: {files: '*.csv'}\n"
    if task:
        text += f"tasks: [tasks/{name}_rows.sql, {file}]\n"
        text += f"targets: {{silver: {{{name}_rows: {{key: [id]}}}}, gold: {{more: {{key: [id]}}}}}}"
    files = {
        "flow.yaml": text,
        "contract.odcs.yaml": contract,
        f"tasks/{name}_rows.sql": "SELECT * FROM accepted",
        file.partition(":")[0]: task,
    }
    return read_flow(name, lambda file: files[file].encode())


def ordered(*flows: Flow) -> tuple[str, ...]:
    return order_flows({one.name: one for one in flows})


def test_without_references_by_name() -> None:
    assert ordered(flow("b"), flow("a"), flow("c")) == ("a", "b", "c")


def test_a_flow_runs_after_those_that_its_rules_read() -> None:
    assert ordered(flow("a", reference="b_rows.id"), flow("b")) == ("b", "a")


def test_a_flow_runs_after_those_that_its_tasks_read() -> None:
    found = ordered(flow("a", task="SELECT r.id FROM a_rows r JOIN c.c_rows USING (id)"), flow("b"), flow("c"))
    assert found.index("c") < found.index("a")


def test_tables_of_no_flow_here_and_own_tables_are_passed_over() -> None:
    assert ordered(flow("a", reference="elsewhere.id"), flow("b", reference="b_rows.id")) == ("a", "b")


def test_a_circle_is_an_error() -> None:
    with pytest.raises(FlowError, match=r"in a circle: (a -> b -> a|b -> a -> b)"):
        ordered(flow("a", reference="b_rows.id"), flow("b", reference="a_rows.id"))


def test_a_task_in_python_says_nothing_about_what_it_reads() -> None:
    reading = flow("a", task="def more(read, parameters): return read('from c.c_rows')", file="tasks/more.py:more")
    assert ordered(reading, flow("c")) == ("a", "c")
