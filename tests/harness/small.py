"""Flows of a few lines, written for one test each, and files of a few rows for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.harness.project import ticking

from headgate.core.platform import Platform
from headgate.project import enter_flows, load_flows
from headgate.settings import FILE, read_settings
from headgate.wiring import open_platform

ROWS = "SELECT id, amount, day, kind, _delivery, _row, _record FROM accepted"
"""The task of a record table with all columns of CONTRACT."""

COLUMNS = """
      - {name: id, required: true, primaryKey: true}
      - {name: amount, logicalType: integer}
      - {name: day, logicalType: date}
      - {name: kind}
"""


def contract(*, columns: str = COLUMNS, rules: str = "", status: str = "active", record: str = "rows") -> str:
    """A contract; `rules` are entries of the record's `quality`."""
    head = f"apiVersion: v3.1.0\nkind: DataContract\nid: shop\nversion: 1.0.0\nstatus: {status}\n"
    quality = f"    quality:\n{rules}\n" if rules else ""
    return f"{head}schema:\n  - name: {record}\n    properties:{columns}{quality}"


def write_flow(
    project: Path,
    flow: str,
    *,
    contract_text: str,
    files: Mapping[str, str] | None = None,
    name: str = "shop",
) -> None:
    """Write a flow into a project, and the project where there is none yet. `flow` is the text of flow.yaml."""
    project.mkdir(parents=True, exist_ok=True)
    (project / FILE).write_text('[project]\nname = "proof"\n')
    texts = {"flow.yaml": flow, "contract.odcs.yaml": contract_text, **(files or {})}
    for place, text in texts.items():
        file = project / "flows" / name / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def open_small(project: Path, **budget: Any) -> Platform:  # noqa: ANN401  any setting by its name
    """The project's platform with what its flows need entered; the caller closes it."""
    settings = read_settings(project, {}, **budget)
    platform = open_platform(settings, load_flows(settings), clock=ticking())
    enter_flows(platform)
    return platform


def write_rows(folder: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Rows as a JSON list in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    place.write_text(json.dumps(list(rows)), encoding="utf-8")
    return place


def table_rows(platform: Platform, table: str, columns: str = "*", order: str = "ALL") -> list[tuple[Any, ...]]:
    """Rows of a published table, such as shop/gold/days; none where it was never published."""
    snapshot = platform.tables.snapshot(table)
    if snapshot is None:
        return []
    engine = platform.engine()
    try:
        engine.register("t", snapshot.files)
        return engine.rows(f"SELECT {columns} FROM t ORDER BY {order}")
    finally:
        engine.close()


def rows_of(*ids: str, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any value of JSON
    """A row for each id, otherwise alike."""
    usual: dict[str, Any] = {"amount": 1, "day": "2026-11-01", "kind": "a"}
    return [{"id": id_, **usual, **values} for id_ in ids]


FLOW = """
source: {files: "*.json"}
tasks: [tasks/rows.sql, tasks/days.sql]
targets: {silver: {rows: {key: [id]}}, gold: {days: {key: [day]}}}
"""
TASKS = {"tasks/rows.sql": ROWS, "tasks/days.sql": "SELECT day, sum(amount) AS amount FROM rows GROUP BY day"}


def shop(project: Path, **budget: Any) -> Platform:  # noqa: ANN401  any setting by its name
    """The flow `shop` with a record table and one sum a day, opened; the caller closes its ledger."""
    write_flow(project, FLOW, contract_text=contract(), files=TASKS)
    return open_small(project, **budget)
