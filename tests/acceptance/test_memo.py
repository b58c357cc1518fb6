"""A run whose flows are known parses no SQL and no YAML; where something changed, it runs under what stands now."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]

MEMO = Path("lake", ".stage", ".memo")
SCRIPT = """
import sys
from headgate.cli.main import call
status = call(sys.argv[1:])
print(status, sorted({"sqlglot", "yaml", "jsonschema_rs"} & set(sys.modules)))
"""


def generated(headgate: Call, project: Path, number: int) -> Path:
    """A file of 50 sales of its own."""
    folder = project / f"more{number}"
    headgate(
        "generate", "sales", "--count", 50, "--seed", number, "--first-number", number * 10_000, "--output", folder
    )
    (file,) = folder.glob("sales*.json")
    return file


def test_runs_after_init_import_no_parser(in_empty: Call, tmp_path: Path) -> None:
    in_empty("init", ".")
    before = (tmp_path / MEMO).read_bytes()
    for number in (1, 2):  # the second brings gold forward
        command = [sys.executable, "-c", SCRIPT, "run", "--workers", "0", str(generated(in_empty, tmp_path, number))]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "50 published" in ended.stdout
        assert ended.stdout.splitlines()[-1] == "0 []", ended.stdout
    assert (tmp_path / MEMO).read_bytes() == before


def test_a_changed_rule_judges_the_next_delivery(headgate: Call, project: Path) -> None:
    contract = project / "flows" / "sales" / "contract.odcs.yaml"
    text = contract.read_text()
    assert "timestamp <= now()" in text
    contract.write_text(text.replace("timestamp <= now()", "timestamp > now()").replace("version: 4.", "version: 5."))
    document = headgate("run", generated(headgate, project, 6), "--json").document
    assert document["deliveries"][0]["state"] == "held"


def test_a_changed_task_makes_the_next_rows(headgate: Call, project: Path) -> None:
    task = project / "flows" / "sales" / "tasks" / "transactions.sql"
    text = task.read_text()
    assert "customer.country AS country" in text
    task.write_text(text.replace("customer.country AS country", "'ZZ' AS country"))
    headgate("run", generated(headgate, project, 7))
    told = headgate("query", "SELECT count(*) FROM sales.transactions WHERE country = 'ZZ'", "--format", "csv").out
    assert told.split()[-1] == "50"


def test_a_damaged_memo_is_written_anew(headgate: Call, project: Path) -> None:
    sound = (project / MEMO).read_bytes()
    (project / MEMO).write_bytes(sound.replace(b"coalesce", b"coalescf"))
    document = headgate("run", generated(headgate, project, 8), "--json").document
    assert document["counts"]["published"] == 50
    assert b"coalescf" not in (project / MEMO).read_bytes()
