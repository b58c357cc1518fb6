"""Finding deliveries by what a person has at hand, and saying them as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.core.errors import NotFoundError, UsageError
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Counts, Delivery, IssuedReceipt, ReasonCount

_SHOWN = 5


def one_delivery(platform: Platform, id_or_prefix: str) -> Delivery:
    """The one delivery whose id begins so; NotFoundError for none, UsageError for more than one."""
    if not id_or_prefix.startswith("d-"):
        raise UsageError(f"{id_or_prefix[:80]!r} is no delivery: an id begins with d-. Next: `headgate status`.")
    found = platform.ledger.deliveries(DeliveryFilter(id_prefix=id_or_prefix, limit=_SHOWN + 1))
    if not found:
        raise NotFoundError(f"there is no delivery {id_or_prefix[:80]}. Next: `headgate status` shows the newest ones.")
    if len(found) > 1:
        told = ", ".join(one.id for one in found[:_SHOWN])
        raise UsageError(f"{id_or_prefix} begins more than one delivery: {told}. Next: write more of it.")
    return found[0]


def receipt_file(receipt: IssuedReceipt) -> str:
    """Name of a receipt's file in the folder of receipts."""
    return f"{receipt.delivery}{'' if receipt.number == 1 else f'-{receipt.number}'}.json"


def counts_document(counts: Counts | None) -> dict[str, int] | None:
    """The balance in the words of receipts and reports: accepted rows are published."""
    if counts is None:
        return None
    return {
        "received": counts.received,
        "published": counts.accepted,
        "held": counts.held,
        "rejected": counts.rejected,
        "duplicate": counts.duplicate,
    }


def reason_document(reason: ReasonCount) -> dict[str, Any]:
    """One reason with the rows that it stands on."""
    return {
        "verdict": reason.verdict,
        "code": reason.code,
        "column": reason.column,
        "rule": reason.rule,
        "rows": reason.rows,
    }


def delivery_document(one: Delivery, receipts: Mapping[str, IssuedReceipt]) -> dict[str, Any]:
    """A delivery as `run --json` tells it."""
    receipt = receipts.get(one.id)
    return {
        "id": one.id,
        "flow": one.flow,
        "file": one.name,
        "state": one.state.value,
        "counts": counts_document(one.counts),
        "reasons": [reason_document(reason) for reason in one.reasons],
        "held_for": list(one.held_for),
        "receipt": receipt_file(receipt) if receipt else None,
        "note": one.note,
    }
