"""The port of a queue: messages that are leased, and told to be done. Beside `ports.py`, which is long enough.

A queue carries what may be told late and told twice: notifications. The work of the pipeline is no message: its leases
stand in the ledger alone, and a queue only wakes. The words and what they promise are those of Azure Service Bus, so
that it can be the second implementation: `key` is its session, a lease its PeekLock, `id` its message id.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

import msgspec

from headgate.core.records import require_utc

MOST_DELIVERIES = 10
"""After so many leases that did not end in `complete` a message is a dead letter."""

DUPLICATES_S = 86_400.0
"""For so long the id of a message is known, and another one of that id is dropped."""

TOO_MANY_DELIVERIES = "MaxDeliveryCountExceeded"
"""Reason of a dead letter that nobody put there, as Service Bus says it."""

MOST_ID, MOST_BODY_BYTES = 128, 192 << 10  # what Service Bus takes in its standard tier, headers left over


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Something to send."""

    id: str  # the same for the same thing: a second one is dropped for a while
    body: str
    key: str = ""  # messages of one key are leased one at a time, in their order; empty: in no order
    not_before: datetime | None = None  # it is not there until then, and takes its place in the order then

    def __post_init__(self) -> None:
        require_utc(self.not_before)
        if not 0 < len(self.id) <= MOST_ID or len(self.key) > MOST_ID:
            raise ValueError(f"the id of a message has 1 to {MOST_ID} characters, its key as many or none")
        if len(self.body.encode()) > MOST_BODY_BYTES:
            raise ValueError(f"a message has at most {MOST_BODY_BYTES:,} bytes")


class Leased(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nobody else gets until `locked_until`."""

    number: int  # of the message in its queue
    token: int  # of this lease: whatever is said under an older one is refused
    id: str
    key: str
    body: str
    deliveries: int  # how often it was leased, this time included
    sent_at: datetime
    locked_until: datetime


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that nobody gets any more, until it is put back."""

    number: int
    id: str
    key: str
    body: str
    deliveries: int
    sent_at: datetime
    died_at: datetime
    reason: str  # a word for programs
    description: str  # for people


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages a queue has."""

    waiting: int = 0  # to be leased now or after a delay, or behind another one of their key
    leased: int = 0
    scheduled: int = 0  # `not_before` is to come
    dead: int = 0


class Queue(ABC):
    """Messages of one queue, each told to be done at least once, and in the order of its key.

    Every method is one transaction. Leases and delays go by the queue's own clock. What is said under a lease that has
    ended is refused with LeaseLostError, and changes nothing.
    """

    @abstractmethod
    def send(self, messages: Sequence[Message]) -> int:
        """Take messages in durably, all or none; how many were new. One whose id was sent lately is dropped."""

    @abstractmethod
    def lease(self, *, most: int = 1, ttl_s: float = 60.0) -> list[Leased]:
        """Up to so many messages that wait longest, at most one of each key; the later ones of that key wait for it."""

    @abstractmethod
    def renew(self, leased: Leased, *, ttl_s: float = 60.0) -> Leased:
        """Hold a message longer."""

    @abstractmethod
    def complete(self, leased: Leased) -> None:
        """The message is done, and gone."""

    @abstractmethod
    def abandon(self, leased: Leased, *, delay_s: float = 0.0) -> None:
        """Give a message back; it keeps its place, and is leased again after the delay. The last time it dies."""

    @abstractmethod
    def dead_letter(self, leased: Leased, *, reason: str, description: str) -> None:
        """Lay a message aside that cannot be done; the later ones of its key go on."""

    @abstractmethod
    def dead_letters(self, *, after: int = 0, most: int = 100) -> list[DeadLetter]:
        """Dead letters by number, those behind `after`."""

    @abstractmethod
    def put_back(self, number: int) -> None:
        """Let a dead letter be tried anew, behind what waits; NotFoundError where there is none of that number."""

    @abstractmethod
    def counts(self) -> QueueCounts:
        """How many messages there are."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""
