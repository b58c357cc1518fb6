"""From a proven upload to a delivery: who may send which file, and taking it in exactly once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from headgate import pipeline
from headgate.core.accounts import Account
from headgate.core.batches import Arrived
from headgate.core.naming import as_text
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import BY_LINK, DELIVERED_BY, PROVEN, Delivery
from headgate.core.roles import Permission, may, may_everywhere
from headgate.core.upload_links import MARK, UploadLinks
from headgate.land.step import flow_for
from headgate.people import People
from headgate.uploads.books import Take
from headgate.uploads.metadata import NAMES
from headgate.uploads.records import Upload

FLOW = "flow"  # metadata: the flow that the sender names

_log = logging.getLogger(__name__)


class _Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whose upload it is, as its delivery shall say."""

    name: str
    flow: str | None  # None: by the flows' patterns
    facts: Mapping[str, Any]


def name_of(metadata: Mapping[str, str]) -> str:
    """The file's name as its sender says it; empty for none."""
    return next((metadata[key] for key in NAMES if metadata.get(key)), "")


def refused_name(platform: Platform, account: Account, name: str, *, flow: str | None = None) -> str | None:
    """Why an account may not send a file of that name, to the flow that it names or by the name; None where it may.

    Without a flow that takes the name the bytes are kept for somebody to look at: only who may send to every flow
    may send that.
    """
    if not name:
        return "The upload has no name. Next: send `filename` in Upload-Metadata."
    if flow is not None:
        if flow in platform.flows and may(account.grants, Permission.UPLOAD, flow):
            return None
        return f"You may not send to a flow called {flow[:80]!r}."
    flows = [flow.name for flow in flow_for(name, list(platform.flows.values()))]
    if flows and all(may(account.grants, Permission.UPLOAD, flow) for flow in flows):
        return None
    if not flows and may_everywhere(account.grants, Permission.UPLOAD):
        return None
    own = [name for name in sorted(platform.flows) if may(account.grants, Permission.UPLOAD, name)]
    patterns = [pattern for flow in own for pattern in platform.flows[flow].source.files]
    told = f"Yours are called {', '.join(patterns)}" if patterns else "You may send none"
    return f"You may not send a file called {name[:80]!r}. {told}."


def taker(platform: Platform, people: People, links: UploadLinks, came: Callable[[], object]) -> Take:
    """What takes proven uploads into the vault and the ledger; `came` is told, so that somebody works on them.

    The same upload once more, after a kill, changes nothing: its delivery has the upload's place as its origin.
    """

    def take(upload: Upload, path: Path, sha256: str) -> None:
        delivery = _landed(platform, as_text(str(path)), sha256) or _land(platform, people, links, upload, path)
        if delivery is not None:
            links.land(upload.upload_id, delivery.id)
        came()

    return take


def _landed(platform: Platform, origin: str, sha256: str) -> Delivery | None:
    """The delivery of the upload that lies there, if it landed before."""
    known = platform.ledger.deliveries(DeliveryFilter(sha256=sha256))
    return next((one for one in known if one.origin == origin), None)


def _land(platform: Platform, people: People, links: UploadLinks, upload: Upload, path: Path) -> Delivery | None:
    sender = _sender(people, links, upload)
    arrived = Arrived(
        path=str(path),
        name=name_of(upload.metadata) or upload.upload_id,
        size_bytes=path.stat().st_size,
        sender=sender.name,
        flow=sender.flow,
        facts={**sender.facts, PROVEN: upload.proven_by_sender},
    )
    landed = pipeline.take_in([arrived], platform, f"u-{upload.upload_id[:16]}")
    _log.info("an upload landed", extra={"action": "take", "upload": upload.upload_id})
    return landed[0] if landed else None


def _sender(people: People, links: UploadLinks, upload: Upload) -> _Sender:
    """A link stands for whoever made it: that account has delivered, and may not vote on it."""
    if upload.owner.startswith(MARK):
        (link,) = links.links(ids=[upload.owner])
        return _Sender(name=link.label, flow=link.flow, facts={DELIVERED_BY: link.made_by, BY_LINK: link.id})
    accounts = people.accounts.accounts(ids=[upload.owner])
    name = accounts[0].name if accounts else upload.owner
    return _Sender(name=name, flow=upload.metadata.get(FLOW) or None, facts={DELIVERED_BY: upload.owner})
