"""The body of one request, read piece by piece: what is not asked for is not read, so memory and sender both wait.

What is left of a refused request's body the server (uvicorn) throws away, so that a sender still sending hears why.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

PIECE_BYTES = 1 << 20  # handed to the disk at once, so that a thread is called once for many packets


class SlowBodyError(Exception):
    """No byte came for as long as was agreed."""


class RequestBody:
    """Reads a body once; ClientDisconnect where the connection ends early, SlowBodyError where nothing comes."""

    def __init__(self, request: Request, timeout_s: float) -> None:
        self._request = request
        self._timeout_s = timeout_s
        self._ended = False

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
        try:
            async with asyncio.timeout(self._timeout_s):
                message = await self._request.receive()
        except TimeoutError as error:
            self._ended = True
            raise SlowBodyError from error
        if message["type"] == "http.disconnect":
            self._ended = True
            raise ClientDisconnect
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))
