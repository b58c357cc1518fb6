"""Uploads of people who are signed in, or who hold an upload link: the tus protocol, a plain form, and a page."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.addressees import MOST_ANSWER
from headgate.core.errors import ConflictError, UploadRefusedError, UsageError
from headgate.core.ports import DeliveryFilter
from headgate.core.roles import Permission
from headgate.core.upload_links import UploadLink
from headgate.deciding.saying import answer, asked_of
from headgate.upload_admission import link_over
from headgate.upload_links import refused_by_link, standing_link
from headgate.uploading import FLOW, name_of, refused_name
from headgate.uploads.metadata import parse_metadata
from headgate.uploads.records import NewUpload, Upload, UploadState
from headgate.uploads.store import UploadStore
from headgate.web.access import (
    FactorNeededError,
    SignedIn,
    SignInNeededError,
    Visitor,
    changing,
    needs,
    refuse,
    require_own_form,
    visitor,
)
from headgate.web.bearer import CHALLENGE, REFUSED, TokenRefusedError, TooManyTriesError
from headgate.web.form_files import files_of, one_line_ends, sent_form
from headgate.web.questions import questions_of
from headgate.web.rendering import page
from headgate.web.site import Site, site_of
from headgate.web.tus import tus_routes

PREFIX = "/files"
LINK_SCHEME = "Link"  # of the Authorization header: an address would stand in logs and histories
SHOWN = 20
_PIECE_BYTES = 1 << 20

routes = APIRouter()


def protocol_routes(store: UploadStore) -> APIRouter:
    """The routes of the tus protocol, for who may send."""
    return tus_routes(store, owner_of, prefix=PREFIX)


def owner_of(request: Request) -> str:
    """The id of the account or link that sends; an HTTPException for who may not, or not a file of that name."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme == LINK_SCHEME:
        return _owner_by_link(request, secret)
    try:
        who = visitor(request)
    except SignInNeededError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": CHALLENGE}) from error
    except TokenRefusedError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": REFUSED}) from error
    except FactorNeededError as error:
        raise HTTPException(403, str(error)) from error
    except TooManyTriesError as error:
        raise HTTPException(429, str(error), {"Retry-After": str(error.wait_s)}) from error
    if not who.may(Permission.UPLOAD):
        raise HTTPException(403, str(refuse(request, who, Permission.UPLOAD, "You may not send files.")))
    if _names_a_file(request):
        metadata = parse_metadata(request.headers.get("upload-metadata", "").strip())
        _check_name(request, who, name_of(metadata), flow=metadata.get(FLOW) or None)
    return who.account.id


def link_of(site: Site, secret: str) -> UploadLink:
    """The link of the secret; UploadRefusedError where it takes nothing any more, or there is none."""
    link = standing_link(site.links, secret, clock=site.people.clock)
    if link is None:
        raise link_over()
    return link


def check_link_name(site: Site, link: UploadLink, name: str, *, flow: str | None = None) -> None:
    """HTTPException for a file that the link does not take."""
    why = refused_by_link(link, name, list(site.platform.flows.values()))
    if why is None and flow not in {None, link.flow}:
        why = "This link is for another flow."
    if why is not None:
        raise HTTPException(403, why)


def store_form_file(store: UploadStore, owner: str, file: UploadFile) -> Upload:
    """A file of a form as an upload of the owner: whole or not at all, since a form cannot go on after a cut."""
    new = NewUpload(owner=owner, length_bytes=file.size, metadata=parse_metadata(_encoded(file.filename or "")))
    upload = store.create(new)
    if upload.done:
        return upload
    append = store.append(upload.upload_id, owner, 0)
    try:
        while piece := file.file.read(_PIECE_BYTES):
            append.write(piece)
        return append.finish()
    except BaseException:
        append.drop()
        store.drop(upload.upload_id, owner)
        raise


def _sends(who: SignedIn) -> Visitor:
    """Who sends a form, which is read once it is known who it is: `upload_form` asks whether they may."""
    return who


_sends.permission = Permission.UPLOAD  # type: ignore[attr-defined]  # for the table of routes and roles
_sends.changes = True  # type: ignore[attr-defined]


@routes.get("/upload")
def upload_page(request: Request, who: Annotated[Visitor, Depends(needs(Permission.UPLOAD))]) -> Response:
    """What may be sent, what is on its way, and what became of it."""
    return _page(request, who)


@routes.post("/upload")
async def upload_form(request: Request, who: Annotated[Visitor, Depends(_sends)]) -> Response:
    """Files of a plain form: each whole or not at all, since a form cannot go on after a cut."""
    may_send = who.may(Permission.UPLOAD)
    most_bytes = site_of(request).uploads.limits.upload_bytes if may_send else 0
    try:
        async with sent_form(request, most_bytes=most_bytes) as form:
            await run_in_threadpool(require_own_form, request, who, str(form.get("csrf", "")))
            if not may_send:
                raise refuse(request, who, Permission.UPLOAD, f"{who.account.name} may not do this.")
            for file in files_of(form):
                await run_in_threadpool(_take, request, who, file)
    except HTTPException as error:
        return await run_in_threadpool(_page, request, who, fault=str(error.detail))
    except UploadRefusedError as error:
        return await run_in_threadpool(_page, request, who, fault=f"{error.message} Next: {error.next_step}")
    return RedirectResponse(f"{request.scope.get('root_path', '')}/upload", status_code=303)


@routes.post("/answers")
def answer_form(
    request: Request,
    who: Annotated[Visitor, Depends(changing(Permission.UPLOAD))],
    question: Annotated[str, Form(max_length=64)] = "",
    text: Annotated[str, Form(max_length=2 * MOST_ANSWER)] = "",
) -> Response:
    """The answer to a question about a file that one sent."""
    desk = site_of(request).desk
    try:
        answer(desk, asked_of(desk, who.account), question, text=one_line_ends(text))
    except (ConflictError, UsageError) as error:
        status = 409 if isinstance(error, ConflictError) else 400
        return _page(request, who, fault=str(error), status=status, entered=(question, text))
    return RedirectResponse(f"{request.scope.get('root_path', '')}/upload", status_code=303)


def _take(request: Request, who: Visitor, file: UploadFile) -> None:
    _check_name(request, who, file.filename or "")
    store_form_file(site_of(request).uploads, who.account.id, file)


def _owner_by_link(request: Request, secret: str) -> str:
    site = site_of(request)
    link = link_of(site, secret)
    if _names_a_file(request):
        metadata = parse_metadata(request.headers.get("upload-metadata", "").strip())
        check_link_name(site, link, name_of(metadata), flow=metadata.get(FLOW) or None)
    return link.id


def _names_a_file(request: Request) -> bool:
    """Whether the request begins a file: a part of one has no name, and what is made of parts has."""
    method = request.headers.get("x-http-method-override", request.method).upper()
    return method == "POST" and request.headers.get("upload-concat") != "partial"


def _encoded(name: str) -> str:
    """The name as metadata of the protocol, so that it is judged as there."""
    return f"filename {b64encode(name.encode()).decode()}"


def _check_name(request: Request, who: Visitor, name: str, *, flow: str | None = None) -> None:
    why = refused_name(site_of(request).platform, who.account, name, flow=flow)
    if why is not None:
        refuse(request, who, Permission.UPLOAD, "")
        raise HTTPException(403, why)


def _is_unfinished(one: Upload, who: Visitor) -> bool:
    return one.owner == who.account.id and one.state is not UploadState.TAKEN and not one.partial


def _unfinished(one: Upload) -> tuple[str, str, str, str]:
    """Name, how its state is drawn, the state, and what to do, of an upload that is no delivery yet, or none at all."""
    name = name_of(one.metadata) or one.upload_id
    match one.state:
        case UploadState.REFUSED:
            return name, "fail", "refused", f"{one.reason} Next: send it again once that is put right."
        case UploadState.COMPLETE:
            return name, "go", "arrived whole, being looked at", "Nothing to do."
        case _:
            here = f"{one.offset_bytes:,} of {one.length_bytes or 0:,} bytes are safe here."
            return name, "wait", "not whole yet", f"{here} Next: choose the same file again; it goes on from there."


def _page(
    request: Request, who: Visitor, *, fault: str = "", status: int = 400, entered: tuple[str, str] = ("", "")
) -> Response:
    """The page; `entered` is the question and the text of an answer that was not taken."""
    platform = site_of(request).platform
    flows = who.flows(Permission.UPLOAD)
    sent = platform.ledger.deliveries(DeliveryFilter(sender=who.account.name, newest_first=True, limit=SHOWN))
    return page(
        request,
        "upload.html",
        who,
        status=status if fault else 200,
        fault=fault,
        questions=questions_of(site_of(request).desk, who),
        most_answer=MOST_ANSWER,
        answered=entered[0],
        entered=entered[1],
        patterns=[(flow, platform.flows[flow].source.files) for flow in flows],
        sent=sent,
        unfinished=[_unfinished(one) for one in site_of(request).uploads.all() if _is_unfinished(one, who)],
        most_bytes=site_of(request).uploads.limits.upload_bytes,
    )
