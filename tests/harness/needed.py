"""Programs that a test needs beside Python: missing ones fail where everything is installed, and skip elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def needed(*names: str) -> str:
    """Path of the first of these programs that is there; else the test is skipped, or fails where CI is set."""
    found = next((place for name in names if (place := shutil.which(name))), None)
    if found is None:
        missing(f"{' or '.join(names)} is not installed")
    return found


def node_modules(source: Path, folder: Path) -> Path:
    """The packages of a lock file, in a folder of the test's own."""
    needed("node")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder / name)
    command = [needed("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        missing(f"npm could not bring {source.name}: {done.stderr[-300:]}")
    return folder / "node_modules"


def missing(what: str) -> NoReturn:
    """Skip the test for something that is not here; fail where CI is set, since there it is part of the build."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
