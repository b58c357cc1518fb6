"""What acts on cases need, and finding the case, its flow, its delivery and its decision."""

from __future__ import annotations

import msgspec

from headgate.core.canonical import digest
from headgate.core.cases import UNDER_WAY, Case, CaseFilter, Cases, Decision
from headgate.core.decision_document import DecisionDocument, read_document
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.flow import Flow
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.upload_links import UploadLinks
from headgate.people import People


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What acts on cases need."""

    platform: Platform
    cases: Cases
    people: People
    links: UploadLinks


def one_case(desk: Desk, id_: str) -> Case:
    """The case of that id, open or closed; NotFoundError for none."""
    found = desk.cases.cases(CaseFilter(ids=(id_,), state=None))
    if not found:
        raise NotFoundError(f"there is no case {id_[:40]!r}. Next: `headgate cases list`.")
    return found[0]


def under_way(desk: Desk, case: Case) -> Decision | None:
    """The decision on a case that is proposed or decided, if there is one."""
    return next(iter(desk.cases.decisions([case.id], states=UNDER_WAY)), None)


def document_of(desk: Desk, decision: Decision) -> DecisionDocument:
    """What a decision is bound to; EvidenceError where it was changed in the vault."""
    return read_kept(desk.platform, decision.digest)[0]


def flow_of(desk: Desk, case: Case) -> Flow:
    """The case's flow; NotFoundError where the project has it no more."""
    flow = desk.platform.flows.get(case.flow)
    if flow is None:
        raise NotFoundError(f"case {case.id} is of flow {case.flow}, which this project has not (any more).")
    return flow


def origin_of(desk: Desk, case: Case) -> Delivery:
    """The delivery that a case is about; UsageError where it is about rules."""
    origin = delivered_of(desk, case)
    if origin is None:
        raise UsageError(f"case {case.id} is about the rules of flow {case.flow}, not about a delivery.")
    return origin


def delivered_of(desk: Desk, case: Case) -> Delivery | None:
    """The delivery that a case is about; None for a change of rules."""
    if case.delivery is None:
        return None
    return desk.platform.ledger.deliveries(DeliveryFilter(ids=(case.delivery,)))[0]


def read_kept(platform: Platform, sha256: str) -> tuple[DecisionDocument, int]:
    """A document of the vault and its size in bytes; EvidenceError where it was changed there."""
    with platform.vault.open(vault_name(sha256)) as stream:
        content = stream.read()
    return read_document(content, sha256), len(content)


def shown_of_delivery(origin: Delivery) -> str:
    """The hash of what is shown of a delivery that is held as a whole."""
    counts = origin.counts
    return digest(
        {
            "held": dict(origin.facts.get("held", {})),
            "received": counts.received if counts else None,
            "held_rows": counts.held if counts else None,
        }
    )
