"""Live pages: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) of deliveries.

An event says only that something happened to a delivery; the page then reads itself anew, with the same rights.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from headgate.core.roles import Permission, flows_for
from headgate.people import People
from headgate.web.access import Visitor, needs
from headgate.web.feed import Change, Feed, Lost
from headgate.web.site import site_of

MEDIA_TYPE = "text/event-stream"
BEAT_S = 15.0  # a comment so often, so that a proxy does not end what is quiet
AGAIN_MS = 3_000  # after which the browser calls again when it was cut off
_DIGITS = 15  # of an index at most

routes = APIRouter()


@routes.get("/live", include_in_schema=False)
async def live(request: Request, who: Annotated[Visitor, Depends(needs(Permission.SEE))]) -> Response:
    """What happens to deliveries of the visitor's flows, for as long as the session holds."""
    if MEDIA_TYPE not in request.headers.get("accept", ""):
        return PlainTextResponse(f"This address speaks {MEDIA_TYPE}.", status_code=406)
    feed: Feed = request.app.state.feed
    if feed.is_full(who.account.id):
        raise HTTPException(429, "Too many pages listen.")
    heard = request.headers.get("last-event-id", "")
    after = int(heard) if heard.isdecimal() and heard.isascii() and len(heard) <= _DIGITS else None
    lines = _lines(feed, who, after, site_of(request).people, request.app.state.beat_s)
    return StreamingResponse(lines, media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


async def _lines(feed: Feed, who: Visitor, after: int | None, people: People, beat_s: float) -> AsyncIterator[str]:
    """The stream as text. Before anything is said it is looked whether the session and its roles still hold."""
    flows = who.flows(Permission.SEE)
    yield f"retry: {AGAIN_MS}\n\n"
    async for changes in feed.listen(who.account.id, (*flows, None), after, beat_s=beat_s):
        if await to_thread.run_sync(_flows_now, people, who, limiter=feed.threads) != flows:
            return  # the browser calls again, and is judged anew
        yield "".join(map(_event, changes)) or ": still here\n\n"


def _event(change: Change | Lost) -> str:
    """One event; all that stands in it is ours, in JSON on one line."""
    kind = "lost" if isinstance(change, Lost) else "delivery"
    return f"id: {change.index}\nevent: {kind}\ndata: {msgspec.json.encode(change).decode()}\n\n"


def _flows_now(people: People, who: Visitor) -> tuple[str, ...] | None:
    """The flows that the session may see now; None where it ended. To listen is not to use: it ends as it would."""
    session = people.accounts.session(who.session.id)
    accounts = people.accounts.accounts(ids=[who.account.id])
    if session is None or session.ends_at() <= people.clock() or not accounts or accounts[0].disabled_at is not None:
        return None
    if people.rules.lacks_factor(accounts[0]):
        return None
    return flows_for(accounts[0].grants, Permission.SEE, who.known_flows)
