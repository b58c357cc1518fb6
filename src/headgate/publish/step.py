"""Fifth step: the staged publication becomes visible, once, whatever is killed in between.

The intent is durable before the first commit. Every table's commit carries the publication's number as a transaction
of the flow's application, so a repeated commit does nothing. When all tables are in, the ledger says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from headgate.core.batches import PublishedBatch, TransformedBatch
from headgate.core.errors import PublishError
from headgate.core.faults import at_fault_point
from headgate.core.flow import Flow
from headgate.core.manifest import staged_deliveries
from headgate.core.naming import application_name
from headgate.core.observed import observed, observing_commit
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery, Fence, Publication
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState

ON_THE_WAY = (DeliveryState.LANDED, DeliveryState.CHECKED, DeliveryState.PUBLISHING)


@observed("publish")
def publish(batch: TransformedBatch, platform: Platform, fence: Fence) -> PublishedBatch:
    """Write the intent, then finish it."""
    at_fault_point("before intent")
    platform.ledger.open_publication(batch.publication, fence=fence, at=platform.clock())
    at_fault_point("after intent")
    return finish(batch.flow, batch.publication, platform, fence)


def finish(flow: Flow, publication: Publication, platform: Platform, fence: Fence) -> PublishedBatch:
    """Commit what is not yet committed of an open publication, then complete it; never checks anything again.

    Its stage goes, whichever process staged it.
    """
    application = application_name(platform.project, flow.name, publication.epoch)
    last = platform.ledger.publications(flow.name, newest=2)
    before = next((one for one in reversed(last) if one.number < publication.number), None)
    versions = dict(before.versions) if before else {}
    for change in publication.changes:
        platform.ledger.renew(fence, ttl_s=platform.budget.lease_s)
        opened = publication.opened_at or platform.clock()
        at_fault_point(f"before commit of {change.table}")
        with observing_commit(platform, flow.name, change.table, publication.number):
            versions[change.table] = platform.tables.commit(
                change,
                application=application,
                number=publication.number,
                at=opened,
            )
        at_fault_point(f"after commit of {change.table}")
    at_fault_point("before completion")
    platform.ledger.complete_publication(publication, versions=versions, at=platform.clock(), fence=fence)
    at_fault_point("after completion")
    ids = tuple(move.after.id for move in publication.moves)
    deliveries = tuple(platform.ledger.deliveries(DeliveryFilter(ids=ids)))
    clear_stage(deliveries, platform)
    return PublishedBatch(flow=flow, publication=replace(publication, versions=versions), deliveries=deliveries)


def clear_stage(deliveries: Sequence[Delivery], platform: Platform) -> None:
    """Take the stage folders of published deliveries away; needs the flow's lease.

    A folder stays while any delivery in it is still on its way. Nobody writes into another one: a folder bears the name
    of the process that checks into it, and only the holder of the flow's lease works in it after that.
    """
    for folder in {str(one.facts["stage"]) for one in deliveries if "stage" in one.facts}:
        inside = staged_deliveries(folder) | {one.id for one in deliveries if one.facts.get("stage") == folder}
        waiting = DeliveryFilter(ids=tuple(inside), states=ON_THE_WAY, limit=1)
        if Path(folder).is_relative_to(platform.stage) and not platform.ledger.deliveries(waiting):
            shutil.rmtree(folder, ignore_errors=True)


def require_standing(flow: Flow, platform: Platform) -> None:
    """Refuse to publish onto tables that lost a publication which the ledger knows (a RESTORE, a power loss)."""
    last = platform.ledger.publications(flow.name, newest=1)
    if not last:
        return
    application = application_name(platform.project, flow.name, last[-1].epoch)
    for table, version in last[-1].versions.items():
        seen = platform.tables.transaction(table, application)
        snapshot = platform.tables.snapshot(table)
        if snapshot is None or snapshot.version < version or seen is None:
            raise PublishError(
                f"table {table} stands before version {version} of publication {last[-1].number}: it was restored, or "
                "lost its last commits. Nothing is published to the flow's tables. "
                f"Next: `headgate doctor --repair {flow.name}` publishes its deliveries again under a new epoch.",
            )
