"""Checkpoints: the log's head, signed, kept in the ledger and appended to a file outside of it."""

from __future__ import annotations

from headgate.archive.signer import PortSigner
from headgate.core.checkpoints import Checkpoint, sign_checkpoint
from headgate.core.merkle import root
from headgate.core.platform import Platform


def anchor(platform: Platform) -> str | None:
    """Sign the log's head and anchor it; the signed note, or None where the log is empty.

    The order is: events, checkpoint in the ledger, anchor. So the anchor is never ahead, and what it lacks after a kill
    is added at the next call.
    """
    size = platform.ledger.log_size()
    if size == 0:
        return None
    newest = platform.ledger.checkpoints(newest=1)
    if not newest or newest[-1][0] < size:
        signer = PortSigner(platform.secrets)
        head = Checkpoint(origin=signer.name, size=size, root=root(size, platform.ledger.nodes))
        platform.ledger.put_checkpoint(size, sign_checkpoint(head, signer).to_text())
        newest = platform.ledger.checkpoints(newest=1)
    anchored = platform.anchor.last_size()
    for known, note in platform.ledger.checkpoints(at_least=None):
        if known > anchored:
            platform.anchor.append(known, note)
    return newest[-1][1]
