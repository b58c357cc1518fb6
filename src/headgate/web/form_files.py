"""Files of a plain form, read once it is known who sends them, and no more of them than that sender may send.

FastAPI reads a form before it asks who is there, and keeps files of any size meanwhile; so these forms are read here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from headgate.web.request_body import Pace, RequestBody, SlowBodyError

MOST_FILES, MOST_FIELDS = 50, 10
_AROUND_BYTES = 1 << 20  # names, fields and boundaries beside the files


@asynccontextmanager
async def sent_form(request: Request, *, most_bytes: int) -> AsyncIterator[FormData]:
    """The fields and files of the form; HTTPException 413, 408 or 400 where it is too large, too slow or none."""
    body = RequestBody(request, Pace()).pieces()
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        piece = await anext(body, None)
        taken += len(piece or b"")
        if taken > most_bytes + _AROUND_BYTES:
            raise HTTPException(413, f"The form has more than the {most_bytes} bytes that you may still send.")
        return {"type": "http.request", "body": bytes(piece or b""), "more_body": piece is not None}

    read = Request(request.scope, receive)
    try:
        form = await read.form(max_files=MOST_FILES, max_fields=MOST_FIELDS)
    except SlowBodyError as error:
        raise HTTPException(408, "The form came too slowly.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The connection broke; nothing was taken.") from error
    try:
        yield form
    finally:
        await form.close()


def one_line_ends(text: str) -> str:
    """The text of a form with a line feed at the ends of its lines: browsers send two signs, and count one."""
    return text.replace("\r\n", "\n")


def files_of(form: FormData) -> list[UploadFile]:
    """The files that were chosen; HTTPException 400 for none."""
    files = [one for one in form.getlist("file") if isinstance(one, UploadFile) and one.filename]
    if not files:
        raise HTTPException(400, "No file was chosen.")
    return files
