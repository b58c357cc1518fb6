"""Acts that change a project, each one function without printing: what the command line calls, and what others may."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec

from headgate import pipeline
from headgate.archive.anchoring import anchor
from headgate.core.batches import Arrived
from headgate.core.errors import HeadgateError, NotFoundError, PublishError, UsageError
from headgate.core.flow import Flow, ParameterDeclaration
from headgate.core.flow_order import order_flows, read_by
from headgate.core.near_name import did_you_mean
from headgate.core.observed import observing
from headgate.core.overlay import is_amendment, origin_of
from headgate.core.parameters import canonical_text, parse_table, vault_name
from headgate.core.platform import Platform
from headgate.core.ports import Compute, DeliveryFilter
from headgate.core.reasons import ReasonCode
from headgate.core.records import Delivery, IssuedReceipt, Move, ParameterVersion, Run
from headgate.core.records import Event as LogEvent
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.project import set_parameter
from headgate.publish.step import require_standing
from headgate.serve.run_facts import FLOWS, RunTimes, gather_facts
from headgate.serve.run_report import keep_facts, make_run_report, write_report

RETENTION = timedelta(days=400)  # of files that a commit removed: the tables' delta.deletedFileRetentionDuration
REAP_S = 0.5  # between looks at the workers
SET = "set"  # fact of a delivery: values that stand for it alone, name -> canonical text

_WAITING = (DeliveryState.LANDED, DeliveryState.CHECKED, DeliveryState.PUBLISHING, DeliveryState.PUBLISHED)


# ── Running ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    id: str
    deliveries: tuple[Delivery, ...]  # that it worked on, in landing order, as they stand now
    already_taken: tuple[Delivery, ...]  # lines that say so; nothing was done for them
    receipts: Mapping[str, IssuedReceipt]  # the newest by delivery
    reports: tuple[tuple[str, Path, Path], ...]  # flow, page, document
    by_votes: frozenset[str] = frozenset()  # flows of held deliveries in which accounts decide
    faults: tuple[str, ...] = ()  # what did not stop the run: a flow that is stopped, a report that could not be made

    def in_state(self, state: DeliveryState) -> tuple[Delivery, ...]:
        """Its deliveries that stand so."""
        return tuple(one for one in self.deliveries if one.state is state)


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

    `reports` is the folder for them. With `compute`, so many workers check beside this process. `stop` is asked between
    batches; what still waits then is left to the next run.
    """
    if files:
        platform.prepare()
    started = platform.clock()
    run_id = f"r-{started:%Y%m%d-%H%M%S}-{int(platform.random() * 0x10000):04x}"
    with observing(platform, "run", run=run_id, parent=platform.traceparent):
        begun = RunTimes(id=run_id, started=started, ended=started)
        return _run(platform, files, begun, reports=reports, compute=compute, workers=workers, stop=stop)


def _run(
    platform: Platform,
    files: Sequence[Arrived],
    begun: RunTimes,
    *,
    reports: Path,
    compute: Compute | None,
    workers: int,
    stop: Callable[[], bool] | None,
) -> RunResult:
    run_id, started = begun.id, begun.started
    before = _last_publications(platform)
    waiting = _waiting(platform)
    platform.ledger.put_run(Run(id=run_id, started_at=started))
    pipeline.resume(platform)
    waiting += _waiting(platform)  # what was held goes on where what it waited for is there
    stopped = stopped_flows(platform)
    taken = pipeline.take_in(files, platform, run_id) if files else []
    with supervised(compute, platform, workers=workers):
        _work(platform, stop, stopped)
    already = {one.id: one for one in taken if one.facts.get("refused") == ReasonCode.DUPLICATE_DELIVERY}
    ids = tuple(dict.fromkeys([*waiting, *(one.id for one in taken if one.id not in already)]))
    deliveries = tuple(platform.ledger.deliveries(DeliveryFilter(ids=ids)))
    times = RunTimes(id=run_id, started=started, ended=platform.clock())
    kept = _kept_facts(platform, deliveries, before, times)
    summary = {"deliveries": list(ids), "already_taken": len(already), FLOWS: kept}
    platform.ledger.put_run(Run(id=run_id, started_at=started, ended_at=times.ended, summary=summary))
    anchor(platform)
    made, faults = _write_reports(platform, kept, run_id, reports)
    return RunResult(
        id=run_id,
        deliveries=deliveries,
        already_taken=tuple(already.values()),
        receipts={receipt.delivery: receipt for receipt in platform.ledger.receipts(ids)},
        reports=made,
        by_votes=_by_votes(platform, deliveries),
        faults=(*stopped.values(), *faults),
    )


def _by_votes(platform: Platform, deliveries: Sequence[Delivery]) -> frozenset[str]:
    """Flows of what is held as a whole in which accounts decide."""
    held = {one.flow or "" for one in deliveries if one.state is DeliveryState.HELD}
    return frozenset(flow for flow in held if platform.accounts_decide(flow))


def _waiting(platform: Platform) -> list[str]:
    return [one.id for one in platform.ledger.deliveries(DeliveryFilter(states=_WAITING)) if one.flow]


def stopped_flows(platform: Platform) -> dict[str, str]:
    """Flows that may publish nothing now, each with why: a table of theirs was set back, or one that they read.

    Their deliveries are landed and checked, and wait; the other flows go on.
    """
    stopped: dict[str, str] = {}
    for name in order_flows(platform.flows):  # what is read comes before what reads it
        flow = platform.flows[name]
        try:
            require_tables(platform, flow)
        except PublishError as error:
            stopped[name] = f"flow {name} is stopped: {error}"
            continue
        if behind := sorted(read_by(flow, platform.flows) & stopped.keys()):
            stopped[name] = f"flow {name} is stopped with {', '.join(behind)}, whose tables it reads."
    return stopped


def require_tables(platform: Platform, flow: Flow) -> None:
    """PublishError where a table of the flow lost commits that the ledger knows, unless a repair was begun."""
    last = platform.ledger.publications(flow.name, newest=1)
    if last and last[-1].done_at is not None and last[-1].epoch == platform.ledger.epoch(flow.name):
        require_standing(flow, platform)


@contextmanager
def supervised(compute: Compute | None, platform: Platform, *, workers: int) -> Iterator[None]:
    """Workers that check while the block runs; what a dead one held is given back at once."""
    if compute is None or workers == 0:
        yield
        return
    done = Event()

    def look() -> None:
        while not done.wait(REAP_S):
            for owner in compute.reap():
                platform.ledger.release_owner(owner)

    here = copy_context()  # so that a worker in the place of a dead one goes on with the same trace
    watcher = Thread(target=here.run, args=(look,), name="workers", daemon=True)
    compute.start(workers)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        compute.stop()
        for owner in compute.reap():
            platform.ledger.release_owner(owner)


def _work(platform: Platform, stop: Callable[[], bool] | None, without: Collection[str]) -> None:
    if stop is None:
        pipeline.work(platform, without=without)
        return
    going = [flow for flow in platform.flows.values() if flow.name not in without]
    while not stop():
        checked = pipeline.check_next(platform)
        settled = [pipeline.settle_next(flow, platform) for flow in going]
        if not checked and not any(settled):
            return


def _last_publications(platform: Platform) -> dict[str, int]:
    done = [one for one in platform.ledger.publications(newest=2) if one.done_at is not None]
    return {one.flow: one.number for one in done}


def _kept_facts(
    platform: Platform, deliveries: Sequence[Delivery], before: Mapping[str, int], times: RunTimes
) -> dict[str, Any]:
    """Facts of each flow that has a new publication, and some of whose deliveries were counted."""
    kept: dict[str, Any] = {}
    for publication in platform.ledger.publications(newest=1):
        flow = platform.flows.get(publication.flow)
        if flow is None or publication.done_at is None or publication.number == before.get(flow.name):
            continue
        own = [one for one in deliveries if one.flow == flow.name and not is_amendment(one)]  # their rows came before
        if any(one.counts for one in own):
            facts = gather_facts(platform, flow, own, publication, times=times)
            kept[flow.name] = keep_facts(platform, flow, facts)
    return kept


def _write_reports(
    platform: Platform, kept: Mapping[str, Any], run_id: str, folder: Path
) -> tuple[tuple[tuple[str, Path, Path], ...], tuple[str, ...]]:
    """The reports; one that cannot be made is told and stops nothing, since what it tells of is published."""
    made: list[tuple[str, Path, Path]] = []
    faults: list[str] = []
    for flow, facts in kept.items():
        try:
            made.append((flow, *write_report(make_run_report(platform, facts), run_id, folder)))
        except HeadgateError as error:
            again = f"Next: put it right, then `headgate report {run_id}`."
            faults.append(f"the report of flow {flow} could not be made: {error} {again}")
    return tuple(made), tuple(faults)


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def release(platform: Platform, one: Delivery, *, reason: str) -> None:
    """Let a delivery that is held as a whole go on: it is checked again, and what held it does not hold it again."""
    _require(one, DeliveryState.HELD, "release")
    if not reason.strip():
        raise UsageError("a release needs a reason. Next: say why with --reason TEXT.")
    # A leaf can never be erased, and a reason may speak of a person: the log has its digest, the ledger its words.
    fields = {"reason_sha256": hashlib.sha256(reason.encode()).hexdigest(), "held_for": list(one.held_for)}
    after = replace(one, state=DeliveryState.LANDED, released=reason)
    platform.ledger.advance([Move(after=after, event="release", fields=fields)], at=platform.clock())


def retry(platform: Platform, deliveries: Sequence[Delivery]) -> None:
    """Let failed deliveries begin again where they failed: with the check."""
    for one in deliveries:
        _require(one, DeliveryState.FAILED, "retry")
    moves = [
        Move(after=replace(one, state=DeliveryState.LANDED, note=""), event="retry", fields={"tries": one.tries})
        for one in deliveries
    ]
    platform.ledger.advance(moves, at=platform.clock())


class Reprocessing(msgspec.Struct, frozen=True, kw_only=True):
    """What a reprocessing was begun with."""

    delivery: str
    values: Mapping[str, str]  # that stand for it alone
    before: Mapping[str, int]  # the tables' versions with the rows as they were
    readable_until: datetime  # so long those versions can be read


def reprocess(platform: Platform, one: Delivery, *, values: Mapping[str, str], same: bool = False) -> Reprocessing:
    """Check a published delivery again; its rows are replaced in one publication.

    Under the contract and parameters in force, or with `same` under the values of its receipt; `values` stand for this
    delivery alone and go before both. One that is held as a whole is judged anew, and takes no values: these could let
    it go on without the people who decide. UsageError for other states, or another contract than the receipt's.
    """
    if one.state is not DeliveryState.HELD or values or same:
        _require(one, DeliveryState.ARCHIVED, "reprocess")
    if is_amendment(one):
        raise UsageError(
            f"{one.id} is an amendment: its rows are checked again with those of {origin_of(one)}. "
            f"Next: `headgate reprocess {origin_of(one)}`."
        )
    flow = _flow_of(platform, one)
    if same and one.contract != flow.contract.digest:
        raise UsageError(
            f"delivery {one.id} was judged under contract {str(one.contract)[:12]}, in force is "
            f"{flow.contract.digest[:12]}, so --same cannot be kept. Next: put the earlier contract.odcs.yaml back, or "
            "leave --same out."
        )
    chosen = _receipt_values(platform, one, flow) if same else {}
    chosen |= {name: _checked_value(platform, flow, name, text) for name, text in values.items()}
    facts = {name: value for name, value in one.facts.items() if name != SET}
    if chosen:
        facts[SET] = chosen
    told = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in chosen.items()}
    last = platform.ledger.publications(flow.name, newest=1)
    after = replace(one, state=DeliveryState.LANDED, facts=facts)
    now = platform.clock()
    platform.ledger.advance([Move(after=after, event="reprocess", fields={"same": same, SET: told})], at=now)
    return Reprocessing(
        delivery=one.id,
        values=chosen,
        before=dict(last[-1].versions) if last else {},
        readable_until=now + RETENTION,
    )


def repair(platform: Platform, flow: Flow, *, reason: str) -> tuple[int, int]:
    """Begin a new epoch and let every delivery of the flow be published again; number of the epoch, deliveries.

    For tables that were restored or lost commits: under the new epoch their old transactions do not count.
    """
    pipeline.resume(platform)
    epoch = platform.ledger.begin_epoch(flow.name, reason=reason, at=platform.clock())
    states = (DeliveryState.ARCHIVED, DeliveryState.HELD)
    kept = platform.ledger.deliveries(DeliveryFilter(flow=flow.name, states=states))
    found = [one for one in kept if not is_amendment(one)]  # their rows come again with those of their origins
    moves = [
        Move(after=replace(one, state=DeliveryState.LANDED), event="repair", fields={"epoch": epoch}) for one in found
    ]
    platform.ledger.advance(moves, at=platform.clock())
    return epoch, len(found)


def _receipt_values(platform: Platform, one: Delivery, flow: Flow) -> dict[str, str]:
    """The values that the delivery was judged with: by their versions, and those that stood for it alone."""
    known = {(version.name, version.number): version.value for version in platform.ledger.parameters(flow.name)}
    versions = {name: known[name, number] for name, number in one.parameters.items() if (name, number) in known}
    return versions | dict(one.facts.get(SET, {}))


# ── Parameters ───────────────────────────────────────────────────────────────────────────────────────────────────────
def change_parameter(
    platform: Platform, flow: str, name: str, value: str, *, set_by: str, reason: str
) -> ParameterVersion:
    """Enter the next version of a parameter; of a table `value` is the path of its CSV file."""
    if not reason.strip():
        raise UsageError("a change of a parameter needs a reason. Next: say why with --reason TEXT.")
    found = known_flow(platform, flow)
    text = _checked_value(platform, found, name, value)
    version = set_parameter(platform, flow, name, text, set_by=set_by, reason=reason)
    anchor(platform)
    return version


def _checked_value(platform: Platform, flow: Flow, name: str, text: str) -> str:
    """The value as the ledger keeps it; ConfigurationError where it does not fit, NotFoundError for another name."""
    declaration = declared(flow, name)
    if declaration.type == "table":
        return _table_value(platform, declaration, text)
    return canonical_text(declaration, text)


def _table_value(platform: Platform, declaration: ParameterDeclaration, path: str) -> str:
    place = Path(path)
    if not place.is_file():
        raise UsageError(f"{path} is no file; a table parameter takes the path of a CSV file.")
    content = place.read_bytes()
    parse_table(declaration, io.BytesIO(content))
    sha256 = hashlib.sha256(content).hexdigest()
    platform.vault.put(vault_name(sha256), [content])
    return sha256


def known_flow(platform: Platform, name: str) -> Flow:
    """The flow of that name; NotFoundError names the near one."""
    found = platform.flows.get(name)
    if found is None:
        raise NotFoundError(f"there is no flow {name[:80]!r}. {did_you_mean(name, platform.flows)}")
    return found


def declared(flow: Flow, name: str) -> ParameterDeclaration:
    """A parameter's declaration; NotFoundError names the near one."""
    found = next((one for one in flow.parameters if one.name == name), None)
    if found is None:
        known = [one.name for one in flow.parameters]
        raise NotFoundError(f"flow {flow.name} has no parameter {name[:80]!r}. {did_you_mean(name, known)}")
    return found


def _flow_of(platform: Platform, one: Delivery) -> Flow:
    flow = platform.flows.get(one.flow or "")
    if flow is None:
        raise NotFoundError(f"delivery {one.id} is of flow {one.flow}, which this project has not (any more).")
    return flow


def _require(one: Delivery, state: DeliveryState, act: str) -> None:
    if one.state is not state:
        raise UsageError(
            f"delivery {one.id} ({one.name}) is {one.state}; only what is {state} can be taken by `headgate {act}`. "
            f"Next: `headgate show {one.id}` tells how it stands."
        )


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def rotate_key(platform: Platform) -> str:
    """Make a new signing key; its id. The log says so, under the old key up to here and under the new one from here."""
    anchor(platform)
    key = platform.secrets.rotate(platform.clock())
    platform.ledger.append([LogEvent(type="key", fields={"id": key})], at=platform.clock())
    anchor(platform)
    return key
