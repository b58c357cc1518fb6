"""The product as a process, and a project that has run once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

END = "2026-11-20T06:00:00Z"
SALES = ("generate", "sales", "--seed", "7", "--end", END)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401  any JSON
        return json.loads(self.out)


Headgate = Callable[..., Outcome]


def headgate_in(folder: Path) -> Headgate:
    """Calls `headgate` there; `expect` is the exit status that the call must have, `token` whose word it is."""

    def call(*arguments: object, expect: int = 0, token: str | None = None) -> Outcome:
        command = [sys.executable, "-m", "headgate.cli.main", *map(str, arguments)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
        if token is not None:
            environment["HEADGATE_TOKEN"] = token
        ended = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == expect, f"{arguments} ended with {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return Outcome(status=ended.returncode, out=ended.stdout, err=ended.stderr)

    return call


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project called shop whose incoming files (600 sales in 2 files, 30 of them defective) were run once."""
    folder = tmp_path_factory.mktemp("ran")
    call = headgate_in(folder)
    call("init", ".", "--name", "shop")
    call(*SALES, "--count", 600, "--files", 2, "--defects", 0.05, "--output", "incoming")
    (folder / "run.json").write_text(call("run", *sorted(folder.glob("incoming/sales*.json")), "--json").out)
    return folder


@pytest.fixture
def project(ran: Path, tmp_path: Path) -> Path:
    """A copy of that project, to do with as the test likes."""
    return Path(shutil.copytree(ran, tmp_path / "shop"))


@pytest.fixture
def headgate(project: Path) -> Headgate:
    """Calls `headgate` in the copy."""
    return headgate_in(project)


@pytest.fixture
def in_ran(ran: Path) -> Headgate:
    """Calls `headgate` in the shared project: for commands that change nothing."""
    return headgate_in(ran)


@pytest.fixture
def in_empty(tmp_path: Path) -> Headgate:
    """Calls `headgate` in an empty folder."""
    return headgate_in(tmp_path)


@pytest.fixture
def first(ran: Path) -> dict[str, Any]:
    """The delivery that the first run registered first."""
    delivery: dict[str, Any] = json.loads((ran / "run.json").read_text())["deliveries"][0]
    return delivery
