"""Each request as those who watch see it: a span, a duration, and a line of the log, by the pattern of its route.

Never the path, the query or a cookie: they may hold secrets and names. A `traceparent` that a browser sends is not
believed, or a stranger could tie our traces to theirs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate.core.log_context import carried, told_with
from headgate.core.telemetry import Attribute, Telemetry
from headgate.web.metrics import REQUEST_SECONDS

TOLD = "headgate.told"  # key in the scope: what routes tell of the request
QUIET = frozenset({"/healthz", "/readyz", "/static"})  # asked for all the time: in the log from the level debug on
LASTING = frozenset({"/live"})  # lasts as long as a page is open: no duration of an answer
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = logging.getLogger(__name__)


class Observed:
    """Outermost: what a guard refuses is told too."""

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told: dict[str, str] = scope.setdefault(TOLD, {})
        method = scope["method"] if scope["method"] in METHODS else "other"
        status = 500

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        with self._telemetry.span(method, {"http.request.method": method}, kind="server") as span:
            ids = {"trace_id": span.trace_id, "span_id": span.span_id}
            with told_with(**ids), carried(span.traceparent):
                try:
                    await self._app(scope, receive, send_seen)
                finally:
                    route, seconds = _route(scope), time.perf_counter() - began
                    attributes: dict[str, Attribute] = {
                        "http.request.method": method,
                        "http.route": route,
                        "http.response.status_code": status,
                    }
                    if route not in LASTING:
                        self._telemetry.seconds(REQUEST_SECONDS, seconds, attributes)
                    account = {"headgate.account": told["account"]} if "account" in told else {}
                    span.name(f"{method} {route}")
                    span.put({**attributes, **account})
                    if status >= 500:  # noqa: PLR2004  a fault of ours, as HTTP has it
                        span.fail(str(status))
                    _write(method, route, status, seconds, told)


def _write(method: str, route: str, status: int, seconds: float, told: MutableMapping[str, str]) -> None:
    level = logging.DEBUG if route in QUIET else logging.INFO
    said = {"method": method, "route": route, "status": status, "duration_ms": round(seconds * 1000, 3), **told}
    _log.log(level, "request", extra=said)


def _route(scope: MutableMapping[str, Any]) -> str:
    """The pattern that took the request; `none` where no route did."""
    path = getattr(scope.get("route"), "path", None)
    if path is not None:
        return str(path)
    return "/static" if str(scope["path"]).startswith("/static/") else "none"
