"""A fault that kills does so, before or after the call."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headgate.adapters.sqlite_ledger import SqliteLedger

APPEND_AND_DIE = """
import sys
from datetime import UTC, datetime
from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.records import Event
from headgate.testing import Fault, faulty

fault = Fault(method="append", call=2, after=sys.argv[2] == "after", kill=True)
ledger = faulty(SqliteLedger(f"sqlite:///{sys.argv[1]}"), fault)
for _ in range(3):
    ledger.append([Event(type="x")], at=datetime(2026, 3, 1, tzinfo=UTC))
"""


@pytest.mark.parametrize(("when", "written"), [("before", 1), ("after", 2)])
def test_kills(tmp_path: Path, when: str, written: int) -> None:
    place = tmp_path / "ledger.db"
    done = subprocess.run([sys.executable, "-c", APPEND_AND_DIE, str(place), when], check=False)
    assert done.returncode == -signal.SIGKILL
    ledger = SqliteLedger(f"sqlite:///{place}")
    assert ledger.log_size() == written
    ledger.close()
