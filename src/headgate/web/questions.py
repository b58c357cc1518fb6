"""Questions to senders, and comments that name somebody, as pages show them.

Of a question a sender is shown the file and the words, and nothing else of the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from headgate.core.addressees import Addressed
from headgate.core.ports import DeliveryFilter
from headgate.deciding.desk import Desk
from headgate.deciding.saying import asked_of, mentioning, question_id
from headgate.web.access import Visitor
from headgate.web.waiting import account_names


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question to whoever sent a file."""

    id: str
    delivery: str  # to put it beside the file; not for outsiders
    file: str
    flow: str
    at: datetime
    text: str


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A comment that names somebody who has not opened its case since."""

    case: str
    flow: str
    by: str  # name of the account
    at: datetime
    text: str


def read_questions(desk: Desk, found: Sequence[Addressed]) -> list[Question]:
    """Questions that wait for a sender, with the names of their own files."""
    put = [(one, one.delivery) for one in found if one.delivery is not None]
    which = DeliveryFilter(ids=tuple({delivery for _, delivery in put}))
    names = {one.id: one.name for one in desk.platform.ledger.deliveries(which)} if put else {}
    return [
        Question(id=question_id(one), delivery=delivery, file=names[delivery], flow=one.flow, at=one.at, text=one.text)
        for one, delivery in put
    ]


def questions_of(desk: Desk, who: Visitor) -> list[Question]:
    """Questions about what the visitor sent."""
    return read_questions(desk, asked_of(desk, who.account))


def mentions_of(desk: Desk, who: Visitor) -> list[Mention]:
    """Comments that name the visitor."""
    found = [one for one in mentioning(desk, who.account) if one.flow in who.known_flows]
    names = account_names(desk, [one.by for one in found])
    return [Mention(case=one.case, flow=one.flow, by=names[one.by], at=one.at, text=one.text) for one in found]
