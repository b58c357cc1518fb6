"""What is said about a case: comments, questions to its sender, and the sender's answers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headgate.core.accounts import Account
from headgate.core.addressees import MOST_ANSWER, MOST_MENTIONS, NOT_ASKED, Addressed, To, Why
from headgate.core.canonical import digest
from headgate.core.cases import MOST_TEXT, Case, Comment
from headgate.core.errors import ConflictError, UsageError
from headgate.core.roles import Permission, may
from headgate.core.upload_links import UploadLink
from headgate.deciding.desk import Desk, origin_of
from headgate.deciding.mentions import mentions_in
from headgate.deciding.senders import Sender, sender_of


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A comment that was entered, and who does not hear of it."""

    comment: Comment
    unseen: tuple[str, ...]  # names it mentions that will not see it
    asked: Sender | None  # of a question


def say(desk: Desk, case: Case, *, by: Account, text: str, question: bool = False, settles: bool = False) -> Said:
    """Comment on a case. A question is put to the sender and marks the case; what `settles` it is their answer told.

    Accounts that the text names are told of it, where they may see the flow.
    """
    if not text.strip() or len(text) > MOST_TEXT:
        raise UsageError(f"a comment has 1 to {MOST_TEXT:,} characters.")
    if question and settles:
        raise UsageError("a comment asks the sender, or tells what the sender answered. Next: write two.")
    if question and case.delivery is None:
        raise UsageError(f"case {case.id} is about rules: there is no sender to ask. Next: say it without asking.")
    named = mentions_in(text, desk.people.accounts.accounts(), flow=case.flow)
    if (names := len(named.accounts) + len(named.unseen)) > MOST_MENTIONS:
        raise UsageError(f"a comment names at most {MOST_MENTIONS} accounts; this one names {names}.")
    asked = sender_of(desk, origin_of(desk, case)) if question else None
    to = [To(who=one.id, why=Why.MENTIONED) for one in named.accounts if one.id != by.id]
    if asked is not None and asked.asks:
        to.append(To(who=asked.id, why=Why.ASKED))
    comment = Comment(
        case=case.id, number=0, account=by.id, at=desk.people.clock(), text=text.strip(), question=question
    )
    entered = desk.cases.comment(comment, to=to, settles=settles)
    return Said(comment=entered, unseen=named.unseen, asked=asked)


def answer(desk: Desk, waiting: Sequence[Addressed], id_: str, *, text: str) -> Comment:
    """Answer one of the questions that wait for somebody, by its short name.

    ConflictError where it was answered meanwhile, or is not asked any more.
    """
    if not text.strip() or len(text) > MOST_ANSWER:
        raise UsageError(f"An answer has 1 to {MOST_ANSWER:,} characters; this one has {len(text.strip()):,}.")
    for one in waiting:
        if question_id(one) == id_:
            at = desk.people.clock()
            return desk.cases.answer(one.case, one.number, who=one.who, text=text.strip(), at=at)
    raise ConflictError(NOT_ASKED)


def question_id(one: Addressed) -> str:
    """The short name of a question: it tells its sender nothing of the case."""
    return digest([one.case, one.number, one.who])[:16]


def asked_of(desk: Desk, account: Account) -> list[Addressed]:
    """Questions that wait for the account, in flows that it still sends to."""
    found = desk.cases.addressed(who=account.id, why=Why.ASKED)
    return [one for one in found if may(account.grants, Permission.UPLOAD, one.flow)]


def asked_by_link(desk: Desk, link: UploadLink) -> list[Addressed]:
    """Questions that wait for whoever holds the link."""
    return [one for one in desk.cases.addressed(who=link.id, why=Why.ASKED) if one.flow == link.flow]


def mentioning(desk: Desk, account: Account) -> list[Addressed]:
    """Comments that name the account and that it has not seen, in flows that it may still see."""
    found = desk.cases.addressed(who=account.id, why=Why.MENTIONED)
    return [one for one in found if may(account.grants, Permission.SEE, one.flow)]
