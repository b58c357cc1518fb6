"""Deliveries: a list to search, each with all that is known of it, and its receipts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.errors import NotFoundError
from headgate.core.reason_words import in_words
from headgate.core.records import Delivery, ReasonCount
from headgate.core.roles import Permission
from headgate.serve.deliveries import receipt_file
from headgate.serve.delivery_list import PAGE, STATES, Wanted, list_deliveries
from headgate.serve.delivery_story import Story, tell_story
from headgate.serve.delivery_words import tell_state
from headgate.web.access import MOST_INDEX, Visitor, needs, seen_delivery
from headgate.web.pictures import balance_picture
from headgate.web.rendering import page
from headgate.web.site import Site, site_of

routes = APIRouter()

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Text = Annotated[str, Query(max_length=200)]
Before = Annotated[int | None, Query(ge=0, le=MOST_INDEX)]

_MARKS = {"held": ("held", "H"), "rejected": ("rejected", "R"), "duplicate": ("duplicate", "D")}


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True):
    """A reason with a sample, as far as the visitor may see it."""

    mark: str
    letter: str
    word: str
    words: str
    code: str
    column: str
    rule: str
    rows: int
    row: int = 0
    found: str | None = None
    masked: bool = False


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
def delivery_page(request: Request, who: Sees, delivery: str) -> Response:
    """Balance, reasons, events, tables, receipts."""
    site = site_of(request)
    one = seen_delivery(request, who, delivery)
    story = tell_story(site.platform, one)
    return page(
        request,
        "delivery.html",
        who,
        one=one,
        told=tell_state(one),
        picture=None if one.counts is None else balance_picture(one.counts),
        reasons=list(_reasons(site, one, story)),
        events=story.events,
        versions=story.versions,
        receipts=[(receipt.number, receipt_file(receipt)) for receipt in story.receipts],
    )


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


def _listed(request: Request, who: Visitor, asks: Wanted) -> tuple[list[Delivery], int | None]:
    flows = (*who.flows(Permission.SEE), None)
    return list_deliveries(site_of(request).platform, asks, flows=flows)


def _reasons(site: Site, one: Delivery, story: Story) -> Iterator[ReasonLine]:
    """The reasons in the words of the contract, each with the first sample that carries it."""
    flow = site.platform.flows.get(one.flow or "")
    rules = {} if flow is None else {rule.id: rule for rule in flow.contract.rules}
    values = dict(_values(site, one))
    plain = set() if flow is None else {column.path for column in flow.contract.walk() if not column.personal}
    for reason in one.reasons:
        mark, letter = _MARKS.get(reason.verdict, ("warn", "W"))
        row, value = _sample(story, reason)
        masked = bool(row) and not plain.issuperset(reason.column.split(", "))
        yield ReasonLine(
            mark=mark,
            letter=letter,
            word=mark if mark != "warn" else "warning",
            words=in_words(reason.code, rules.get(reason.rule), values) or reason.code,
            code=reason.code,
            column=reason.column,
            rule=reason.rule,
            rows=reason.rows,
            row=row,
            found=None if masked else value,
            masked=masked,
        )


def _values(site: Site, one: Delivery) -> Iterator[tuple[str, str]]:
    """The parameters that stood for a delivery, by name."""
    for version in site.platform.ledger.parameters(one.flow or ""):
        if one.parameters.get(version.name) == version.number:
            yield version.name, version.value


def _sample(story: Story, reason: ReasonCount) -> tuple[int, str | None]:
    """Row and value of the first sample with this reason; row 0 for none."""
    for sample in story.samples:
        for found in sample.reasons:
            if found["code"] == reason.code and found["column"] == reason.column and found["rule"] == reason.rule:
                return sample.row, found["value"]
    return 0, None
