"""Last step: a signed receipt for every delivery, with the proof that the log holds its event."""

from __future__ import annotations

import json

from headgate.archive.anchoring import anchor
from headgate.archive.bodies import receipt_body
from headgate.archive.signer import PortSigner
from headgate.core.batches import ArchivedBatch, PublishedBatch
from headgate.core.faults import at_fault_point
from headgate.core.merkle import inclusion_proofs
from headgate.core.observed import observed
from headgate.core.overlay import is_amendment, origin_of
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.receipts import make_receipt
from headgate.core.records import IssuedReceipt
from headgate.core.states import DeliveryState


@observed("archive")
def archive(batch: PublishedBatch, platform: Platform) -> ArchivedBatch:
    """Enter the receipts, anchor the log, write the receipt files.

    Published deliveries become archived; those held as a whole get a receipt of that and stay held. The origin of an
    amendment gets another one, before the amendment's own, which is written last.
    """
    standing = [one for one in batch.deliveries if one.state is not DeliveryState.SUPERSEDED]
    origins = {origin_of(one) for one in standing if is_amendment(one)}
    told = [
        one
        for one in sorted(standing, key=lambda one: one.id not in origins)
        if one.state in {DeliveryState.PUBLISHED, DeliveryState.HELD} or one.id in origins
    ]
    bodies = [
        (one, receipt_body(one, batch.flow, batch.publication, project=platform.project)) for one in told if one.counts
    ]
    issued = platform.ledger.archive(bodies, at=platform.clock())
    at_fault_point("after archive")
    checkpoint = anchor(platform)
    assert checkpoint is not None
    at_fault_point("after anchor")
    write_receipts(issued, checkpoint, platform)
    at_fault_point("after receipts")
    ids = tuple(one.id for one in batch.deliveries)
    return ArchivedBatch(
        flow=batch.flow,
        deliveries=tuple(platform.ledger.deliveries(DeliveryFilter(ids=ids))),
        receipts=tuple(issued),
    )


def receipt_name(receipt: IssuedReceipt) -> str:
    """Name of a receipt's file: the delivery, and from the second on its number."""
    return f"{receipt.delivery}{'' if receipt.number == 1 else f'-{receipt.number}'}.json"


def write_receipts(issued: list[IssuedReceipt], checkpoint: str, platform: Platform) -> None:
    """Write receipt files under a checkpoint that covers them; one that is there stays as it is.

    The last one is written when the others are there, so that it tells of all.
    """
    if not issued:
        return
    signer = PortSigner(platform.secrets)
    size = int(checkpoint.split("\n")[1])
    first, last = min(one.event_index for one in issued), max(one.event_index for one in issued)
    leaves = dict(enumerate(platform.ledger.leaves(first, last + 1), start=first))
    proofs = inclusion_proofs([one.event_index for one in issued], size, platform.ledger.nodes)
    documents = [
        make_receipt(
            json.loads(one.body),
            leaf=json.loads(leaves[one.event_index]),
            index=one.event_index,
            proof=proof,
            checkpoint=checkpoint,
            key=signer,
        )
        for one, proof in zip(issued, proofs, strict=True)
    ]
    named = [(receipt_name(one), [document]) for one, document in zip(issued, documents, strict=True)]
    platform.receipts.put_all(named[:-1])
    platform.receipts.put(*named[-1])
