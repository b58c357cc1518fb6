"""Deliveries of the vault judged again as a reprocessing of all of them would judge them; nothing is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from headgate.check.step import check
from headgate.core.batches import CheckedBatch, LandedBatch, ReviewedBatch
from headgate.core.errors import DeliveryError, EngineMemoryError, EvidenceError, NotFoundError, UsageError
from headgate.core.flow import Flow
from headgate.core.overlay import SET, load_overlays
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.deciding.replay_ports import PinnedTables
from headgate.pipeline import published_together
from headgate.review.step import review
from headgate.transform.step import foresee_silver


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries would stand."""

    ends: tuple[Delivery, ...]  # published or held as a whole, with counts and reasons; in landing order
    quarantine: tuple[str, ...]  # Parquet files of their rows that would not be published, in QUARANTINE_SCHEMA
    failed: Mapping[str, str]  # delivery -> why it could not be judged: it would fail, and stay as it is


class ReplayEndedError(UsageError):
    """A replay was to take no longer; nothing of it is kept."""


def judge_again(
    platform: Platform,
    flow: Flow,
    deliveries: Sequence[Delivery],
    folder: Path,
    *,
    values: Mapping[str, str],
    stop: Callable[[], bool],
) -> Judged:
    """Judge them under the flow's contract and the parameters in force, `values` going before these.

    They take the steps in the groups in which they would be published, each group after the tables that those before it
    would leave. What is staged lies in `folder`. ReplayEndedError once `stop` says so.
    """
    assert isinstance(platform.tables, PinnedTables)
    own = replace(platform, stage=str(folder), flows={**platform.flows, flow.name: flow})
    work = _Work(platform=own, tables=platform.tables, flow=flow, values=values, stop=stop)
    for group in published_together([_waiting(one) for one in deliveries], platform.budget):
        work.judge(group)
    return Judged(ends=tuple(work.ends), quarantine=tuple(work.quarantine), failed=work.failed)


def _waiting(one: Delivery) -> Delivery:
    """The delivery as it is once it waits to be checked: a reprocessing forgets values that stood for it alone."""
    kept = one.state is DeliveryState.HELD  # what is held goes on by itself, with them
    facts = {name: value for name, value in one.facts.items() if kept or name != SET}
    return replace(one, state=DeliveryState.LANDED, facts=facts)


class _Work(msgspec.Struct, kw_only=True):
    """One replay on its way."""

    platform: Platform
    tables: PinnedTables
    flow: Flow
    values: Mapping[str, str]
    stop: Callable[[], bool]
    ends: list[Delivery] = []
    quarantine: list[str] = []
    failed: dict[str, str] = {}

    def judge(self, group: tuple[Delivery, ...]) -> None:
        """Take a group through the steps."""
        self._require_time()
        deliveries = tuple(self._with_values(one) for one in group)
        try:
            overlays = load_overlays(deliveries, self.platform.vault)
            batch = check(LandedBatch(flow=self.flow, deliveries=deliveries, overlays=overlays), self.platform)
        except (EvidenceError, NotFoundError) as error:  # of a document of the one that is alone, or of the bytes
            self.failed |= {one.id: str(error) for one in group}
            return
        for one in batch.checked:
            if problem := one.error or one.unreadable:
                self.failed[one.id] = problem if isinstance(problem, str) else problem[1]
        self._settle(batch, [one.id for one in batch.checked if one.id not in self.failed])

    def _settle(self, batch: CheckedBatch, ids: list[str]) -> None:
        """Review them together; where that fails, each half by itself, down to the delivery that is at fault."""
        if not ids:
            return
        self._require_time()
        try:
            reviewed = review([batch.only(set(ids))], self.platform)
            self._require_time()
            self.tables.go_ahead(foresee_silver(reviewed, self.platform))
        except (DeliveryError, EngineMemoryError) as error:
            if len(ids) == 1:
                self.failed[ids[0]] = str(error)
                return
            middle = len(ids) // 2
            self._settle(batch, ids[:middle])
            self._settle(batch, ids[middle:])
            return
        self._take(reviewed)

    def _take(self, reviewed: ReviewedBatch) -> None:
        self.ends += reviewed.deliveries
        self.quarantine += [file.path for file in reviewed.quarantine]

    def _with_values(self, one: Delivery) -> Delivery:
        values = {**self.values, **one.facts.get(SET, {})}
        return replace(one, facts={**one.facts, SET: values}) if values else one

    def _require_time(self) -> None:
        if self.stop():
            raise ReplayEndedError(
                "the replay took longer than it may here, and was ended; nothing was changed. "
                "Next: replay fewer deliveries, or on the command line: `headgate what-if`."
            )
