"""What holds for every request before a route sees it, and for every answer: hosts, origins, sizes, headers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

MOST_BODY_BYTES = 1 << 20  # of a form; files come by another way
FROM_ELSEWHERE = 403
SLOWEST_S = 30.0  # between two parts of a body
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """Refuses hosts that are not ours, changes that another site sends, and bodies that are too large or too slow."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        secure: bool,
        files: tuple[str, ...] = (),
        tell: Callable[[Request], None],
    ) -> None:
        """`files` are the beginnings of paths whose routes take bodies of any length, and hold them to their own.

        `tell` hears of each change that another site sent.
        """
        self._app = app
        self._tell = tell
        self._files = files
        self._hosts = frozenset(hosts)
        self._headers = HEADERS | (
            {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"} if secure else {}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            if refusal.status_code == FROM_ELSEWHERE:
                await run_in_threadpool(self._tell, Request(scope))
            await refusal(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, receive if self._takes_files(scope) else _limited(receive), send_guarded)
        except Exception:  # noqa: BLE001  the edge: whatever it is, the browser hears that it is not its fault
            _log.exception("a request failed", extra={"action": scope["method"]})
            if not begun:
                told = "Headgate failed here; its log says why. Nothing else is affected."
                await PlainTextResponse(told, status_code=500)(scope, receive, send_guarded)

    def _takes_files(self, scope: MutableMapping[str, Any]) -> bool:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        return any(path == place or path.startswith(f"{place}/") for place in self._files)

    def _refusal(self, scope: MutableMapping[str, Any], headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return PlainTextResponse("This name is not served here.", status_code=400)
        if scope["method"] not in SAFE and _from_elsewhere(headers, host):
            return PlainTextResponse("This was sent from another site and is refused.", status_code=FROM_ELSEWHERE)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or (int(length) > MOST_BODY_BYTES and not self._takes_files(scope)):
            return PlainTextResponse(f"A body has at most {MOST_BODY_BYTES:,} bytes.", status_code=413)
        return None


def _name_of(host: str) -> str:
    """`localhost:8080` -> `localhost`, `[::1]:8080` -> `::1`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _from_elsewhere(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site sent the request. Who is no browser says nothing, and has no cookie."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != host


def _limited(receive: Receive) -> Receive:
    """The same, but who sends too much or too slowly has hung up."""
    taken = 0
    whole = False

    async def limited() -> Message:
        nonlocal taken, whole
        if whole:
            return await receive()  # the end of the connection, which may be far off
        try:
            message = await asyncio.wait_for(receive(), SLOWEST_S)
        except TimeoutError:
            return {"type": "http.disconnect"}
        taken += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        return message if taken <= MOST_BODY_BYTES else {"type": "http.disconnect"}

    return limited
