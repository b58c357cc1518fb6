"""Uploads of people who are signed in: the tus protocol, a plain form for browsers without scripts, and a page."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Depends, File, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.errors import UploadRefusedError
from headgate.core.ports import DeliveryFilter
from headgate.core.roles import Permission
from headgate.uploading import name_of, refused_name
from headgate.uploads.metadata import parse_metadata
from headgate.uploads.records import NewUpload
from headgate.uploads.store import UploadStore
from headgate.web.access import SignInNeededError, Visitor, changing, needs, refuse, visitor
from headgate.web.bearer import CHALLENGE, REFUSED, TokenRefusedError, TooManyTriesError
from headgate.web.rendering import page
from headgate.web.site import Site, site_of
from headgate.web.tus import tus_routes

PREFIX = "/files"
SHOWN = 20
_PIECE_BYTES = 1 << 20

routes = APIRouter()


def protocol_routes(store: UploadStore) -> APIRouter:
    """The routes of the tus protocol, for who is signed in and may send."""
    return tus_routes(store, owner_of, prefix=PREFIX)


def owner_of(request: Request) -> str:
    """The id of the account that sends; an HTTPException for who may not, or not a file of that name."""
    try:
        who = visitor(request)
    except SignInNeededError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": CHALLENGE}) from error
    except TokenRefusedError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": REFUSED}) from error
    except TooManyTriesError as error:
        raise HTTPException(429, str(error), {"Retry-After": str(error.wait_s)}) from error
    if not who.may(Permission.UPLOAD):
        raise HTTPException(403, str(refuse(request, who, Permission.UPLOAD, "You may not send files.")))
    method = request.headers.get("x-http-method-override", request.method).upper()  # as the protocol reads it
    if method == "POST" and request.headers.get("upload-concat") != "partial":  # a part is nothing by itself
        metadata = parse_metadata(request.headers.get("upload-metadata", "").strip())
        _check_name(request, who, name_of(metadata))
    return who.account.id


@routes.get("/upload")
def upload_page(request: Request, who: Annotated[Visitor, Depends(needs(Permission.UPLOAD))]) -> Response:
    """What may be sent, what is on its way, and what became of it."""
    return _page(request, who)


@routes.post("/upload")
def upload_form(
    request: Request,
    who: Annotated[Visitor, Depends(changing(Permission.UPLOAD))],
    file: Annotated[UploadFile, File()],
) -> Response:
    """A file of a plain form: whole or not at all, since a form cannot go on after a cut."""
    site, name = site_of(request), file.filename or ""
    try:
        _check_name(request, who, name)
        _store(site, who, file, name)
    except HTTPException as error:
        return _page(request, who, fault=str(error.detail))
    except UploadRefusedError as error:
        return _page(request, who, fault=f"{error.message} Next: {error.next_step}")
    return RedirectResponse(f"{request.scope.get('root_path', '')}/upload", status_code=303)


def _store(site: Site, who: Visitor, file: UploadFile, name: str) -> None:
    store = site.uploads
    new = NewUpload(owner=who.account.id, length_bytes=file.size, metadata=parse_metadata(_encoded(name)))
    upload = store.create(new)
    if upload.done:
        return
    append = store.append(upload.upload_id, who.account.id, 0)
    try:
        while piece := file.file.read(_PIECE_BYTES):
            append.write(piece)
        append.finish()
    except BaseException:
        append.drop()
        store.terminate(upload.upload_id, who.account.id)
        raise


def _encoded(name: str) -> str:
    """The name as metadata of the protocol, so that it is judged as there."""
    return f"filename {b64encode(name.encode()).decode()}"


def _check_name(request: Request, who: Visitor, name: str) -> None:
    why = refused_name(site_of(request).platform, who.account, name)
    if why is not None:
        refuse(request, who, Permission.UPLOAD, "")
        raise HTTPException(403, why)


def _page(request: Request, who: Visitor, *, fault: str = "") -> Response:
    platform = site_of(request).platform
    flows = who.flows(Permission.UPLOAD)
    sent = platform.ledger.deliveries(DeliveryFilter(sender=who.account.name, newest_first=True, limit=SHOWN))
    return page(
        request,
        "upload.html",
        who,
        status=400 if fault else 200,
        fault=fault,
        patterns=[(flow, platform.flows[flow].source.files) for flow in flows],
        sent=sent,
        most_bytes=site_of(request).uploads.limits.upload_bytes,
    )
