"""The files of a flow folder: the two that each has, and one digest over all that a flow names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from headgate.core.canonical import digest

FLOW_FILE = "flow.yaml"
CONTRACT_FILE = "contract.odcs.yaml"


def files_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the canonical JSON of each file's name and SHA-256."""
    return digest({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
