"""The embedded install reaches for no cloud and no service: nothing of theirs is imported on its way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOREIGN = (
    "azure", "confluent_kafka", "pyspark", "delta", "airflow", "fastapi", "starlette", "dash", "psycopg", "boto3",
    "pandas", "great_expectations", "dlt", "requests", "opentelemetry", "google", "prometheus_client",
)  # fmt: skip

SCRIPT = """
import sys
import headgate.cli.main, headgate.cli.running_project, headgate.operations, headgate.pipeline, headgate.wiring
import headgate.adapters.sqlite_ledger, headgate.adapters.duckdb_engine, headgate.adapters.deltalake_tables
import headgate.adapters.folder_files, headgate.adapters.file_secrets, headgate.adapters.file_anchor
print(",".join(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_nothing_foreign_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    imported = set(done.stdout.strip().split(","))
    assert "headgate" in imported
    assert imported & set(FOREIGN) == set()


def test_help_imports_nothing_heavy() -> None:
    script = "import sys, headgate.cli.main; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"duckdb", "pyarrow", "sqlalchemy", "deltalake", "numpy", "sqlglot", "rich", "pydantic"}
    assert heavy & set(done.stdout.split()) == set()


def test_a_run_imports_no_models_no_bars_and_no_migrations(tmp_path: Path) -> None:
    script = """
import sys
from headgate.cli.main import call
assert call(["generate", "sales", "--count", "20", "--output", "incoming"]) == 0
assert call(["init", "."]) == 0
assert call(["run", "incoming"]) == 0
print(",".join(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    imported = set(done.stdout.splitlines()[-1].split(","))
    assert {"duckdb", "pyarrow"} <= imported
    assert imported & {"typer", "pydantic", "rich", "sqlalchemy", "alembic", "asyncio"} == set()
    roots = {name.split(".")[0] for name in imported}
    assert roots & {"opentelemetry", "google", "prometheus_client"} == set()
