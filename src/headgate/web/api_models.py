"""What the API answers, for its document: https://spec.openapis.org/oas/v3.1.0. Only the edge knows these classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """What all answers have in common: no member that is not told here."""

    model_config = ConfigDict(extra="forbid")


class Fault(Answer):
    """What went wrong."""

    code: str
    message: str
    next: str | None = Field(default=None, description="What to do, where it is not in the message.")


class Error(Answer):
    """Every error has this form."""

    error: Fault


class Balance(Answer):
    """received = published + held + rejected + duplicate."""

    received: int
    published: int
    held: int
    rejected: int
    duplicate: int


class Reason(Answer):
    """On how many rows one reason stands."""

    verdict: str
    code: str
    column: str
    rule: str
    rows: int


class DeliveryAnswer(Answer):
    """A delivery as it stands."""

    id: str
    flow: str | None = Field(description="None: no flow takes a file of this name.")
    file: str = Field(description="Its name, as the sender calls it.")
    state: str
    landed_at: datetime
    size_bytes: int
    sha256: str = Field(description="Of the bytes as they came.")
    counts: Balance | None = Field(description="None where nothing was counted.")
    reasons: list[Reason]
    held_for: list[str] = Field(description="Reason codes that hold it as a whole.")
    publication: int | None
    receipt: str | None = Field(description="File name of the newest receipt.")
    note: str
    trace_id: str = Field(description="Of its span, where traces are sent somewhere.")


class DeliveryPage(Answer):
    """Some deliveries, the newest first."""

    deliveries: list[DeliveryAnswer]
    next: int | None = Field(description="`before` of the following page; None on the last.")


class ReceiptLine(Answer):
    """One receipt of a delivery."""

    number: int
    file: str
    sha256: str = Field(description="Of its body.")
    event_index: int = Field(description="Of its leaf in the log.")


class ReceiptList(Answer):
    """The receipts of a delivery, by number."""

    receipts: list[ReceiptLine]


class FlowAnswer(Answer):
    """A flow and how it stands."""

    name: str
    contract: str = Field(description="Id of its contract.")
    contract_version: str
    files: list[str] = Field(description="Patterns of the names that it takes.")
    schedule: str | None = Field(description="When deliveries are expected: a cron expression in UTC.")
    accept_at_least: float = Field(description="Share of accepted rows below which a delivery is held.")
    deliveries: dict[str, int] = Field(description="How many there are by state.")
    rows_held: int


class FlowList(Answer):
    """The flows that one may see, by name."""

    flows: list[FlowAnswer]


class EventAnswer(Answer):
    """One event of the log."""

    index: int
    at: datetime
    type: str
    flow: str | None
    delivery: str | None
    who: str = Field(description="Id of the account that did it; `system` for none.")
    fields: dict[str, Any]
    hash: str = Field(description="Of its leaf, in hex.")


class EventPage(Answer):
    """Some events, the newest first."""

    events: list[EventAnswer]
    next: int | None = Field(description="`before` of the following page; None on the last.")
