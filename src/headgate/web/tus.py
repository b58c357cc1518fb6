"""Uploads over HTTP by the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload).

A route reads headers, calls the store in a thread, and answers; only the body is read here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from headgate.core.errors import UploadRefusedError
from headgate.uploads.appending import Append
from headgate.uploads.checksums import Checksum, parse_checksum, parse_repr_digest
from headgate.uploads.records import Upload
from headgate.uploads.store import UploadStore
from headgate.web.error_replies import STATUS_OF_REFUSAL, error_reply
from headgate.web.request_body import WINDOW_S, Pace, RequestBody, SlowBodyError
from headgate.web.tus_headers import (
    ALWAYS,
    BYTES_TYPE,
    VERSION,
    HeaderError,
    about,
    creation,
    description,
    has_body,
    holds_bytes,
    number,
    progress,
)

_ALL_METHODS = ["OPTIONS", "HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"]
_SETTLE_S = 2.0  # for a request whose connection broke to count what came, before another asks for the offset
_SETTLE_STEP_S = 0.02

_log = logging.getLogger(__name__)

Who = Callable[[Request], str]
Action = Callable[[Request, str, RequestBody], Awaitable[Response]]


def tus_routes(
    store: UploadStore, who: Who, *, prefix: str = "/files", body_timeout_s: float = 30.0, window_s: float = WINDOW_S
) -> APIRouter:
    """Routes for uploads below a prefix. `who` names the owner, or raises an HTTPException 401 or 403.

    A request from which no byte comes for `body_timeout_s`, or too few in `window_s`, is ended.
    """
    pace = Pace(pause_s=body_timeout_s, window_s=window_s, least_bytes_per_s=store.limits.least_bytes_per_s)
    endpoint = _Endpoint(store, who, prefix, pace)
    router = APIRouter(prefix=prefix, include_in_schema=False)
    router.add_api_route("", endpoint.collection, methods=_ALL_METHODS)
    router.add_api_route("/", endpoint.collection, methods=_ALL_METHODS)
    router.add_api_route("/{upload_id}", endpoint.item, methods=_ALL_METHODS)
    return router


class _Endpoint:
    """What all requests go through: version, owner, method, and errors in words."""

    def __init__(self, store: UploadStore, who: Who, prefix: str, pace: Pace) -> None:
        self._store = store
        self._who = who
        self._last_segment = prefix.rpartition("/")[2]
        self._pace = pace

    async def collection(self, request: Request) -> Response:
        """The address of the server: what it can do, and new uploads."""
        return await self._answer(request, {"POST": self._create})

    async def item(self, request: Request) -> Response:
        """The address of one upload."""
        return await self._answer(request, {"HEAD": self._head, "PATCH": self._patch, "DELETE": self._delete})

    async def _answer(self, request: Request, actions: dict[str, Action]) -> Response:
        method = request.headers.get("x-http-method-override", request.method).upper()
        body = RequestBody(request, self._pace)
        if method == "OPTIONS":
            response: Response = Response(status_code=204, headers=about(self._store.limits))
        elif request.headers.get("tus-resumable") != VERSION:
            response = error_reply(
                412,
                "version_unknown",
                f"This server speaks tus {VERSION}, and the request does not.",
                f"Send the header Tus-Resumable: {VERSION}.",
                {"Tus-Version": VERSION},
            )
        elif action := actions.get(method):
            response = await self._act(request, action, body)
        else:
            allowed = ", ".join(["OPTIONS", *actions])
            response = error_reply(
                405, "method_unknown", f"{method[:20]} is not for this address.", f"Use {allowed}.", {"Allow": allowed}
            )
        response.headers.update(ALWAYS)
        return response

    async def _act(self, request: Request, action: Action, body: RequestBody) -> Response:
        try:
            return await action(request, await run_in_threadpool(self._who, request), body)
        except UploadRefusedError as error:
            return error_reply(STATUS_OF_REFUSAL[error.code], error.code, error.message, error.next_step)
        except HeaderError as error:
            return error_reply(400, "header_refused", str(error), error.next_step)
        except HTTPException as error:
            return error_reply(
                error.status_code, "not_allowed", error.detail, "Sign in, or ask for leave.", error.headers
            )
        except SlowBodyError:
            return error_reply(
                408,
                "body_too_slow",
                f"No byte came for {self._pace.pause_s:g} s, or fewer than {self._pace.least_bytes_per_s} a second.",
                "Ask for the offset, and send from there.",
                {"Connection": "close"},
            )
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except Exception:  # noqa: BLE001  the edge: whatever it is, the sender hears that it is not the sender's fault
            _log.exception("a request failed", extra={"action": request.method})
            return error_reply(500, "failed", "The server failed; its log says why.", "Ask for the offset, and go on.")

    async def _create(self, request: Request, owner: str, body: RequestBody) -> Response:
        wanted = creation(request, owner)
        if has_body(request) and not holds_bytes(request):
            return _wrong_type()
        if has_body(request) and (wanted.parts or wanted.length_bytes == 0):
            raise HeaderError("This upload takes no bytes.", "Send the request without a body.")
        checksum = _checksum(request)
        upload = await run_in_threadpool(self._store.create, wanted)
        if has_body(request):
            upload = await self._first_bytes(request, upload, checksum, body)
        ends_in_slash = request.url.path.endswith("/")
        # Relative to the address that was called: whatever a proxy put before it stays.
        location = upload.upload_id if ends_in_slash else f"{self._last_segment}/{upload.upload_id}"
        return Response(status_code=201, headers={"Location": location, **progress(upload)})

    async def _first_bytes(
        self, request: Request, upload: Upload, checksum: Checksum | None, body: RequestBody
    ) -> Upload:
        """Take the bytes that came with a creation; where they are refused it is undone: nobody has its address."""
        try:
            append = await run_in_threadpool(
                partial(
                    self._store.append,
                    upload.upload_id,
                    upload.owner,
                    0,
                    checksum=checksum,
                    body_bytes=number(request, "Content-Length"),
                )
            )
            return await _receive(append, body)
        except (UploadRefusedError, ClientDisconnect, SlowBodyError):
            await run_in_threadpool(self._store.terminate, upload.upload_id, upload.owner)
            raise

    async def _head(self, request: Request, owner: str, _body: RequestBody) -> Response:
        upload_id = str(request.path_params["upload_id"])
        for _ in range(int(_SETTLE_S / _SETTLE_STEP_S)):
            if not self._store.is_busy(upload_id):
                break
            await asyncio.sleep(_SETTLE_STEP_S)
        upload = await run_in_threadpool(self._store.look, upload_id, owner)
        return Response(status_code=200, headers=description(upload))

    async def _patch(self, request: Request, owner: str, body: RequestBody) -> Response:
        if not holds_bytes(request):
            return _wrong_type()
        offset_bytes = number(request, "Upload-Offset")
        if offset_bytes is None:
            raise HeaderError("The request has no Upload-Offset.", "Ask for the offset with HEAD, and send it.")
        append = await run_in_threadpool(
            partial(
                self._store.append,
                str(request.path_params["upload_id"]),
                owner,
                offset_bytes,
                checksum=_checksum(request),
                length_bytes=number(request, "Upload-Length"),
                body_bytes=number(request, "Content-Length"),
                claimed_sha256=parse_repr_digest(request.headers.get("repr-digest", "")),
            )
        )
        upload = await _receive(append, body)
        return Response(status_code=204, headers=progress(upload))

    async def _delete(self, request: Request, owner: str, _body: RequestBody) -> Response:
        await run_in_threadpool(self._store.terminate, str(request.path_params["upload_id"]), owner)
        return Response(status_code=204)


async def _receive(append: Append, body: RequestBody) -> Upload:
    """Bring the body to the disk, a piece at a time; the next one is read when the last is written."""
    try:
        async for piece in body.pieces():
            await run_in_threadpool(append.write, piece)
        return await run_in_threadpool(append.finish)
    except (ClientDisconnect, SlowBodyError):
        await run_in_threadpool(append.cut)
        raise
    finally:
        append.drop()  # after any other error; does nothing where the append has ended


def _checksum(request: Request) -> Checksum | None:
    header = request.headers.get("upload-checksum")
    return None if header is None else parse_checksum(header)


def _wrong_type() -> Response:
    return error_reply(415, "type_unknown", "The bytes are of another type.", f"Send Content-Type: {BYTES_TYPE}.")
