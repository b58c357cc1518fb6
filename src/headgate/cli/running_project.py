"""A run of a project: how many processes it takes, and what it would do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headgate.cli.console import progress_bars
from headgate.cli.opening import opened, opened_to_read
from headgate.core.batches import Arrived, cut
from headgate.core.cases import DecisionState
from headgate.core.naming import as_text
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.states import DeliveryState
from headgate.land.step import flow_for
from headgate.operations import RunResult
from headgate.operations import run as run_project
from headgate.project import load_flows
from headgate.serve.agreed_contracts import AGREED, contracts_beside
from headgate.settings import Settings
from headgate.wiring import most_processes, open_cases, open_compute


def run_files(settings: Settings, files: Sequence[Arrived], *, workers: int | None) -> RunResult:
    """Take files in and work on all that waits, with so many workers beside this process (None: as many as help)."""
    extra = _workers(settings, files) if workers is None else workers
    with progress_bars() as tell, opened(settings, processes=extra + 1, tell=tell, ahead=bool(files)) as project:
        pool = open_compute(settings, processes=extra + 1) if extra else None
        execute_decided(settings, project.platform)
        return run_project(project.platform, files, reports=settings.reports, compute=pool, workers=extra)


def execute_decided(settings: Settings, platform: Platform) -> int:
    """Execute the decisions that are due; how many. Where none is, nothing more is loaded than what tells so."""
    cases = open_cases(settings)
    try:
        if not cases.decisions(states=(DecisionState.DECIDED,)) and not contracts_beside(platform.flows, AGREED):
            return 0
    finally:
        cases.close()
    from headgate.cli.opened_desk import desk_beside
    from headgate.deciding.execution import execute_due

    with desk_beside(settings, platform) as desk:
        return len(execute_due(desk))


def _workers(settings: Settings, files: Sequence[Arrived]) -> int:
    """One fewer than the processes that help: no more than there are cores, batches, and shares of the memory limit."""
    if settings.workers:
        return settings.workers
    sizes = [file.size_bytes for file in files] or _waiting_sizes(settings)
    return max(0, min(most_processes(settings), _batches(sizes, settings)) - 1)


def _batches(sizes: Sequence[int], settings: Settings) -> int:
    """How many batches deliveries of these sizes make; one over the limit goes alone, with all of the memory."""
    return sum(1 for _ in cut(sizes, int, most=settings.batch_deliveries, most_bytes=settings.batch_bytes))


def _waiting_sizes(settings: Settings) -> list[int]:
    with opened_to_read(settings) as project:
        waiting = project.platform.ledger.deliveries(DeliveryFilter(states=(DeliveryState.LANDED,)))
    return [one.size_bytes for one in waiting]


def foretell(settings: Settings, files: Sequence[Arrived]) -> list[dict[str, Any]]:
    """What a run would do with each file."""
    flows = load_flows(settings)
    with opened_to_read(settings) as project:
        told = []
        for file in files:
            matching = [file.flow] if file.flow else [flow.name for flow in flow_for(file.name, list(flows.values()))]
            flow = matching[0] if len(matching) == 1 else None
            with Path(file.path).open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            known = project.platform.ledger.deliveries(DeliveryFilter(sha256=sha256, flow=flow))
            will = f"already taken as {known[0].id}" if known else "take in" if flow else "keep, unmatched"
            told.append({"file": as_text(file.path), "flow": flow, "size_bytes": file.size_bytes, "will": will})
    return told
