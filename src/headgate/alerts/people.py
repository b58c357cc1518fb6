"""People are told what waits for them: questions to senders and mentions, by the receivers that are theirs.

Only that something waits is told, never its words: whoever carries a message reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import msgspec

from headgate.alerts.desk import Desk
from headgate.alerts.telling import VERSION, Telling
from headgate.core.addressees import Addressed, Addressees, Why
from headgate.core.canonical import digest
from headgate.core.queue import Message
from headgate.core.upload_links import MARK

_AT_ONCE = 500

NamesOf = Callable[[Collection[str]], Mapping[str, Collection[str]]]
"""The names by which settings call accounts and upload links, by id; none for who shall not be told any more."""


def tell_people(desk: Desk, cases: Addressees, names_of: NamesOf) -> int:
    """Hand what waits for somebody to the queue, once for each of their receivers; how many messages.

    It is noted as told after that, so that a kill between the two sends it again under the same id, which queue and
    receiver know. Who has no receiver is told by the pages alone.
    """
    count = 0
    while waits := cases.untold(most=_AT_ONCE):
        names = names_of({one.who for one in waits})
        for one in waits:
            receivers = receivers_of(desk, {one.who, *names[one.who]} if names.get(one.who) else set())
            if receivers:
                desk.queue.send([_message(desk, one, receiver) for receiver in receivers])
            cases.note_told(one, receivers=receivers, at=desk.clock())
            count += len(receivers)
    return count


def receivers_of(desk: Desk, names: Collection[str]) -> list[str]:
    """Receivers that are for one of these people."""
    return [name for name, one in desk.settings.receivers.items() if not set(names).isdisjoint(one.people)]


def _message(desk: Desk, one: Addressed, receiver: str) -> Message:
    id_ = f"pe-{digest([one.case, one.number, one.who, one.why.value])[:16]}.1.{receiver}"
    heading, what, next_, page = _words(one)
    url = desk.settings.url
    telling = Telling(
        version=VERSION,
        id=id_,
        project=desk.project,
        notice=one.why.value,
        alert="",
        kind=one.why.value,
        flow=one.flow,
        subject=one.case if one.why is Why.MENTIONED else "",
        facts={},
        opened_at=one.at,
        resolved_at=None,
        heading=f"{one.flow}: {heading}",
        what=what,
        next=next_,
        url=f"{url}{page}" if url and page else "",
    )
    return Message(id=id_, key=f"{receiver}/{one.flow}"[:128], body=msgspec.json.encode(telling).decode())


def _words(one: Addressed) -> tuple[str, str, str, str]:
    """Heading, what, next step, and the page where it is: of an upload link that is a secret, which is kept nowhere."""
    if one.why is Why.MENTIONED:
        what = f"A comment on case {one.case} of flow {one.flow} names you. Its words are not in this message."
        return "you are mentioned", what, "open the case and read it there.", f"/cases/{one.case}#comments"
    what = f"There is a question about a file that you sent to {one.flow}. Its words are not in this message."
    if one.who.startswith(MARK):
        return "a question about your file", what, "open your upload link and answer there.", ""
    return "a question about your file", what, "open the page \u201cSend files\u201d and answer there.", "/upload"
