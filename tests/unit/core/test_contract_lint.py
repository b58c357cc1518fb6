"""What lint tells about contracts and flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.core.contract_document import read_contract
from headgate.core.contract_lint import Finding, Level, lint
from headgate.core.flow_document import read_flow
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "contract_lint.yaml").read_bytes(), name="cases").value


def text_of(case: dict[str, Any]) -> bytes:
    head = f"apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: {case.get('status', 'active')}\n"
    return f"{head}{case.get('head', '')}\nschema:\n  - {{name: rows, {case['record'][1:]}\n".encode()


def told(findings: list[Finding]) -> list[str]:
    return [f"{finding.level} {finding}" for finding in findings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    found = told(lint(read_contract(text_of(case), name="c.yaml")))
    assert len(found) == len(case["found"]), found
    assert all(part in line for part, line in zip(case["found"], found, strict=True)), found


RECORD = """{customProperties: [{property: subject, value: id}], properties: [
  {name: id, required: true, primaryKey: true}, {name: email, classification: personal}, {name: day, logicalType: date},
  {name: price, logicalType: number, physicalType: "DECIMAL(9,2)"}, {name: weight, logicalType: number},
  {name: c, logicalType: object, properties: [{name: street, classification: personal}, {name: city}]}]}"""
FLOW = """
source: {files: "*.csv"}
parameters: {limit: {type: integer, default: 5}, spare: {type: integer, default: 5}}
tasks: [tasks/rows.sql, tasks/days.sql]
targets: {silver: {rows: {key: [id]}}, gold: {days: {key: [day]}}}
"""


def lint_tasks(rows: str, days: str) -> list[str]:
    files = {
        "flow.yaml": FLOW.encode(),
        "contract.odcs.yaml": text_of({"record": RECORD}),
        "tasks/rows.sql": rows.encode(),
        "tasks/days.sql": days.encode(),
    }
    flow = read_flow("shop", files.__getitem__)
    return told(lint(flow.contract, flow))


ROWS = (
    "SELECT id, day, price, weight, email, c.street AS street, c.city AS city, _delivery, _row, _record FROM accepted"
)
SPARE = "warning flow.yaml: spare: no rule and no task uses the parameter. Take it out."


def test_a_parameter_that_nothing_uses() -> None:
    assert lint_tasks(ROWS, "SELECT day, count(*) AS n FROM rows WHERE price > $limit GROUP BY ALL") == [SPARE]


@pytest.mark.parametrize(
    ("days", "name"),
    [
        ("SELECT day, email FROM rows WHERE price > $limit", "email"),
        ("SELECT day, lower(street) AS s FROM rows WHERE price > $limit", "s"),
        ("SELECT day, max(rows.email) AS last FROM rows WHERE price > $limit GROUP BY ALL", "last"),
        ("WITH x AS (SELECT day, email AS e FROM rows WHERE price > $limit) SELECT day, e FROM x", "e"),
        ("SELECT day, c AS place FROM accepted WHERE price > $limit", "place"),
        ("SELECT day, a.c.street AS st FROM accepted AS a WHERE price > $limit", "st"),
    ],
)
def test_personal_data_in_gold_is_an_error(days: str, name: str) -> None:
    wanted = f"error tasks/days.sql: {name} holds personal data. Gold tables hold none; use the key of the subject."
    assert wanted in lint_tasks(ROWS, days)


def test_all_columns_of_silver_in_gold_is_an_error_where_one_is_personal() -> None:
    found = lint_tasks(ROWS, "SELECT * FROM rows WHERE price > $limit")
    assert [line for line in found if "personal" in line] == [
        f"error tasks/days.sql: {name} holds personal data. Gold tables hold none; use the key of the subject."
        for name in ("email", "street")
    ]


def test_counting_persons_tells_none() -> None:
    days = "SELECT day, count(DISTINCT email) AS n, city FROM rows WHERE price > $limit GROUP BY ALL"
    assert lint_tasks(ROWS, days) == [SPARE]


def test_a_sum_of_floating_point_in_a_task_is_an_error() -> None:
    days = "SELECT day, sum(weight) AS w, sum(price) AS p FROM rows WHERE price > $limit GROUP BY ALL"
    assert "error tasks/days.sql: weight is summed but is no DECIMAL. Make it DECIMAL in the contract." in lint_tasks(
        ROWS, days
    )


def test_warnings_of_the_tasks_are_told() -> None:
    found = lint_tasks(ROWS, "SELECT day FROM rows WHERE price > $limit LIMIT 3")
    assert any("LIMIT without ORDER BY" in line and line.startswith(Level.WARNING) for line in found)


def test_tasks_in_python_are_passed_over() -> None:
    """What a function makes cannot be read; the SQL beside it is."""
    text = FLOW.replace("tasks/days.sql", "tasks/days.py:days")
    files = {
        "flow.yaml": text.replace("spare: {type: integer, default: 5}", "").replace(", }", "}").encode(),
        "contract.odcs.yaml": text_of({"record": RECORD}),
        "tasks/rows.sql": ROWS.replace("price,", "sum(weight) AS price,").encode()
        + b" WHERE price > $limit GROUP BY ALL",
        "tasks/days.py": b"def days(read, parameters): return read('rows')",
    }
    flow = read_flow("shop", files.__getitem__)
    (found,) = told(lint(flow.contract, flow))
    assert "weight is summed but is no DECIMAL" in found
    alone = {**files, "flow.yaml": files["flow.yaml"].replace(b"tasks/rows.sql", b"tasks/rows.py:rows")}
    flow = read_flow(
        "shop", {**alone, "tasks/rows.py": b"def rows(read, parameters): return read('accepted')"}.__getitem__
    )
    assert all("summed" not in line for line in told(lint(flow.contract, flow)))
