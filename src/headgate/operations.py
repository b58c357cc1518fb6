"""Acts that change a project, each one function without printing: what the command line calls, and what others may."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from headgate import pipeline
from headgate.archive.anchoring import anchor
from headgate.core.batches import Arrived
from headgate.core.errors import HeadgateError, NotFoundError, UsageError
from headgate.core.parameters import parse_value, vault_name
from headgate.core.platform import Platform
from headgate.core.ports import Compute, DeliveryFilter
from headgate.core.reasons import ReasonCode
from headgate.core.records import Delivery, IssuedReceipt, Move, Publication, Run
from headgate.core.states import DeliveryState
from headgate.project import set_parameter
from headgate.serve.deliveries import one_delivery
from headgate.serve.run_facts import FLOWS, RunTimes, gather_facts
from headgate.serve.run_report import keep_facts, make_run_report, write_report

RETENTION = timedelta(days=400)  # of files that a commit removed: the tables' delta.deletedFileRetentionDuration
REAP_S = 0.5  # between looks at the workers
_WAITING = (DeliveryState.LANDED, DeliveryState.CHECKED, DeliveryState.PUBLISHING, DeliveryState.PUBLISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run came to."""

    id: str
    deliveries: tuple[Delivery, ...]  # that it worked on, in landing order, as they stand now
    already_taken: tuple[Delivery, ...]  # lines that say so; nothing was done for them
    receipts: Mapping[str, IssuedReceipt]  # newest by delivery
    reports: tuple[tuple[str, Path, Path], ...]  # flow, page, document
    faults: tuple[str, ...] = field(default=())  # what did not stop the run, such as a report that could not be made

    @property
    def failed(self) -> tuple[Delivery, ...]:
        """Deliveries that an error of ours or of the contract stopped."""
        return tuple(one for one in self.deliveries if one.state is DeliveryState.FAILED)

    @property
    def unmatched(self) -> tuple[Delivery, ...]:
        """Files that no flow takes: kept, and not worked on."""
        return tuple(one for one in self.deliveries if one.state is DeliveryState.UNMATCHED)


def run(
    platform: Platform,
    files: Sequence[Arrived],
    *,
    reports: Path,
    compute: Compute | None = None,
    workers: int = 0,
    stop: Callable[[], bool] | None = None,
) -> RunResult:
    """Finish what is open, take files in, take all that waits as far as it goes, make the reports.

    `reports` is the folder for them. With `compute`, so many workers check beside this process. `stop` is asked before
    new work is begun.
    """
    started = platform.clock()
    run_id = new_run_id(platform, started)
    before = _last_publications(platform)
    waiting = [one.id for one in platform.ledger.deliveries(DeliveryFilter(states=_WAITING)) if one.flow]
    platform.ledger.put_run(Run(id=run_id, started_at=started))
    pipeline.resume(platform)
    taken = pipeline.take_in(files, platform, run_id) if files else []
    with supervised(compute, platform, workers=workers):
        if stop is None or not stop():
            pipeline.work(platform)
    already = [one for one in taken if one.facts.get("refused") == ReasonCode.DUPLICATE_DELIVERY]
    ids = dict.fromkeys([*waiting, *(one.id for one in taken if one not in already)])
    deliveries = tuple(platform.ledger.deliveries(DeliveryFilter(ids=tuple(ids))))
    times = RunTimes(id=run_id, started=started, ended=platform.clock())
    kept = _kept_facts(platform, deliveries, before, times)
    summary: dict[str, Any] = {"deliveries": list(ids), "already_taken": len(already), FLOWS: kept}
    platform.ledger.put_run(Run(id=run_id, started_at=started, ended_at=times.ended, summary=summary))
    anchor(platform)
    made, faults = _reports(platform, kept, run_id, reports)
    return RunResult(
        id=run_id,
        deliveries=deliveries,
        already_taken=tuple(dict.fromkeys(already)) if False else tuple(_each_once(already)),
        receipts={receipt.delivery: receipt for receipt in platform.ledger.receipts(tuple(ids))},
        reports=made,
        faults=faults,
    )


def new_run_id(platform: Platform, at: datetime) -> str:
    """`r-20261120-080000-7f3a`: the time, and four digits so that two runs of a second differ."""
    return f"r-{at:%Y%m%d-%H%M%S}-{int(platform.random() * 0x10000):04x}"
