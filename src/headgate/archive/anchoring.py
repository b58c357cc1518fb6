"""Checkpoints: the log's head, signed, kept in the ledger and appended to a file outside of it."""

from __future__ import annotations

from headgate.archive.signer import PortSigner
from headgate.core.checkpoints import Checkpoint, sign_checkpoint
from headgate.core.faults import at_fault_point
from headgate.core.merkle import root
from headgate.core.platform import Platform

FEW = 4


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
        at_fault_point("after checkpoint")
        newest = platform.ledger.checkpoints(newest=1)
    for known, note in _missing(platform, platform.anchor.last_size()):
        platform.anchor.append(known, note)
    return newest[-1][1]


def _missing(platform: Platform, anchored: int) -> list[tuple[int, str]]:
    """Checkpoints that the anchor lacks, oldest first; a kill leaves one or two, so few are asked for at first."""
    asked = FEW
    while True:
        newest = platform.ledger.checkpoints(newest=asked)
        missing = [(size, note) for size, note in newest if size > anchored]
        if len(missing) < len(newest) or len(newest) < asked:
            return missing
        asked *= 8
