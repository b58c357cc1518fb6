"""Contracts that people agreed to and that are not in force: they lie beside the contract in the flow's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from headgate.core.flow import Flow
from headgate.core.flow_files import CONTRACT_FILE

AGREED = f".{CONTRACT_FILE}.*.agreed"
"""Until it takes the contract's place."""

LEFT = f".{CONTRACT_FILE}.*.left"
"""Somebody else changed the contract first."""


def contracts_beside(flows: Mapping[str, Flow], pattern: str) -> list[tuple[Flow, Path]]:
    """Each such text with its flow."""
    return [(flow, file) for flow in flows.values() for file in sorted(Path(flow.folder).glob(pattern))]
