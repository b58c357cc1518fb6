"""To whom a comment on a case speaks: the sender who is asked, and accounts that it names. And the port that keeps it.

Somebody is told until nothing is left to do: a question until it is answered, a mention until its case was opened.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

MOST_ANSWER = 2_000  # characters of what a sender answers
NOT_ASKED = (
    "This question was answered already, or is not asked any more; your answer was not taken. "
    "Next: open the page again, and see whether another question stands there."
)
MOST_MENTIONS = 20  # accounts that one comment tells


class Why(StrEnum):
    """Why a comment is for somebody."""

    ASKED = "asked"  # they sent the delivery, and are asked about it
    MENTIONED = "mentioned"


class To(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a new comment speaks to."""

    who: str  # id of an account, or of an upload link
    why: Why


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """A comment that still waits for somebody."""

    case: str
    number: int  # of the comment
    who: str
    why: Why
    flow: str
    delivery: str | None  # None: a change of rules
    by: str  # account that wrote it
    at: datetime
    text: str


class Addressees(ABC):
    """Who is spoken to, beside the comments."""

    @abstractmethod
    def addressed(
        self, *, who: str | None = None, why: Why | None = None, case: str | None = None, most: int = 100
    ) -> list[Addressed]:
        """What waits for somebody, the oldest first: questions of open cases, and mentions that were not seen."""

    @abstractmethod
    def see(self, case: str, *, who: str, at: datetime) -> int:
        """Somebody opened the case: what names them in it waits no longer; how much did."""

    @abstractmethod
    def untold(self, *, most: int) -> list[Addressed]:
        """What waits for somebody whose receivers were not told of it yet, the oldest first."""

    @abstractmethod
    def note_told(self, one: Addressed, *, receivers: Sequence[str], at: datetime) -> None:
        """A queue has it for these receivers, durably, with the event `told`; without any there is none."""
