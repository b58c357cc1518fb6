"""What calls about cases and changes are asked with: JSON whose every member is named, typed and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from headgate.core.addressees import MOST_ANSWER
from headgate.core.cases import MOST_TEXT, Act
from headgate.web.access import MOST_INDEX

MOST_BODY = 1 << 20  # of a contract or a table, as of the whole request
Deliveries = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=64)], ...], msgspec.Meta(max_length=50)]
RowNumber = Annotated[int, msgspec.Meta(ge=1, le=MOST_INDEX)]
Digest = Annotated[str, msgspec.Meta(max_length=64)]
Words = Annotated[str, msgspec.Meta(max_length=MOST_TEXT)]
Text = Annotated[str, msgspec.Meta(max_length=MOST_BODY)]
Path = Annotated[str, msgspec.Meta(max_length=1_000)]
Number = Annotated[int, msgspec.Meta(ge=1, le=MOST_INDEX)]


class AskedEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of a correction: values by path, or the whole record as JSON text."""

    row: RowNumber
    values: Mapping[Path, str | None] = {}
    record: str | None = None


class AskedPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be done with which rows; `rows` none: all."""

    act: Act
    rows: tuple[RowNumber, ...] | None = None
    but: tuple[RowNumber, ...] = ()
    code: str | None = None
    value: str | None = None
    edits: tuple[AskedEdit, ...] = ()
    every: Mapping[Path, str | None] | None = None
    contract: Text | None = None  # that a drift is accepted with; none: a draft with its new columns
    reason: Words = ""  # of a proposal
    digest: Digest | None = None  # of the plan that was looked at; without one the plan as it is now is proposed
    instead: Digest | None = None  # of the decision under way that this one changes


class AskedChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be in force in a flow: a contract, values of parameters, or both."""

    flow: Annotated[str, msgspec.Meta(max_length=200)]
    contract: Text | None = None  # the whole text
    parameters: Mapping[Path, Text] = {}  # by name; of a table the content of its CSV file
    replay: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0  # over so many of the newest deliveries
    reason: Words = ""  # of a proposal
    digest: Digest | None = None  # of the plan that was looked at; without one the change as it is now is proposed
    instead: Digest | None = None  # of the decision under way that this one changes


class AskedVote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A yes to one content."""

    number: Number
    digest: Digest


class AskedEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision that is to be undone."""

    number: Number
    note: Words = ""


class AskedComment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is said."""

    text: Words
    question: bool = False
    settles: bool = False  # it tells what the sender answered by another way


class AskedAssignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be responsible."""

    account: Annotated[str, msgspec.Meta(max_length=200)] | None  # name or id; none: nobody


class AskedAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sender answers."""

    question: Digest
    text: Annotated[str, msgspec.Meta(max_length=MOST_ANSWER)]


class AskedReplay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proposal, and the deliveries that it is replayed over."""

    contract: Text | None = None  # the whole text; none: it stays
    parameters: Mapping[Path, Text] = {}  # by name; of a table the content of its CSV file
    deliveries: Deliveries | None = None  # none: the newest
    newest: Annotated[int, msgspec.Meta(ge=1, le=50)] = 10
