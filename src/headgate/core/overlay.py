"""What people decided about rows of a delivery, laid over its bytes whenever these are checked.

An amendment is checked as the rows that its decision speaks of, read from the origin's bytes. A reprocessing of the
origin takes all that was published of its amendments along: corrected records, waivers, rows that were rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from headgate.core.cases import Act
from headgate.core.contract import Contract
from headgate.core.decision_document import DecisionDocument, Ranges, Rows, as_rows, read_document
from headgate.core.parameters import vault_name
from headgate.core.ports import Files
from headgate.core.records import Delivery, DeliveryKind

AMENDMENTS = "amendments"  # fact of an origin: what was published of each, in order
DISCARDED_WHOLE = "discarded"  # fact of a delivery that a person rejected as a whole


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as far as it counts."""

    amendment: str  # id of the delivery
    document: DecisionDocument
    rows: Rows


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions about rows of one origin, in the order in which they were published; no row is in two."""

    origin: str
    origin_sha256: str
    landed_at: datetime  # of the origin: `now()` of its rules
    laid: tuple[Laid, ...]
    only: Rows | None = None  # an amendment: these rows alone, rising
    discarded: bool = False  # the delivery as a whole

    @property
    def records(self) -> dict[int, str]:
        """Corrected records by row, as JSON text."""
        return {
            row: one.document.records[str(row)]
            for one in self.laid
            if one.document.act is Act.CORRECT
            for row in one.rows.tolist()
        }

    def waived(self, contract: Contract) -> list[tuple[str, Rows]]:
        """(rule, rows) where a person waived the rule, and it still is the one that was shown."""
        now = {rule.id: rule.digest for rule in contract.rules}
        found: list[tuple[str, Rows]] = []
        for one in self.laid:
            if one.document.act is not Act.RELEASE:
                continue
            for waiver in one.document.waives:
                rows = np.intersect1d(as_rows(waiver.rows), one.rows, assume_unique=True)
                # a rule that no contract writes, such as that of twin keys, goes with the contract as a whole
                standing = [rule for rule, digest in waiver.rules if now.get(rule, contract.digest) == digest]
                found += [(rule, rows) for rule in standing]
        return found

    def rejected(self) -> Rows:
        """Rows that a person rejected."""
        parts = [one.rows for one in self.laid if one.document.act is Act.REJECT]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def amended(self) -> pa.Table:
        """Rows that came or come by an amendment: `_row` and `_amendment`."""
        rows = [one.rows for one in self.laid] or [np.empty(0, dtype=np.int64)]
        ids = np.repeat([one.amendment for one in self.laid] or [""], [len(part) for part in rows])
        return pa.table({"_row": pa.array(np.concatenate(rows)), "_amendment": pa.array(ids.tolist(), pa.string())})


def is_amendment(one: Delivery) -> bool:
    """Whether the delivery is made of rows that a person decided about."""
    return one.kind is DeliveryKind.AMENDMENT


def has_overlay(one: Delivery) -> bool:
    """Whether people decided about rows of the delivery."""
    return is_amendment(one) or bool(one.facts.get(AMENDMENTS) or one.facts.get(DISCARDED_WHOLE))


def origin_of(one: Delivery) -> str:
    """Id of the delivery under which the rows stand in the tables: of an amendment its origin's."""
    return str(one.facts["origin"]) if is_amendment(one) else one.id


def amendments_of(deliveries: Iterable[Delivery]) -> set[str]:
    """Ids of the amendments that were published of these deliveries."""
    return {entry["id"] for one in deliveries for entry in one.facts.get(AMENDMENTS, ())}


def load_overlays(deliveries: Sequence[Delivery], vault: Files) -> dict[str, Overlay]:
    """Overlays by delivery, for those that have one; EvidenceError where a document was changed in the vault."""
    found: dict[str, Overlay] = {}
    for one in deliveries:
        if is_amendment(one):
            found[one.id] = amendment_overlay(one, _document(vault, one.sha256))
        elif has_overlay(one):
            found[one.id] = _origin_overlay(one, vault)
    return found


def amendment_overlay(one: Delivery, document: DecisionDocument) -> Overlay:
    """What an amendment lays over its origin."""
    rows = as_rows(document.rows)
    return Overlay(
        origin=one.facts["origin"],
        origin_sha256=one.facts["origin_sha256"],
        landed_at=datetime.fromisoformat(one.facts["origin_landed_at"]),
        laid=(Laid(amendment=one.id, document=document, rows=rows),),
        only=rows,
    )


def published_amendment(one: Delivery, failed: Ranges) -> dict[str, Any]:
    """What the origin's facts say of an amendment once it is published; `failed` are rows that did not pass."""
    return {"id": one.id, "document": one.sha256, "failed": [list(part) for part in failed]}


def _origin_overlay(one: Delivery, vault: Files) -> Overlay:
    laid = [_laid(entry, vault) for entry in one.facts.get(AMENDMENTS, ())]
    return Overlay(
        origin=one.id,
        origin_sha256=one.sha256,
        landed_at=one.landed_at,
        laid=tuple(laid),
        discarded=bool(one.facts.get(DISCARDED_WHOLE)),
    )


def _laid(entry: Mapping[str, Any], vault: Files) -> Laid:
    document = _document(vault, entry["document"])
    rows = np.setdiff1d(as_rows(document.rows), as_rows(entry["failed"]), assume_unique=True)
    return Laid(amendment=entry["id"], document=document, rows=rows)


def _document(vault: Files, sha256: str) -> DecisionDocument:
    with vault.open(vault_name(sha256)) as stream:
        return read_document(stream.read(), sha256)
