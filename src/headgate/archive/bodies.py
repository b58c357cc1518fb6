"""What a receipt says of a delivery: a function of the ledger alone, so that a rerun gives the same bytes."""

from __future__ import annotations

from typing import Any

from headgate.core.canonical import canonical
from headgate.core.flow import Flow
from headgate.core.overlay import AMENDMENTS, DISCARDED_WHOLE, is_amendment, origin_of
from headgate.core.records import PROVEN, Delivery, Publication

SCHEMA = "headgate-receipt-body/1"


def receipt_body(one: Delivery, flow: Flow, publication: Publication | None, *, project: str) -> str:
    """Canonical JSON of the statement. Holds hashes, counts and versions; no value of any row."""
    assert one.counts is not None
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "project": project,
        "delivery": one.id,
        "flow": one.flow,
        "kind": one.kind.value,
        "landing_number": one.landing_number,
        "landed_at": _time(one),
        "file": _file(one),
        "form": dict(one.form),
        "outcome": "held" if one.held_for else "published",
        "held_for": list(one.held_for),
        "counts": {
            "received": one.counts.received,
            "published": one.counts.accepted,
            "held": one.counts.held,
            "rejected": one.counts.rejected,
            "duplicate": one.counts.duplicate,
            "warned": one.counts.warned,
        },
        "reasons": [
            {"verdict": told.verdict, "code": told.code, "column": told.column, "rule": told.rule, "rows": told.rows}
            for told in one.reasons
        ],
        "contract": {"id": flow.contract.id, "version": flow.contract.version, "sha256": one.contract},
        "tasks_sha256": flow.digest,
        "parameters": dict(one.parameters),
        "publication": None if publication is None else publication.number,
        "tables": {} if publication is None else dict(publication.versions),
        "released": one.released is not None,
    }
    if is_amendment(one):
        body["amends"] = {"delivery": origin_of(one), "case": one.facts["case"], "decision": one.facts["decision"]}
        body["decided"] = {name: one.facts[name] for name in ("act", "proposed_by", "votes", "reason_sha256")}
    if one.facts.get(AMENDMENTS):
        body["amendments"] = [entry["id"] for entry in one.facts[AMENDMENTS]]
    if one.facts.get(DISCARDED_WHOLE):
        body["discarded"] = True
    return canonical(body).decode()


def _file(one: Delivery) -> dict[str, Any]:
    """The file; of an upload also whether its sender said beforehand what the whole hashes to."""
    told: dict[str, Any] = {"name": one.name, "sender": one.sender, "sha256": one.sha256, "size_bytes": one.size_bytes}
    if PROVEN in one.facts:
        told[PROVEN] = one.facts[PROVEN]
    return told


def _time(one: Delivery) -> str:
    return one.landed_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
