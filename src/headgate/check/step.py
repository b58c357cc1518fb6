"""Second step: each record typed, each rule judged, in one pass. Rows that fail the quick look get a close one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from pathlib import Path

import msgspec
import pyarrow as pa

from headgate.check.columns import missing_columns
from headgate.check.delivery_rules import Found, judge_deliveries
from headgate.check.faulty import stage_faulty
from headgate.check.inputs import Input
from headgate.check.limits import Limits
from headgate.check.look import Look
from headgate.check.overlaid import OverlaidInput
from headgate.check.plan import STAGE, CheckPlan, plan_of
from headgate.check.rows import Rows
from headgate.core.batches import CheckedBatch, CheckedDelivery, LandedBatch
from headgate.core.errors import CheckError, ConfigurationError, EngineMemoryError, HeadgateError
from headgate.core.flow import Flow
from headgate.core.observed import observed
from headgate.core.overlay import Overlay, is_amendment
from headgate.core.parameters import Bound, bind, vault_name
from headgate.core.platform import Platform, Progress
from headgate.core.ports import Engine, FileSet
from headgate.core.python_checks import load_ahead
from headgate.core.records import Delivery, StagedFile
from headgate.core.replacing import replace

KEPT_OPEN = 16  # text files of a batch; of more, each is opened once more when its turn comes


@observed("check")
def check(batch: LandedBatch, platform: Platform) -> CheckedBatch:
    """Stage every row typed, and the reasons of those that are not sound. Reads no published table.

    A delivery that stops the engine is found by halves, so that it fails alone.
    """
    # the deliveries of a batch have the same values of their own: the pipeline gives one that has any alone
    own = batch.deliveries[0].facts.get("set")
    bound = bind(batch.flow, platform.ledger.parameters(batch.flow.name), platform.vault, overrides=own)
    _require_as_agreed(batch, bound)
    folder = _stage_folder(batch, platform)
    work = _Check(flow=batch.flow, parameters=bound, folder=folder, platform=platform, overlays=batch.overlays)
    checked, rows, faulty = work.all_or_halves(batch.deliveries)
    return CheckedBatch(
        flow=batch.flow,
        deliveries=batch.deliveries,
        checked=tuple(sorted(checked, key=lambda one: one.landing_number)),
        rows=tuple(rows),
        faulty=tuple(faulty),
        parameters=bound.versions,
        folder=str(folder),
        overlays=batch.overlays,
    )


Staged = tuple[list[CheckedDelivery], list[StagedFile], list[StagedFile]]


def _stage_folder(batch: LandedBatch, platform: Platform) -> Path:
    """A fresh folder of this process for this batch; what an earlier try left under its name goes."""
    first, last = batch.deliveries[0].landing_number, batch.deliveries[-1].landing_number
    folder = Path(platform.stage) / batch.flow.name / f"{first}-{last}-{platform.owner}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _require_as_agreed(batch: LandedBatch, bound: Bound) -> None:
    """CheckError where an amendment would be judged by other rules or values than people agreed to."""
    for one in batch.deliveries:
        if not is_amendment(one):
            continue
        agreed = batch.overlays[one.id].own.document
        if agreed.contract != batch.flow.contract.digest or dict(agreed.parameters) != dict(bound.versions):
            raise CheckError(
                f"amendment {one.id} was agreed under contract {agreed.contract[:12]} and parameters "
                f"{dict(agreed.parameters)}; in force are {batch.flow.contract.digest[:12]} and "
                f"{dict(bound.versions)}. "
                "Nothing was published. Next: decide on the case as it stands now."
            )


class _Check(msgspec.Struct, frozen=True, kw_only=True):
    """What deliveries of one flow are checked with, and the folder that takes what is staged."""

    flow: Flow
    parameters: Bound
    folder: Path
    platform: Platform
    overlays: Mapping[str, Overlay]

    def all_or_halves(self, deliveries: tuple[Delivery, ...]) -> Staged:
        """Check them together; where that fails, each half by itself, down to the delivery that is at fault."""
        try:
            return self.together(deliveries)
        except Exception as error:
            if not _of_a_delivery(error):
                raise
            if len(deliveries) == 1:
                one = deliveries[0]
                failed = CheckedDelivery(
                    id=one.id, landing_number=one.landing_number, received=0, faults=0, error=_told(error)
                )
                return [failed], [], []
            middle = len(deliveries) // 2
            first = self._half(0).all_or_halves(deliveries[:middle])
            second = self._half(1).all_or_halves(deliveries[middle:])
            return first[0] + second[0], first[1] + second[1], first[2] + second[2]

    def _half(self, side: int) -> _Check:
        folder = self.folder / str(side)
        folder.mkdir(exist_ok=True)
        return replace(self, folder=folder)

    def together(self, deliveries: tuple[Delivery, ...]) -> Staged:
        """Read and judge deliveries with one engine, those with the same columns by one statement."""
        limits = Limits(
            window=self.platform.budget.window_bytes,
            record=self.platform.budget.record_bytes,
            unpacked=self.flow.source.max_unpacked_bytes,
        )
        inputs = [self._input(delivery, limits) for delivery in deliveries]
        done = _Count(self.platform, sum(delivery.size_bytes for delivery in deliveries))
        with ExitStack() as opened:
            for one in inputs:
                opened.callback(one.close)
                one.look(keep_open=len(inputs) <= KEPT_OPEN)
            by_header = sorted(inputs, key=lambda one: sorted(one.headers) if one.headers is not None else [])
            groups = [list(group) for _, group in groupby(by_header, key=lambda one: one.headers)]
            # reading begins while the engine is opened and the statements are written
            first = opened.enter_context(Rows(groups[0], self.flow.contract, done.add))
            engine = self.platform.engine(streaming=True)
            opened.callback(engine.close)
            load_ahead(self.flow.contract.rules)
            for name, table in self.parameters.tables.items():
                engine.register(f"param_{name}", table)
            staged = _Group(check=self, inputs=groups[0], name="0").stage(engine, first)
            for number, group in enumerate(groups[1:], start=1):
                with Rows(group, self.flow.contract, done.add) as rows:
                    more = _Group(check=self, inputs=group, name=str(number)).stage(engine, rows)
                staged = (staged[0] + more[0], staged[1] + more[1], staged[2] + more[2])
            return staged

    def _input(self, delivery: Delivery, limits: Limits) -> Input:
        overlay = self.overlays.get(delivery.id)
        content = delivery.sha256 if overlay is None else overlay.origin_sha256
        open_file = partial(self.platform.vault.open, vault_name(content))
        path = self.flow.source.records
        if overlay is None:
            return Input(delivery=delivery, open_file=open_file, path=path, limits=limits)
        return OverlaidInput(delivery=delivery, open_file=open_file, path=path, limits=limits, overlay=overlay)


def _of_a_delivery(error: Exception) -> bool:
    """Whether one delivery of the batch must have brought the error: a rule, its size, or what nobody thought of.

    Else one file that our reader trips over would stop each run for all of them.
    """
    if isinstance(error, HeadgateError):
        return isinstance(error, CheckError | ConfigurationError | EngineMemoryError)
    return not isinstance(error, OSError | MemoryError | pa.ArrowCancelled)  # the machine's own, or a signal's


def _told(error: Exception) -> str:
    if isinstance(error, HeadgateError):
        return str(error)
    return (
        f"Checking it met a fault of Headgate: {type(error).__name__}: {error}. Its bytes are kept. Next: report the "
        "fault; once it is mended, `headgate retry`."
    )


class _Count:
    """Bytes read so far, told to whoever shows progress."""

    def __init__(self, platform: Platform, total: int) -> None:
        self._platform = platform
        self._total = total
        self._done = 0

    def add(self, one: Input) -> None:
        self._done += one.delivery.size_bytes
        self._platform.progress(Progress(step="check", done=self._done, total=self._total))


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of one batch that have the same columns: one statement reads them all."""

    check: _Check
    inputs: list[Input]
    name: str

    @property
    def headers(self) -> frozenset[str] | None:
        return self.inputs[0].headers

    def stage(self, engine: Engine, rows: Rows) -> Staged:
        flow, memo = self.check.flow, self.check.platform.memo
        plan = plan_of(flow.contract, flow.parameters, memo, headers=self.headers)
        files = self._stage_rows(engine, plan, rows)
        faulty = stage_faulty(
            engine,
            plan,
            flow,
            self.inputs,
            values=self.check.parameters.only(plan.parameters),
            folder=str(self.check.folder),
            name=self.name,
        )
        missing = missing_columns(engine, flow.contract, rows, files, headers=self.headers)
        received = {one.delivery.landing_number: one.received for one in self.inputs}
        broken = judge_deliveries(engine, flow.contract, received, self.check.parameters.values, memo)
        engine.drop(STAGE)
        return [self._outcome(one, missing, broken) for one in self.inputs], list(files), list(faulty)

    def _stage_rows(self, engine: Engine, plan: CheckPlan, rows: Rows) -> tuple[StagedFile, ...]:
        look = Look(engine=engine, plan=plan, flow=self.check.flow, folder=self.check.folder, name=self.name)
        files, schema = look.stage(rows, self.check.parameters.only(plan.parameters))
        engine.register(STAGE, FileSet(paths=tuple(file.path for file in files), schema=schema))
        return files

    def _outcome(self, one: Input, missing: dict[int, tuple[str, ...]], broken: Found) -> CheckedDelivery:
        stated_key = self.check.flow.source.stated_count
        stated = one.summary.wrapper.get(stated_key) if one.summary and stated_key else None
        known = {column.source_name for column in self.check.flow.contract.columns}
        return CheckedDelivery(
            id=one.delivery.id,
            landing_number=one.delivery.landing_number,
            received=one.received,
            faults=len(one.faults),
            stated=stated if isinstance(stated, int) and not isinstance(stated, bool) else None,
            columns_missing=missing.get(one.delivery.landing_number, ()),
            columns_unknown=tuple(sorted((self.headers or frozenset()) - known)),
            broken=tuple(broken.get(one.delivery.landing_number, ())),
            unreadable=one.unreadable,
        )
