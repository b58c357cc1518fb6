"""The log: its events, whether it is whole, and what an auditor takes away."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from headgate.core.log_audit import LogReport
from headgate.core.ports import EventFilter
from headgate.core.roles import Permission, may_everywhere
from headgate.serve.audit import Kept, checkpoints_text, look_at_kept, verify_project
from headgate.serve.event_list import LoggedEvent, list_events
from headgate.serve.key_files import keys_of
from headgate.web.access import MOST_INDEX, Visitor, changing, needs, refuse
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()

Audits = Annotated[Visitor, Depends(needs(Permission.AUDIT))]
Text = Annotated[str, Query(max_length=100)]
Before = Annotated[int | None, Query(ge=0, le=MOST_INDEX)]


class Asked:
    """What the query asks for."""

    def __init__(self, type: Text = "", delivery: Text = "", before: Before = None) -> None:  # noqa: A002  the query's name
        self.type, self.delivery, self.before = type.strip(), delivery.strip(), before

    def query(self) -> dict[str, str]:
        """The same as a query, from the newest on."""
        return {name: value for name, value in (("type", self.type), ("delivery", self.delivery)) if value}


@routes.get("/audit")
def audit_page(request: Request, who: Audits, asked: Annotated[Asked, Depends()]) -> Response:
    """The newest events, a page at a time."""
    return _page(request, who, asked)


@routes.post("/audit/verify")
def verify(request: Request, who: Annotated[Visitor, Depends(changing(Permission.AUDIT))]) -> Response:
    """Read the whole log, and look whether bytes and receipts are there."""
    _whole_log(request, who)
    platform = site_of(request).platform
    report = verify_project(platform, keys_of(platform.secrets.public_keys()))
    return _page(request, who, Asked(), report=report, kept=look_at_kept(platform, read_bytes=False))


@routes.get("/audit/events.ndjson")
def export_events(request: Request, who: Audits) -> Response:
    """All leaves, canonical JSON, one a line."""
    _whole_log(request, who)
    ledger = site_of(request).platform.ledger
    lines = (leaf + b"\n" for leaf in ledger.leaves(0, ledger.log_size()))
    return StreamingResponse(
        lines,
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="events.ndjson"'},
    )


@routes.get("/audit/checkpoints.txt")
def export_checkpoints(request: Request, who: Audits) -> Response:
    """All signed checkpoints, as the anchor keeps them."""
    _whole_log(request, who)
    return Response(
        checkpoints_text(site_of(request).platform),
        media_type="text/plain",
        headers={"Content-Disposition": 'attachment; filename="checkpoints.txt"'},
    )


def _whole_log(request: Request, who: Visitor) -> None:
    if not may_everywhere(who.account.grants, Permission.AUDIT):
        raise refuse(request, who, Permission.AUDIT, "The whole log is for an auditor of all flows.")


def seen_events(request: Request, who: Visitor, asked: Asked) -> tuple[list[LoggedEvent], int | None]:
    """Events of the flows that the visitor audits; those of no flow for who audits all."""
    flows: tuple[str | None, ...] | None = who.flows(Permission.AUDIT)
    if may_everywhere(who.account.grants, Permission.AUDIT):
        flows = None
    which = EventFilter(flows=flows, type=asked.type or None, delivery=asked.delivery or None, before=asked.before)
    return list_events(site_of(request).platform, which)


def _page(
    request: Request, who: Visitor, asked: Asked, *, report: LogReport | None = None, kept: Kept | None = None
) -> Response:
    site = site_of(request)
    events, following = seen_events(request, who, asked)
    ids = {one.who for one in events} | {one.fields["account"] for one in events if "account" in one.fields}
    newest = site.platform.ledger.checkpoints(newest=1)
    root = request.scope.get("root_path", "")
    return page(
        request,
        "audit.html",
        who,
        events=events,
        gaps=set(_gaps(events)),
        names={one.id: one.name for one in site.people.accounts.accounts(ids=ids)},
        types=site.platform.ledger.event_types(),
        asked=asked,
        older=None if following is None else f"{root}/audit?{urlencode(asked.query() | {'before': str(following)})}",
        size=site.platform.ledger.log_size(),
        anchored=site.platform.anchor.last_size(),
        checkpoint=newest[-1][1] if newest else "",
        report=report,
        kept=kept,
        whole=may_everywhere(who.account.grants, Permission.AUDIT),
    )


def _gaps(events: list[LoggedEvent]) -> Iterator[int]:
    """Events before which, in the page's order, the filter leaves others out."""
    for one, behind in pairwise(events):
        if one.index - behind.index > 1:
            yield one.index
