"""The page of an upload link: sending without an account, and what became of what this link sent.

The secret in the address is all that is asked for. There is no cookie and so nothing that another site could borrow;
no address is told to other sites (Referrer-Policy) or kept by caches, and the protocol's requests carry the secret in
a header.
"""

from __future__ import annotations

import json

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.addressees import MOST_ANSWER
from headgate.core.errors import ConflictError, UploadRefusedError, UsageError
from headgate.core.upload_links import UploadLink
from headgate.deciding.saying import answer, asked_by_link
from headgate.serve.deliveries import receipt_file
from headgate.serve.kept_rows import kept_rows_csv
from headgate.upload_admission import link_over
from headgate.upload_links import names_of
from headgate.web.form_files import files_of, one_line_ends, sent_form
from headgate.web.questions import read_questions
from headgate.web.rendering import page
from headgate.web.sent_files import own_delivery, sent_files
from headgate.web.site import site_of
from headgate.web.uploads import check_link_name, link_of, store_form_file

PREFIX = "/send"

routes = APIRouter()


@routes.get("/send/{secret}")
def send_page(request: Request, secret: str, file: str | None = None) -> Response:
    """What may be sent, and what became of what was."""
    try:
        return _page(request, link_of(site_of(request), secret), secret, wanted=file)
    except UploadRefusedError:
        return _over(request)


@routes.post("/send/{secret}")
async def send_form(request: Request, secret: str) -> Response:
    """Files of a plain form, each whole or not at all."""
    site = site_of(request)
    try:
        link = await run_in_threadpool(link_of, site, secret)
    except UploadRefusedError:
        return await run_in_threadpool(_over, request)
    try:
        used = (await run_in_threadpool(site.links.used, [link.id]))[link.id]
        if used.files >= link.most_files:
            raise link_over()
        most_bytes = min(link.most_bytes - used.size_bytes, site.uploads.limits.upload_bytes)
        async with sent_form(request, most_bytes=max(most_bytes, 0)) as form:
            for file in files_of(form):
                await run_in_threadpool(_take, request, link, file)
    except HTTPException as error:
        return await run_in_threadpool(_page, request, link, secret, fault=str(error.detail), status=error.status_code)
    except UploadRefusedError as error:
        fault = f"{error.message} Next: {error.next_step}"
        return await run_in_threadpool(_page, request, link, secret, fault=fault, status=403)
    return RedirectResponse(_place(request, secret), status_code=303)


@routes.post("/send/{secret}/answers")
async def send_answer(request: Request, secret: str) -> Response:
    """The answer to a question about a file that this link sent."""
    site = site_of(request)
    try:
        link = await run_in_threadpool(link_of, site, secret)
    except UploadRefusedError:
        return await run_in_threadpool(_over, request)
    question = text = ""
    try:
        async with sent_form(request, most_bytes=0) as form:
            question, text = (one if isinstance(one := form.get(name), str) else "" for name in ("question", "text"))
        await run_in_threadpool(_answer, request, link, question, text)
    except HTTPException as error:
        return await run_in_threadpool(_page, request, link, secret, fault=str(error.detail), status=error.status_code)
    except (ConflictError, UsageError) as error:
        status = 409 if isinstance(error, ConflictError) else 400
        entered = (question, text[: 2 * MOST_ANSWER])
        return await run_in_threadpool(_page, request, link, secret, fault=str(error), status=status, entered=entered)
    return RedirectResponse(_place(request, secret), status_code=303)


@routes.get("/send/{secret}/receipts/{upload}")
def send_receipt(request: Request, secret: str, upload: str) -> Response:
    """The newest receipt of a file that this link sent."""
    site = site_of(request)
    try:
        one = own_delivery(site, link_of(site, secret), upload)
    except UploadRefusedError:
        return _over(request)
    issued = [] if one is None else site.platform.ledger.receipts((one.id,))
    if not issued:
        return _none(request, "There is no such receipt. Next: look at the link's page again.")
    name = receipt_file(issued[-1])
    with site.platform.receipts.open(name) as stream:
        return _download(stream.read(), name, "application/json")


@routes.get("/send/{secret}/rows/{upload}")
def send_rows(request: Request, secret: str, upload: str) -> Response:
    """Rows of a file of this link that were not published, by number and reason, as CSV."""
    site = site_of(request)
    try:
        one = own_delivery(site, link_of(site, secret), upload)
    except UploadRefusedError:
        return _over(request)
    if one is None:
        return _none(request, "There is no such file. Next: look at the link's page again.")
    return _download(kept_rows_csv(site.platform, one).encode(), f"{upload[:12]}-rows.csv", "text/csv; charset=utf-8")


@routes.get("/send/{secret}/public.json")
def send_keys(request: Request, secret: str) -> Response:
    """The public keys, to verify receipts with."""
    site = site_of(request)
    try:
        link_of(site, secret)
    except UploadRefusedError:
        return _over(request)
    keys = [dict(key) for key in site.platform.secrets.public_keys()]
    return _download(json.dumps(keys, indent=1).encode(), "public.json", "application/json")


def _take(request: Request, link: UploadLink, file: UploadFile) -> None:
    site = site_of(request)
    check_link_name(site, link, file.filename or "")
    store_form_file(site.uploads, link.id, file)


def _answer(request: Request, link: UploadLink, question: str, text: str) -> None:
    desk = site_of(request).desk
    answer(desk, asked_by_link(desk, link), question, text=one_line_ends(text))


def _page(
    request: Request,
    link: UploadLink,
    secret: str,
    *,
    wanted: str | None = None,
    fault: str = "",
    status: int = 200,
    entered: tuple[str, str] = ("", ""),
) -> Response:
    """The link's page; `entered` is the question and the text of an answer that was not taken."""
    site = site_of(request)
    flow = site.platform.flows.get(link.flow)
    files = sent_files(site, link, wanted=wanted)
    used = site.links.used([link.id])[link.id]
    return page(
        request,
        "send.html",
        None,
        status=status,
        link=link,
        here=_place(request, secret),
        names=() if flow is None else names_of(link, flow),
        files_left=max(link.most_files - used.files, 0),
        bytes_left=max(link.most_bytes - used.size_bytes, 0),
        most_bytes=site.uploads.limits.upload_bytes,
        fault=fault,
        questions=read_questions(site.desk, asked_by_link(site.desk, link)),
        most_answer=MOST_ANSWER,
        answered=entered[0],
        entered=entered[1],
        coming=[one for one in files if not one.arrived],
        arrived=[one for one in files if one.arrived],
        one_file=wanted is not None,
    )


def _place(request: Request, secret: str) -> str:
    return f"{request.scope.get('root_path', '')}{PREFIX}/{secret}"


def _over(request: Request) -> Response:
    """The same for an expired, a revoked and an unknown link."""
    return _none(request, str(link_over()), heading="This upload link does not work")


def _none(request: Request, message: str, *, heading: str = "This is not here") -> Response:
    return page(request, "send_over.html", None, status=404, heading=heading, message=message)


def _download(content: bytes, name: str, media_type: str) -> Response:
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},  # a name of ours: letters, digits, - and .
    )
