"""What waits for whoever asks, as JSON: questions about what they sent, comments that name them; and their answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request

from headgate.core.roles import Permission
from headgate.deciding.saying import answer, asked_of
from headgate.web.access import SignedIn, Visitor
from headgate.web.api_errors import CHANGES, ERRORS
from headgate.web.case_bodies import AskedAnswer
from headgate.web.case_models import AnswerTaken, WaitingForMe
from headgate.web.cases_api import Body, read_body, takes, writes
from headgate.web.questions import mentions_of, questions_of
from headgate.web.site import site_of

routes = APIRouter(prefix="/api/me", responses=ERRORS, tags=["me"])

Sends = Annotated[Visitor, Depends(writes(Permission.UPLOAD))]


@routes.get("/waiting", response_model=WaitingForMe)
def waiting(request: Request, who: SignedIn) -> dict[str, Any]:
    """Questions about what one sent, and comments that name one and whose case one has not opened since."""
    desk = site_of(request).desk
    return {
        "questions": [msgspec.to_builtins(one) for one in questions_of(desk, who)],
        "mentions": [msgspec.to_builtins(one) for one in mentions_of(desk, who)],
    }


@routes.post("/answers", response_model=AnswerTaken, responses=CHANGES, openapi_extra=takes(AskedAnswer))
def answer_question(request: Request, who: Sends, body: Body) -> dict[str, Any]:
    """Answer a question about what one sent; 409 where it was answered already."""
    desk, asked = site_of(request).desk, read_body(body, AskedAnswer)
    said = answer(desk, asked_of(desk, who.account), asked.question, text=asked.text)
    return {"question": asked.question, "at": said.at, "text": said.text}
