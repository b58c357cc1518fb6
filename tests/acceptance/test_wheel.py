"""The wheel in an empty environment, with the locked requirements and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(*command: object, cwd: Path) -> str:
    ended = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False, timeout=900)
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.mark.slow
def test_the_wheel_runs_the_demo_in_an_empty_folder(tmp_path: Path) -> None:
    build = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path / "dist", ROOT)
    _run(sys.executable, *build, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "headgate/flows/sales/contract.odcs.yaml" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]
    _run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    pip = (tmp_path / "env" / "bin" / "python", "-m", "pip", "install", "--quiet")
    _run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt", cwd=tmp_path)
    _run(*pip, "--no-deps", wheel, cwd=tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    document = json.loads(_run(tmp_path / "env" / "bin" / "headgate", "demo", "--json", cwd=empty))
    assert document["counts"]["received"] == 5_000
    assert Path(document["reports"][0]["page"]).stat().st_size > 10_000
    assert (empty / "flows" / "sales" / "flow.yaml").is_file()
