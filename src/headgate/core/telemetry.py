"""What Headgate tells those who watch it at work: spans and figures. Nobody watches unless it is wired.

No attribute holds a raw value, a file's name, the name of a person or a secret: ids, flows, numbers and codes only.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import msgspec

Attribute = str | int | float | bool | Sequence[str]
Attributes = Mapping[str, Attribute]
Kind = Literal["internal", "server"]

LINKED = 64  # deliveries of a batch that are told one by one; of the others only how many there are


class Span:
    """Something that takes time. This one is heard by nobody."""

    trace_id = ""  # 32 hex digits; empty where nothing is traced
    span_id = ""  # 16 hex digits

    def name(self, name: str) -> None:
        """Call it otherwise, where only its end tells what it was."""

    def put(self, attributes: Attributes) -> None:
        """Tell more of it."""

    def fail(self, kind: str) -> None:
        """It ended with an error of that type; what the error says stays here, since it may quote data."""

    @property
    def traceparent(self) -> str:
        """For another process to go on with, as W3C Trace Context writes it; empty where nothing is traced."""
        return f"00-{self.trace_id}-{self.span_id}-01" if self.trace_id else ""


class Telemetry(ABC):
    """Hears of spans and figures. Its methods never fail, and wait for nobody but `close`."""

    @abstractmethod
    def span(
        self, name: str, attributes: Attributes, *, kind: Kind = "internal", parent: str = ""
    ) -> AbstractContextManager[Span]:
        """A span around a block, inside the one that surrounds it; `parent` is a traceparent from elsewhere."""

    @abstractmethod
    def delivery(self, place: DeliveryPlace, attributes: Attributes) -> None:
        """A delivery landed: the first span of its own trace."""

    @abstractmethod
    def link(self, places: Sequence[DeliveryPlace]) -> None:
        """The span that surrounds the caller works on these deliveries."""

    @abstractmethod
    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """So many more of something."""

    @abstractmethod
    def seconds(self, name: str, value: float, attributes: Attributes) -> None:
        """Something took so long."""

    @abstractmethod
    def close(self) -> None:
        """Send what was not sent yet; a few seconds at most."""


class DeliveryPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a delivery stands among traces: what its first span is called."""

    trace_id: str
    span_id: str


def place_of(project: str, delivery: str) -> DeliveryPlace:
    """The trace of a delivery, from its id alone: so every process finds it, whenever it works on it.

    >>> place_of("shop", "d-43fe90a5e8d1c537").span_id
    '2cc982f725d7784b'
    """
    digest = hashlib.sha256(f"headgate-trace/1\n{project}\n{delivery}".encode()).hexdigest()
    return DeliveryPlace(trace_id=digest[:32], span_id=digest[32:48])


class Silent(Telemetry):
    """Where nobody watches."""

    def span(
        self, name: str, attributes: Attributes, *, kind: Kind = "internal", parent: str = ""
    ) -> AbstractContextManager[Span]:
        """The same span always."""
        del name, attributes, kind, parent
        return _UNHEARD

    def delivery(self, place: DeliveryPlace, attributes: Attributes) -> None:
        """Nothing."""

    def link(self, places: Sequence[DeliveryPlace]) -> None:
        """Nothing."""

    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """Nothing."""

    def seconds(self, name: str, value: float, attributes: Attributes) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


_UNHEARD = nullcontext(Span())
SILENT = Silent()
