"""The API for scripts: deliveries, flows and the log as the pages show them, as JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request

from headgate.core.errors import NotFoundError
from headgate.core.records import Delivery
from headgate.core.roles import Permission
from headgate.core.telemetry import place_of
from headgate.serve.deliveries import delivery_document, receipt_file
from headgate.serve.delivery_list import Wanted, list_deliveries
from headgate.serve.run_facts import FLOWS
from headgate.serve.run_report import find_run, make_run_report
from headgate.web.access import MOST_INDEX, Visitor, needs, seen_delivery
from headgate.web.api_errors import ERRORS, NOT_THERE
from headgate.web.api_models import DeliveryAnswer, DeliveryPage, EventPage, FlowList, ReceiptList
from headgate.web.pages_audit import Asked, Audits, seen_events
from headgate.web.site import Site, site_of

PREFIX = "/api"
routes = APIRouter(prefix=PREFIX, responses=ERRORS)

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Text = Annotated[str, Query(max_length=200)]
Before = Annotated[int | None, Query(ge=0, le=MOST_INDEX, description="`next` of the page before.")]
State = Literal["", "waiting", "rows-held", "under-way", "done", "refused"]
Id = Annotated[str, Path(max_length=64, description="The whole id, as `d-43fe90a5e8d1c537`.")]
Number = Annotated[int, Path(ge=1, le=MOST_INDEX)]


@routes.get("/deliveries", response_model=DeliveryPage, tags=["deliveries"])
def deliveries(  # noqa: PLR0917  the query's members
    request: Request, who: Sees, flow: Text = "", state: State = "", q: Text = "", before: Before = None
) -> dict[str, Any]:
    """Deliveries of the flows that one may see, the newest first, 50 a page. `q`: part of a name, an id or a hash."""
    site = site_of(request)
    asks = Wanted(flow=flow, state=state, text=q, before=before)
    shown, following = list_deliveries(site.platform, asks, flows=(*who.flows(Permission.SEE), None))
    return {"deliveries": _documents(site, shown), "next": following}


@routes.get("/deliveries/{delivery}", response_model=DeliveryAnswer, responses=NOT_THERE, tags=["deliveries"])
def delivery(request: Request, who: Sees, delivery: Id) -> dict[str, Any]:
    """One delivery."""
    (document,) = _documents(site_of(request), [seen_delivery(request, who, delivery)])
    return document


@routes.get("/deliveries/{delivery}/receipts", response_model=ReceiptList, responses=NOT_THERE, tags=["deliveries"])
def receipts(request: Request, who: Sees, delivery: Id) -> dict[str, Any]:
    """Which receipts a delivery has."""
    one = seen_delivery(request, who, delivery)
    issued = site_of(request).platform.ledger.receipts((one.id,))
    return {
        "receipts": [
            {
                "number": each.number,
                "file": receipt_file(each),
                "sha256": each.sha256,
                "event_index": each.event_index,
            }
            for each in issued
        ]
    }


@routes.get("/deliveries/{delivery}/receipts/{number}", responses=NOT_THERE, tags=["deliveries"])
def receipt(request: Request, who: Sees, delivery: Id, number: Number) -> dict[str, Any]:
    """A signed receipt: what `headgate receipt verify` takes."""
    platform = site_of(request).platform
    one = seen_delivery(request, who, delivery)
    issued = next((each for each in platform.ledger.receipts((one.id,)) if each.number == number), None)
    if issued is None:
        raise NotFoundError(f"Delivery {one.id} has no receipt {number}.")
    with platform.receipts.open(receipt_file(issued)) as stream:
        document: dict[str, Any] = json.load(stream)
    return document


@routes.get("/flows", response_model=FlowList, tags=["flows"])
def flows(request: Request, who: Sees) -> dict[str, Any]:
    """The flows that one may see, and how they stand."""
    platform = site_of(request).platform
    tally = platform.ledger.tally()
    held = {one.flow: one.rows for one in platform.ledger.holdings()}
    seen = [platform.flows[name] for name in who.flows(Permission.SEE)]
    return {
        "flows": [
            {
                "name": flow.name,
                "contract": flow.contract.id,
                "contract_version": flow.contract.version,
                "files": list(flow.source.files),
                "schedule": flow.source.schedule,
                "accept_at_least": float(flow.checking.accept_at_least),
                "deliveries": {state.value: count for (name, state), count in tally.items() if name == flow.name},
                "rows_held": held.get(flow.name, 0),
            }
            for flow in seen
        ]
    }


@routes.get("/flows/{flow}/report", responses=NOT_THERE, tags=["flows"])
def report(
    request: Request, who: Sees, flow: Annotated[str, Path(max_length=200)], run: Text | None = None
) -> dict[str, Any]:
    """The report of a run on a flow, personal columns left out; without `run` that of the last run that published."""
    platform = site_of(request).platform
    if flow not in who.flows(Permission.SEE):
        raise NotFoundError(f"There is no flow {flow[:40]!r} among yours.")
    kept = find_run(platform, run).summary.get(FLOWS, {}).get(flow)
    if kept is None:
        raise NotFoundError(f"That run did nothing with flow {flow}.")
    document: dict[str, Any] = json.loads(make_run_report(platform, kept).document)
    return document


@routes.get("/events", response_model=EventPage, tags=["log"])
def events(request: Request, who: Audits, asked: Annotated[Asked, Depends()]) -> dict[str, Any]:
    """Events of the ledger's log, the newest first, 50 a page."""
    found, following = seen_events(request, who, asked)
    return {
        "events": [
            {"index": one.index, "at": one.at.isoformat(), "type": one.type, "flow": one.flow, "hash": one.hash}
            | {"delivery": one.delivery, "who": one.who, "fields": dict(one.fields)}
            for one in found
        ],
        "next": following,
    }


def _documents(site: Site, shown: list[Delivery]) -> list[dict[str, Any]]:
    issued = site.platform.ledger.receipts([one.id for one in shown])
    newest = {each.delivery: each for each in issued}
    return [
        {
            **delivery_document(one, newest),
            "landed_at": one.landed_at.isoformat(),
            "size_bytes": one.size_bytes,
            "sha256": one.sha256,
            "publication": one.publication,
            "trace_id": place_of(site.platform.project, one.id).trace_id,
        }
        for one in shown
    ]
