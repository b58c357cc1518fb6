"""From a proven upload to a delivery: who may send which file, and taking it in exactly once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from headgate import pipeline
from headgate.core.accounts import Account
from headgate.core.batches import Arrived
from headgate.core.naming import as_text
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.roles import Permission, may, may_everywhere
from headgate.land.step import flow_for
from headgate.people import People
from headgate.uploads.books import Take
from headgate.uploads.metadata import NAMES
from headgate.uploads.records import Upload

_log = logging.getLogger(__name__)


def name_of(metadata: Mapping[str, str]) -> str:
    """The file's name as its sender says it; empty for none."""
    return next((metadata[key] for key in NAMES if metadata.get(key)), "")


def refused_name(platform: Platform, account: Account, name: str) -> str | None:
    """Why an account may not send a file of that name; None where it may.

    Without a flow that takes the name the bytes are kept for somebody to look at: only who may send to every flow
    may send that.
    """
    if not name:
        return "The upload has no name. Next: send `filename` in Upload-Metadata."
    flows = [flow.name for flow in flow_for(name, list(platform.flows.values()))]
    if flows and all(may(account.grants, Permission.UPLOAD, flow) for flow in flows):
        return None
    if not flows and may_everywhere(account.grants, Permission.UPLOAD):
        return None
    own = [name for name in sorted(platform.flows) if may(account.grants, Permission.UPLOAD, name)]
    patterns = [pattern for flow in own for pattern in platform.flows[flow].source.files]
    told = f"Yours are called {', '.join(patterns)}" if patterns else "You may send none"
    return f"You may not send a file called {name[:80]!r}. {told}."


def taker(platform: Platform, people: People, came: Callable[[], object]) -> Take:
    """What takes proven uploads into the vault and the ledger; `came` is told, so that somebody works on them.

    The same upload once more, after a kill, changes nothing: its delivery has the upload's place as its origin.
    """

    def take(upload: Upload, path: Path, sha256: str) -> None:
        origin = as_text(str(path))
        known = platform.ledger.deliveries(DeliveryFilter(sha256=sha256))
        if all(one.origin != origin for one in known):
            accounts = people.accounts.accounts(ids=[upload.owner])
            sender = accounts[0].name if accounts else upload.owner
            name = name_of(upload.metadata) or upload.upload_id
            arrived = Arrived(path=str(path), name=name, size_bytes=path.stat().st_size, sender=sender)
            pipeline.take_in([arrived], platform, f"u-{upload.upload_id[:16]}")
            _log.info("an upload landed", extra={"action": "take", "upload": upload.upload_id})
        came()

    return take
