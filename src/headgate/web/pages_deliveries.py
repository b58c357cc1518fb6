"""Deliveries: a list to search, each with all that is known of it, and its receipts."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.errors import NotFoundError
from headgate.core.records import Delivery
from headgate.core.roles import Permission
from headgate.serve.deliveries import receipt_file
from headgate.serve.delivery_list import PAGE, STATES, Wanted, list_deliveries
from headgate.serve.delivery_reasons import most_rows, tell_reasons
from headgate.serve.delivery_steps import tell_steps
from headgate.serve.delivery_story import tell_story
from headgate.serve.delivery_words import tell_state
from headgate.serve.table_page import address_of
from headgate.web.access import MOST_INDEX, Visitor, changing, needs, refuse, seen_delivery
from headgate.web.charts import reason_bar
from headgate.web.delivery_cases import origins_of, read_delivery_cases
from headgate.web.delivery_view import canal_pictures, gate_of, may_run, rows_in_words, siblings_of, way_of
from headgate.web.lineage_pictures import Node, delivery_picture
from headgate.web.personal_looks import record_look
from headgate.web.questions import questions_of
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Text = Annotated[str, Query(max_length=200)]
Before = Annotated[int | None, Query(ge=0, le=MOST_INDEX)]


def wanted(flow: Text = "", state: Text = "", q: Text = "", before: Before = None) -> Wanted:
    """What the query asks for."""
    return Wanted(flow=flow, state=state, text=q, before=before)


@routes.get("/deliveries")
def deliveries_page(request: Request, who: Sees, asks: Annotated[Wanted, Depends(wanted)]) -> Response:
    """The newest that fit, a page at a time."""
    shown, next_before = _listed(request, who, asks)
    asked = {name: value for name, value in (("flow", asks.flow), ("state", asks.state), ("q", asks.text)) if value}
    root = request.scope.get("root_path", "")
    return page(
        request,
        "deliveries.html",
        who,
        shown=shown,
        origins=origins_of(site_of(request).desk, shown),
        flows=who.flows(Permission.SEE),
        flow=asks.flow,
        state=asks.state,
        q=asks.text,
        states=STATES,
        size=PAGE,
        older=None if next_before is None else f"{root}/deliveries?{urlencode(asked | {'before': next_before})}",
        nothing="No delivery fits." if asked or asks.before else "Nothing came yet.",
    )


@routes.get("/deliveries/{delivery}")
def delivery_page(request: Request, who: Sees, delivery: str, again: Text = "") -> Response:
    """Balance, steps, reasons, tables, lineage, receipts."""
    return _shown(request, who, seen_delivery(request, who, delivery), again=again)


@routes.post("/deliveries/{delivery}/personal")
def personal(
    request: Request,
    who: Annotated[Visitor, Depends(changing(Permission.UNMASK))],
    delivery: str,
    column: Annotated[str, Form(max_length=1_000)],
) -> Response:
    """The same with the samples of one personal column, for who may see them; that somebody looks is an event first."""
    one = seen_delivery(request, who, delivery)
    if not who.may(Permission.UNMASK, one.flow or ""):
        raise refuse(request, who, Permission.UNMASK, f"{who.account.name} may not see personal values of this flow.")
    record_look(site_of(request), who.account, one, column)
    return _shown(request, who, one, seen=(column,))


@routes.get("/deliveries/{delivery}/receipts/{number}")
def receipt(request: Request, who: Sees, delivery: str, number: int) -> Response:
    """A signed receipt, as its file."""
    platform = site_of(request).platform
    one = seen_delivery(request, who, delivery)
    issued = next((each for each in platform.ledger.receipts((one.id,)) if each.number == number), None)
    if issued is None:
        raise NotFoundError(f"Delivery {one.id} has no receipt {number}.")
    name = receipt_file(issued)
    with platform.receipts.open(name) as stream:
        return _download(stream.read(), name)


@routes.get("/keys/public.json")
def public_keys(request: Request, who: Sees) -> Response:
    """The public keys, old ones too, to verify receipts with."""
    del who
    keys = [dict(key) for key in site_of(request).platform.secrets.public_keys()]
    return _download(json.dumps(keys, indent=1).encode(), "public.json")


def _download(content: bytes, name: str) -> Response:
    return Response(
        content,
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},  # a name of ours: letters, digits, - and .
    )


def _shown(request: Request, who: Visitor, one: Delivery, *, again: str = "", seen: tuple[str, ...] = ()) -> Response:
    platform = site_of(request).platform
    flow = platform.flows.get(one.flow or "")
    story, told = tell_story(platform, one), tell_state(one, accounts_decide=platform.accounts_decide(one.flow or ""))
    silver, gold, reads = way_of(flow, story, platform.memo) if flow else ((), (), {})
    reasons = tell_reasons(platform, one, story.samples, seen=seen)
    cases = read_delivery_cases(site_of(request).desk, who, one)
    gate = gate_of(flow, one, story) | {"returned": cases.returned}
    return page(
        request,
        "delivery.html",
        who,
        one=one,
        cases=cases,
        told=told,
        questions=[each for each in questions_of(site_of(request).desk, who) if each.delivery == one.id],
        again=again,
        picture=None if one.counts is None else canal_pictures(one.counts, **gate),
        steps=tell_steps(one, story.events, flow, told),
        reasons=reasons,
        reason_bars={
            place: reason_bar(f"f-{line.mark}", line.rows, most_rows(reasons)) for place, line in enumerate(reasons)
        },
        unmasks=who.may(Permission.UNMASK, one.flow or ""),
        events=story.events,
        versions=story.versions,
        address_of=address_of,
        may_query=who.may(Permission.QUERY, one.flow) if one.flow else False,
        may_run=may_run(who, one),
        siblings=siblings_of(platform, one),
        way=delivery_picture(Node(name=one.name, about=rows_in_words(one)), silver, gold, reads),
        contract=flow.contract if flow and flow.contract.digest == one.contract else None,
        issued=story.receipts,
        receipts=[(receipt.number, receipt_file(receipt)) for receipt in story.receipts],
    )


def _listed(request: Request, who: Visitor, asks: Wanted) -> tuple[list[Delivery], int | None]:
    flows = (*who.flows(Permission.SEE), None)
    return list_deliveries(site_of(request).platform, asks, flows=flows)
