"""The body of one request, read piece by piece: what is not asked for is not read, so memory and sender both wait.

What is left of a refused request's body the server (uvicorn) throws away, so that a sender still sending hears why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import ClientDisconnect, Request

PIECE_BYTES = 1 << 20  # handed to the disk at once, so that a thread is called once for many packets


WINDOW_S = 60.0


class SlowBodyError(Exception):
    """No byte came for as long as was agreed, or too few."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How slow a sender may be: one that sends a byte now and then would hold a connection for ever."""

    pause_s: float = 30.0  # between two parts of the body
    window_s: float = WINDOW_S  # over which the rate is measured
    least_bytes_per_s: int = 1024


class RequestBody:
    """Reads a body once; ClientDisconnect where the connection ends early, SlowBodyError where it comes too slowly."""

    def __init__(self, request: Request, pace: Pace) -> None:
        self._request = request
        self._pace = pace
        self._ended = False
        self._waited_s = 0.0  # for the sender alone: what the disk takes is not the sender's fault
        self._came_bytes = 0

    async def pieces(self) -> AsyncIterator[bytearray]:
        """The bytes in pieces of about PIECE_BYTES; those that came before an early end come out before its error."""
        piece = bytearray()
        try:
            while not self._ended:
                piece += await self._receive()
                if len(piece) >= PIECE_BYTES:
                    yield piece
                    piece = bytearray()
        except (ClientDisconnect, SlowBodyError):
            if piece:
                yield piece
            raise
        if piece:
            yield piece

    async def _receive(self) -> bytes:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._pace.pause_s):
                message = await self._request.receive()
        except TimeoutError as error:
            self._ended = True
            raise SlowBodyError from error
        if message["type"] == "http.disconnect":
            self._ended = True
            raise ClientDisconnect
        self._ended = not message.get("more_body", False)
        piece = bytes(message.get("body", b""))
        self._measure(len(piece), time.monotonic() - begun)
        return piece

    def _measure(self, size_bytes: int, waited_s: float) -> None:
        """SlowBodyError at the end of a window in which too little came; the last piece of a body is never too late."""
        self._waited_s += waited_s
        self._came_bytes += size_bytes
        if self._ended or self._waited_s < self._pace.window_s:
            return
        if self._came_bytes < self._pace.least_bytes_per_s * self._waited_s:
            self._ended = True
            raise SlowBodyError
        self._waited_s, self._came_bytes = 0.0, 0
