"""The path of a delivery, from its bytes to its receipt. Read this first.

```
land -> check -> review -> transform -> publish -> archive
```

A step is one public function in `<step>/step.py`; it takes a batch and the platform and gives the next batch. It may be
killed anywhere and run again. Landing and checking run in parallel, under leases on deliveries. What reads or writes
published tables (review, transform, publish, archive) runs under one lease per flow, in landing order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import TypeVar

import msgspec

from headgate.archive.anchoring import anchor
from headgate.archive.step import archive, receipt_name, write_receipts
from headgate.check.step import check
from headgate.core.batches import Arrived, CheckedBatch, CheckedDelivery, LandedBatch, PublishedBatch, cut
from headgate.core.errors import (
    ConflictError,
    DeliveryError,
    EvidenceError,
    HeadgateError,
    LeaseLostError,
    NotFoundError,
    OutdatedError,
    TransientError,
)
from headgate.core.faults import at_fault_point
from headgate.core.flow import Flow
from headgate.core.flow_order import needed_tables, order_flows, read_by
from headgate.core.heartbeat import heartbeat
from headgate.core.manifest import read_manifest, write_manifest
from headgate.core.overlay import Overlay, amended_together, has_overlay, is_amendment, load_overlays, origin_of
from headgate.core.platform import Budget, Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.published import published_table
from headgate.core.reasons import DRIFT, ReasonCode
from headgate.core.records import Claim, Delivery, Fence, Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.land.step import land
from headgate.publish.compaction import compact
from headgate.publish.step import clear_stage, finish, publish
from headgate.review.step import review
from headgate.transform.step import transform

Result = TypeVar("Result")

STEPS = (land, check, review, transform, publish, archive)

COMPACT_EVERY = 32  # publications: their small files are joined then
ON_THE_WAY = (DeliveryState.LANDED, DeliveryState.CHECKED)
TRIES = 4  # three after the first
FIRST_PAUSE_S = 0.2
LANDED_TOGETHER = 256  # files that the ledger hears of at a time
READY_TOGETHER = 4  # batches that one publication may take
POLL_S = 0.05  # between looks at what other workers are doing


def take_in(files: Sequence[Arrived], platform: Platform, run: str) -> list[Delivery]:
    """Land files and register them in the order given; some at a time, so that a kill leaves little to land again."""
    deliveries: list[Delivery] = []
    budget = platform.budget
    together = min(LANDED_TOGETHER, budget.batch_deliveries)
    for part in cut(files, lambda file: file.size_bytes, most=together, most_bytes=budget.batch_bytes):
        deliveries += _with_retries(partial(land, part, platform, run), platform)
        at_fault_point("after landing")
    return deliveries


def resume(platform: Platform) -> bool:
    """Finish what an earlier process left: open publications first, then receipts, then the anchor.

    False where something is left that another process holds, or a dead one whose lease has not ended.
    """
    whole = True
    for publication in platform.ledger.publications(open_only=True):
        flow = platform.flows.get(publication.flow)
        fence = _flow_lease(publication.flow, platform) if flow else None
        if flow is None or fence is None:
            whole = whole and flow is None
            continue
        with heartbeat(platform, fence):
            for one in platform.ledger.publications(flow.name, open_only=True):
                archive(finish(flow, one, platform, fence), platform)
        platform.ledger.release(fence)
    for flow in platform.flows.values():
        whole = _resume_receipts(flow, platform) and whole
    _wake_waiting(platform)
    _wake_drifted(platform)
    anchor(platform)
    return whole


def work(platform: Platform, *, without: Collection[str] = ()) -> None:
    """Take every waiting delivery as far as it goes; returns when nothing waits that this process could take.

    Deliveries of the flows named in `without` are checked, and wait before their tables are touched.
    """
    order = [platform.flows[name] for name in order_flows(platform.flows) if name not in without]
    while True:
        checked = check_next(platform)
        settled = [settle_next(flow, platform) for flow in order]
        if checked or any(settled):
            continue
        if resume(platform) and not _others_at_work(order, platform):
            return
        time.sleep(POLL_S)


def check_only(platform: Platform, *, stopped: Callable[[], bool]) -> None:
    """What a worker beside the main process does: check until nothing waits, or until it is stopped between batches."""
    while not stopped() and check_next(platform):
        pass


def check_next(platform: Platform) -> bool:
    """Claim the oldest waiting deliveries of one flow and check them; False where none waits."""
    budget = platform.budget
    claim = platform.ledger.claim(
        platform.owner,
        max_deliveries=budget.batch_deliveries,
        max_bytes=budget.batch_bytes,
        ttl_s=budget.lease_s,
    )
    if claim is None:
        return False
    flow = platform.flows.get(claim.deliveries[0].flow or "")
    if flow is None:
        _fail(claim.deliveries, f"there is no flow {claim.deliveries[0].flow} in this project", platform, claim.fence)
        return True
    try:
        with heartbeat(platform, claim.fence):
            _check_claim(flow, claim, platform)
    except LeaseLostError:
        pass  # another worker took it over; what was staged here is thrown away with the stage
    finally:
        platform.ledger.release(claim.fence)
    return True


def _check_claim(flow: Flow, claim: Claim, platform: Platform) -> None:
    """Check what was claimed: files together, then each delivery that goes alone, then amendments by groups."""
    files = tuple(one for one in claim.deliveries if not _goes_alone(one))
    if files:
        _check_batch(LandedBatch(flow=flow, deliveries=files), claim.fence, platform)
    amendments: list[tuple[Delivery, Overlay]] = []
    for one in filter(_goes_alone, claim.deliveries):
        try:
            overlays = load_overlays([one], platform.vault)
        except HeadgateError as error:
            _fail([one], str(error), platform, claim.fence)
            continue
        if is_amendment(one):
            amendments.append((one, overlays[one.id]))
        else:
            _check_batch(LandedBatch(flow=flow, deliveries=(one,), overlays=overlays), claim.fence, platform)
    for group in amended_together(amendments):
        members, laid = tuple(one for one, _ in group), {one.id: overlay for one, overlay in group}
        _check_batch(LandedBatch(flow=flow, deliveries=members, overlays=laid), claim.fence, platform)


def _goes_alone(one: Delivery) -> bool:
    """Whether files do not go with a delivery: it has values of its own, or people decided about its rows."""
    return bool(one.facts.get("set")) or has_overlay(one)


def _check_batch(batch: LandedBatch, fence: Fence, platform: Platform) -> None:
    try:
        checked = _with_retries(lambda: check(batch, platform), platform)
    except HeadgateError as error:
        if not batch.overlays or len(batch.deliveries) == 1:
            _fail(batch.deliveries, str(error), platform, fence)
            return
        for one in batch.deliveries:  # of amendments one that is not as agreed stops itself alone
            alone = replace(batch, deliveries=(one,), overlays={one.id: batch.overlays[one.id]})
            _check_batch(alone, fence, platform)
        return
    at_fault_point("before manifest")
    write_manifest(checked)
    at_fault_point("after manifest")
    by_id = {one.id: one for one in checked.checked}
    moves = [_checked_move(one, by_id[one.id], checked) for one in batch.deliveries]
    platform.ledger.advance(moves, at=platform.clock(), fence=fence)
    at_fault_point("after check")


def _checked_move(one: Delivery, outcome: CheckedDelivery, batch: CheckedBatch) -> Move:
    if outcome.unreadable is not None:
        code, message = outcome.unreadable
        return Move(
            after=replace(one, state=DeliveryState.REFUSED, note=message, facts={**one.facts, "refused": code}),
            fields={"code": code},
        )
    if outcome.error is not None:
        return Move(after=replace(one, state=DeliveryState.FAILED, note=outcome.error, tries=one.tries + 1))
    after = replace(one, state=DeliveryState.CHECKED, facts={**one.facts, "stage": batch.folder})
    return Move(after=after, fields={"received": outcome.received, "faults": outcome.faults})


def settle_next(flow: Flow, platform: Platform) -> bool:
    """Publish what is checked and next in landing order; False where nothing is, or another process does it."""
    if not _ready(flow, platform):
        return False
    fence = _flow_lease(flow.name, platform)
    if fence is None:
        return False
    try:
        with heartbeat(platform, fence):
            _archive_rest(flow, platform)
            ready = _ready(flow, platform)
            if ready:
                _settle(flow, ready, platform, fence)
    finally:
        platform.ledger.release(fence)
    return bool(ready)


def _ready(flow: Flow, platform: Platform) -> list[Delivery]:
    """Checked deliveries before which none waits, of one stage or more, each name once.

    None while deliveries wait in a flow whose tables this one reads.
    """
    for other in read_by(flow, platform.flows):
        if platform.ledger.deliveries(DeliveryFilter(flow=other, states=ON_THE_WAY, limit=1)):
            return []
    waiting = platform.ledger.deliveries(
        DeliveryFilter(
            flow=flow.name,
            states=ON_THE_WAY,
            limit=READY_TOGETHER * platform.budget.batch_deliveries,
        ),
    )
    ready: list[Delivery] = []
    names: set[tuple[str, str]] = set()
    for one in waiting:
        if one.state is not DeliveryState.CHECKED or (one.sender, one.name) in names:
            break
        if ready and not _go_together(ready[0], one):
            break
        ready.append(one)
        names.add((one.sender, one.name))
    return ready


def _go_together(first: Delivery, one: Delivery) -> bool:
    """Whether one publication takes both: files, or amendments that were checked together."""
    if is_amendment(first) and is_amendment(one):
        return bool(one.facts.get("stage") == first.facts.get("stage"))
    return not _goes_alone(first) and not _goes_alone(one)


def published_together(deliveries: Sequence[Delivery], budget: Budget) -> Iterator[tuple[Delivery, ...]]:
    """Deliveries of one flow that wait at the same time -> those of each publication, in landing order.

    As claims and `_ready` divide them where one process works: what goes alone, a name for the second time, and the
    limits of a batch begin another publication.
    """
    in_order = sorted(deliveries, key=lambda one: one.landing_number)
    most, most_bytes = budget.batch_deliveries, budget.batch_bytes
    for part in cut(in_order, lambda one: one.size_bytes, most=most, most_bytes=most_bytes):
        group: list[Delivery] = []
        for one in part:
            again = any((other.sender, other.name) == (one.sender, one.name) for other in group)
            if group and (again or not _go_together(group[0], one)):
                yield tuple(group)
                group = []
            group.append(one)
        yield tuple(group)


def _settle(flow: Flow, deliveries: list[Delivery], platform: Platform, fence: Fence) -> None:
    """Review, transform, publish and archive deliveries together; one that cannot go on is found by halves."""
    try:
        batches = _staged(flow, deliveries, platform, fence)
    except (EvidenceError, NotFoundError) as error:  # of a document
        if len(deliveries) == 1:
            _fail(deliveries, str(error), platform, fence)
            return
        for one in deliveries:
            _settle(flow, [one], platform, fence)
        return
    if not batches:
        return
    together = [one for batch in batches for one in batch.deliveries]
    try:
        _with_retries(lambda: _publish_together(batches, platform, fence), platform)
    except (DeliveryError, TransientError) as error:
        if not _still_checked(together, platform):
            raise  # the intent stands, so they do not fail: `resume` finishes them
        if len(together) == 1:
            end = _refuse if isinstance(error, OutdatedError) else _fail
            end(together, str(error), platform, fence)
            return
        middle = len(together) // 2
        for half in (together[:middle], together[middle:]):
            _settle(flow, half, platform, fence)


def _publish_together(batches: list[CheckedBatch], platform: Platform, fence: Fence) -> None:
    open_ones = platform.ledger.publications(batches[0].flow.name, open_only=True)
    if open_ones:  # an earlier try got as far as the intent
        archive(finish(batches[0].flow, open_ones[0], platform, fence), platform)
        return
    if not _still_checked([one for batch in batches for one in batch.deliveries], platform):  # or to the end of it
        _archive_rest(batches[0].flow, platform)
        return
    reviewed = review(batches, platform)
    at_fault_point("after review")
    published = publish(transform(reviewed, platform), platform, fence)
    archive(published, platform)
    if published.publication.number % COMPACT_EVERY == 0:
        compact(batches[0].flow, platform)


def _still_checked(deliveries: Sequence[Delivery], platform: Platform) -> bool:
    """True while no publication has taken the deliveries up: it takes all of them or none."""
    which = DeliveryFilter(ids=tuple(one.id for one in deliveries), states=(DeliveryState.CHECKED,), limit=1)
    return bool(platform.ledger.deliveries(which))


def _staged(flow: Flow, deliveries: list[Delivery], platform: Platform, fence: Fence) -> list[CheckedBatch]:
    """The stages of the leading deliveries that were checked under equal parameters; one without a stage goes back.

    Tasks run once over all rows of a publication, and receipts name the versions: so there is one set for all of them.
    What was checked under other versions waits for the next publication.
    """
    folders: dict[str, list[Delivery]] = {}
    for one in deliveries:
        folders.setdefault(str(one.facts.get("stage", "")), []).append(one)
    overlays = load_overlays(deliveries, platform.vault)
    found = [(read_manifest(folder, flow, members, overlays), members) for folder, members in folders.items()]
    again = [
        Move(after=replace(one, state=DeliveryState.LANDED), event="stage_lost")
        for batch, members in found
        if batch is None
        for one in members
    ]
    if again:
        platform.ledger.advance(again, at=platform.clock(), fence=fence)
    first = found[0][0]
    fitting = [batch for batch, _ in found if batch and first and batch.parameters == first.parameters]
    known = {one.id for batch in fitting for one in batch.deliveries}
    leading = {one.id for one in takewhile(lambda one: one.id in known, deliveries)}
    return [batch.only(leading) for batch in fitting if any(one.id in leading for one in batch.deliveries)]


def _resume_receipts(flow: Flow, platform: Platform) -> bool:
    """Enter and write receipts that a killed process did not; False where another process holds the flow."""
    if _has_receipts(flow, platform):
        return True
    fence = _flow_lease(flow.name, platform)
    if fence is None:
        return False
    _archive_rest(flow, platform)
    platform.ledger.release(fence)
    return True


def _has_receipts(flow: Flow, platform: Platform) -> bool:
    """True where the flow's last publication is archived: receipts are entered together and written in order."""
    last = platform.ledger.publications(flow.name, newest=1)
    if not last or not last[-1].deliveries or last[-1].done_at is None:
        return True
    newest = platform.ledger.receipts(last[-1].deliveries[-1:])
    return any(
        json.loads(receipt.body)["publication"] == last[-1].number
        and platform.receipts.size(receipt_name(receipt)) is not None
        for receipt in newest[-1:]
    )


def _wake_waiting(platform: Platform) -> None:
    """Deliveries that were held for want of a table alone go on once it is there."""
    alone = (ReasonCode.TABLE_MISSING.value,)
    waiting = platform.ledger.deliveries(DeliveryFilter(states=(DeliveryState.HELD,), held_for=alone))
    ready = {flow.name for flow in platform.flows.values() if waiting and _has_tables(flow, platform)}
    moves = [
        Move(after=replace(one, state=DeliveryState.LANDED), event="table_found")
        for one in waiting
        if one.flow in ready
    ]
    if moves:
        with suppress(ConflictError):  # another process does it, or took one up: the next look finds the others
            platform.ledger.advance(moves, at=platform.clock())


def _wake_drifted(platform: Platform) -> None:
    """What was held since its columns were not the contract's is checked anew once another contract is in force."""
    moves = [
        Move(after=replace(one, state=DeliveryState.LANDED), event="contract_changed", fields={"from": one.contract})
        for one in platform.ledger.deliveries(DeliveryFilter(states=(DeliveryState.HELD,)))
        if DRIFT & set(one.held_for)
        and (flow := platform.flows.get(one.flow or "")) is not None
        and one.contract != flow.contract.digest
    ]
    if moves:
        platform.ledger.advance(moves, at=platform.clock())


def _has_tables(flow: Flow, platform: Platform) -> bool:
    """True where review would find every table that the flow must have: else what is woken is held again, for ever."""
    return all(published_table(name, platform, asking=flow.name) for name in needed_tables(flow))


def _archive_rest(flow: Flow, platform: Platform) -> None:
    """Archive what of the flow's last publication is not; needs the flow's lease."""
    if _has_receipts(flow, platform):
        return
    last = platform.ledger.publications(flow.name, newest=1)[-1]
    members = platform.ledger.deliveries(DeliveryFilter(ids=last.deliveries))
    told = tuple(dict.fromkeys([*map(origin_of, members), *last.deliveries]))  # an origin before its amendment
    entered = {
        receipt.delivery: receipt
        for receipt in platform.ledger.receipts(told)
        if json.loads(receipt.body)["publication"] == last.number
    }
    checkpoint = anchor(platform)
    if entered and checkpoint is not None:  # in order, so that the last one tells of all
        write_receipts([entered[id_] for id_ in told if id_ in entered], checkpoint, platform)
        return
    deliveries = tuple(platform.ledger.deliveries(DeliveryFilter(ids=told)))
    clear_stage(deliveries, platform)
    archive(PublishedBatch(flow=flow, publication=last, deliveries=deliveries), platform)


def _flow_lease(name: str, platform: Platform) -> Fence | None:
    return platform.ledger.acquire(f"flow:{name}", platform.owner, ttl_s=platform.budget.lease_s)


def _others_at_work(flows: Sequence[Flow], platform: Platform) -> bool:
    """True while deliveries of the flows wait that another process holds."""
    states = (DeliveryState.LANDED, DeliveryState.CHECKED, DeliveryState.PUBLISHING)
    return any(platform.ledger.deliveries(DeliveryFilter(flow=flow.name, states=states, limit=1)) for flow in flows)


def _fail(deliveries: Sequence[Delivery], message: str, platform: Platform, fence: Fence) -> None:
    moves = [
        Move(after=replace(one, state=DeliveryState.FAILED, note=message, tries=one.tries + 1)) for one in deliveries
    ]
    platform.ledger.advance(moves, at=platform.clock(), fence=fence)


def _refuse(deliveries: Sequence[Delivery], message: str, platform: Platform, fence: Fence) -> None:
    """Amendments that speak of what is not there any more: nothing mends them, and their decisions are void."""
    back = [replace(one, state=DeliveryState.LANDED) for one in deliveries]
    moves = [Move(after=one, event="outdated") for one in back]
    moves += [
        Move(after=replace(one, state=DeliveryState.REFUSED, note=message), fields={"code": "outdated"}) for one in back
    ]
    platform.ledger.advance(moves, at=platform.clock(), fence=fence)


class _Pauses(msgspec.Struct):
    """Waits between tries: longer each time, and never the same for two processes."""

    platform: Platform
    pause_s: float = FIRST_PAUSE_S

    def wait(self) -> None:
        """Sleep, then be more patient."""
        time.sleep(self.pause_s * (0.5 + self.platform.random()))
        self.pause_s *= 2


def _with_retries(action: Callable[[], Result], platform: Platform) -> Result:
    """Try again after a transient fault, three times at most."""
    pauses = _Pauses(platform)
    for _ in range(TRIES - 1):
        try:
            return action()
        except TransientError:
            pauses.wait()
    return action()
