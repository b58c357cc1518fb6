"""The peers' own virtual environment: Great Expectations and dlt never enter the product's."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

REQUIREMENTS = Path(__file__).parent.parent / "requirements" / "bench.txt"
PEERS = ("great_expectations", "pandas", "dlt", "deltalake", "duckdb", "pyarrow")
PRODUCT = ("headgate", "duckdb", "deltalake", "pyarrow", "msgspec")
VERSIONS = (
    "import importlib.metadata, json, sys; print(json.dumps({n: importlib.metadata.version(n) for n in sys.argv[1:]}))"
)


def peers_python(work: Path) -> Path:
    """The peers' interpreter; makes the environment when it is missing or its locked requirements changed.

    Raises `CalledProcessError` when a package cannot be had or its hash differs.
    """
    home = work / "venv"
    python = home / "bin" / "python"
    stamp = home / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return python
    print(f"making {home} from {REQUIREMENTS.name}", file=sys.stderr)
    venv.create(home, clear=True, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(REQUIREMENTS)]
    subprocess.run(install, check=True)
    stamp.write_text(wanted, encoding="ascii")
    return python


def product_versions() -> dict[str, str]:
    return {name: version(name) for name in PRODUCT}


def peer_versions(python: Path, names: Sequence[str] = PEERS) -> dict[str, str]:
    """Versions as the peers' interpreter sees them."""
    output = subprocess.run([str(python), "-c", VERSIONS, *names], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(output.stdout)
    return found
