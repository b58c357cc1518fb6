"""Fifth step: the staged publication becomes visible, once, whatever is killed in between.

The intent is durable before the first commit. Every table's commit carries the publication's number as a transaction
of the flow's application, so a repeated commit does nothing. When all tables are in, the ledger says so.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

from headgate.core.batches import PublishedBatch, TransformedBatch
from headgate.core.errors import PublishError
from headgate.core.faults import at_fault_point
from headgate.core.flow import Flow
from headgate.core.naming import application_name
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Fence, Publication


def publish(batch: TransformedBatch, platform: Platform, fence: Fence) -> PublishedBatch:
    """Write the intent, then finish it."""
    at_fault_point("before intent")
    platform.ledger.open_publication(batch.publication, fence=fence, at=platform.clock())
    at_fault_point("after intent")
    published = finish(batch.flow, batch.publication, platform, fence)
    for folder in batch.folders:
        shutil.rmtree(folder, ignore_errors=True)
    return published


def finish(flow: Flow, publication: Publication, platform: Platform, fence: Fence) -> PublishedBatch:
    """Commit what is not yet committed of an open publication, then complete it; never checks anything again."""
    application = application_name(platform.project, flow.name, publication.epoch)
    last = platform.ledger.publications(flow.name, newest=2)
    before = next((one for one in reversed(last) if one.number < publication.number), None)
    versions = dict(before.versions) if before else {}
    for change in publication.changes:
        platform.ledger.renew(fence, ttl_s=platform.budget.lease_s)
        opened = publication.opened_at or platform.clock()
        at_fault_point(f"before commit of {change.table}")
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
    done = replace(publication, versions=versions)
    return PublishedBatch(
        flow=flow,
        publication=done,
        deliveries=tuple(platform.ledger.deliveries(DeliveryFilter(ids=ids))),
    )


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
                f"lost its last commits. Nothing was changed. Next: `headgate doctor --repair {flow.name}` publishes "
                "its deliveries again under a new epoch.",
            )
