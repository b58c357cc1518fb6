from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_the_report_is_made_again_byte_for_byte(headgate: Call, project: Path) -> None:
    made = {path.name: path.read_bytes() for path in project.glob("reports/*")}
    assert len(made) == 2
    headgate("generate", "sales", "--count", 60, "--seed", 9, "--first-number", 80_000, "--output", "more")
    headgate("run", *project.glob("more/sales*.json"))
    (project / "flows" / "sales" / "report.yaml").unlink()
    run = headgate("status", "--json").document["last_run"]["id"]
    first_run = _run_of(project)
    headgate("report", first_run, "--output", "again")
    assert {path.name: path.read_bytes() for path in project.glob("again/*")} == made
    assert headgate("report", "--last", "--json").document["run"] == run
    headgate("report", "r-nothing", expect=2)


def _run_of(project: Path) -> str:
    run = json.loads((project / "run.json").read_text())["run"]
    assert isinstance(run, str)
    return run


def test_no_personal_value_stands_in_a_report(in_ran: Call, ran: Path) -> None:
    rows = in_ran("query", "SELECT customer_email, shipping_address FROM transactions LIMIT 50", "--json").document[
        "rows"
    ]
    pages = "".join(path.read_text() for path in ran.glob("reports/*"))
    assert rows
    assert not [value for row in rows for value in row if value and value in pages]
