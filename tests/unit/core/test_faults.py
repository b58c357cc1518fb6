"""A fault point ends the process where, and only where, the environment says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from headgate.core.faults import VARIABLE, at_fault_point

REACHED = """
import sys
from headgate.core.faults import at_fault_point
for place in ("one", "two", "one", "two"):
    at_fault_point(place)
    print(place, flush=True)
"""


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("one", []), ("two", ["one"]), ("one:2", ["one", "two"]), ("two:2", ["one", "two", "one"])],
)
def test_the_process_ends_there(wanted: str, reached: list[str]) -> None:
    environment = {**os.environ, VARIABLE: wanted}
    ended = subprocess.run(
        [sys.executable, "-c", REACHED], env=environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout.split()) == (-signal.SIGKILL, reached)


@pytest.mark.parametrize("wanted", [None, "elsewhere", "here:7"])
def test_nothing_happens_elsewhere(wanted: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if wanted is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, wanted)
    for _ in range(3):
        at_fault_point("here")
