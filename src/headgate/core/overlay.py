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

from headgate.core.cases import Act
from headgate.core.contract import Contract
from headgate.core.decision_document import DecisionDocument, Ranges, Rows, as_rows, read_document
from headgate.core.parameters import vault_name
from headgate.core.ports import Files
from headgate.core.records import Delivery, DeliveryKind
from headgate.core.replacing import replace

AMENDMENTS = "amendments"  # fact of an origin: what was published of each, in order
JUDGED = "judged"  # fact of an origin: the publication that judged its rows last, and how many amendments came before
EARLIER = "earlier"  # fact of an amendment: those of its origin that were published before its rows were judged
SET = "set"  # fact of a delivery: parameter values of its own
ROWS_TOGETHER = 100_000  # of amendments that take the steps together
DISCARDED_WHOLE = "discarded"  # fact of a delivery that a person rejected as a whole


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as far as it counts."""

    amendment: str  # id of the delivery
    document: DecisionDocument
    rows: Rows


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions about rows of one origin, in the order in which they were published.

    A row is in two where it was held again after the first: the last says what becomes of it, as it stood by then.
    """

    origin: str
    origin_sha256: str
    landed_at: datetime  # of the origin: `now()` of its rules
    laid: tuple[Laid, ...]
    only: Rows | None = None  # an amendment: these rows alone, rising
    discarded: bool = False  # the delivery as a whole

    @property
    def own(self) -> Laid:
        """The decision that an amendment is made of."""
        return self.laid[-1]

    @property
    def standing(self) -> tuple[Laid, ...]:
        """Each decision with the rows of which no later one speaks."""
        later = np.empty(0, dtype=np.int64)
        found = []
        for one in reversed(self.laid):
            found.append(replace(one, rows=np.setdiff1d(one.rows, later, assume_unique=True)))
            later = np.union1d(later, one.rows)
        return tuple(reversed(found))

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
        """(rule, rows) where a person waived the rule, it still is the one that was shown, and so is the record."""
        now = {rule.id: rule.digest for rule in contract.rules}
        found: list[tuple[str, Rows]] = []
        corrected = np.empty(0, dtype=np.int64)  # later
        for one in reversed(self.laid):
            if one.document.act is Act.CORRECT:
                corrected = np.union1d(corrected, one.rows)
            if one.document.act is not Act.RELEASE:
                continue
            for waiver in one.document.waives:
                rows = np.intersect1d(as_rows(waiver.rows), one.rows, assume_unique=True)
                rows = np.setdiff1d(rows, corrected, assume_unique=True)
                # a rule that no contract writes, such as that of twin keys, goes with the contract as a whole
                standing = [rule for rule, digest in waiver.rules if now.get(rule, contract.digest) == digest]
                found += [(rule, rows) for rule in standing]
        return found

    def rejected(self) -> Rows:
        """Rows that a person rejected."""
        parts = [one.rows for one in self.laid if one.document.act is Act.REJECT]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def is_amendment(one: Delivery) -> bool:
    """Whether the delivery is made of rows that a person decided about."""
    return one.kind is DeliveryKind.AMENDMENT


def has_overlay(one: Delivery) -> bool:
    """Whether people decided about rows of the delivery."""
    return is_amendment(one) or bool(one.facts.get(AMENDMENTS) or one.facts.get(DISCARDED_WHOLE))


def amended_together(amendments: Sequence[tuple[Delivery, Overlay]]) -> list[list[tuple[Delivery, Overlay]]]:
    """Amendments in a row that may take the steps as one batch: no two of one origin, and few rows.

    Of one origin the second is judged after what the first did to it. One with parameter values of its own is alone.
    """
    groups: list[list[tuple[Delivery, Overlay]]] = []
    origins: set[str] = set()
    rows, own = 0, False  # of the last group, and whether it has values of its own
    for one, overlay in amendments:
        rows += len(overlay.own.rows)
        if not groups or rows > ROWS_TOGETHER or overlay.origin in origins or own or SET in one.facts:
            groups.append([])
            origins, rows, own = set(), len(overlay.own.rows), SET in one.facts
        groups[-1].append((one, overlay))
        origins.add(overlay.origin)
    return groups


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
            found[one.id] = amendment_overlay(one, _document(vault, one.sha256), vault)
        elif has_overlay(one):
            found[one.id] = _origin_overlay(one, vault)
    return found


def amendment_overlay(one: Delivery, document: DecisionDocument, vault: Files) -> Overlay:
    """What an amendment lays over its origin, and what was laid there when its rows were judged."""
    rows = as_rows(document.rows)
    earlier = (_laid(entry, vault) for entry in one.facts.get(EARLIER, ()))
    restricted = (replace(laid, rows=np.intersect1d(laid.rows, rows, assume_unique=True)) for laid in earlier)
    return Overlay(
        origin=one.facts["origin"],
        origin_sha256=one.facts["origin_sha256"],
        landed_at=datetime.fromisoformat(one.facts["origin_landed_at"]),
        laid=(*restricted, Laid(amendment=one.id, document=document, rows=rows)),
        only=rows,
    )


def rows_overlay(origin: Delivery, rows: Rows, vault: Files) -> Overlay:
    """Some rows of an origin as they were judged last."""
    earlier = tuple(_laid(entry, vault) for entry in origin_facts(origin).get(EARLIER, ()))
    return Overlay(origin=origin.id, origin_sha256=origin.sha256, landed_at=origin.landed_at, laid=earlier, only=rows)


def origin_facts(origin: Delivery) -> dict[str, Any]:
    """What an amendment keeps of its origin as it stands: by this it is checked as the origin would be."""
    facts: dict[str, Any] = {
        "origin": origin.id,
        "origin_sha256": origin.sha256,
        "origin_landed_at": origin.landed_at.isoformat(),
    }
    facts |= {name: origin.facts[name] for name in (SET, JUDGED) if name in origin.facts}
    if earlier := origin.facts.get(AMENDMENTS, [])[: origin.facts.get(JUDGED, {}).get("amendments", 0)]:
        facts[EARLIER] = earlier
    return facts


def judged(one: Delivery, publication: int) -> Delivery:
    """The delivery, whose held rows are those of this publication from now on."""
    facts = {**one.facts, JUDGED: {"publication": publication, "amendments": len(one.facts.get(AMENDMENTS, ()))}}
    return replace(one, facts=facts)


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
