"""What the API answers about cases and alerts, for its document. Only the edge knows these classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from headgate.core.alerts import AlertKind
from headgate.core.cases import Act, CaseKind, CaseState, DecisionState
from headgate.web.api_models import Answer


class CaseAnswer(Answer):
    """Something that a person must decide: rows of one delivery that wait for the same reason, or a change of rules."""

    id: str
    flow: str
    delivery: str | None = Field(description="None: a change of rules.")
    kind: CaseKind
    rule: str = Field(description="That leads; `delivery` where it is held as a whole, `flow` for a change of rules.")
    code: str
    column: str
    rows: int = Field(description="When it was opened.")
    left: int = Field(description="Not yet decided and executed.")
    contract: str = Field(description="Digest of the contract that judged the rows, or that shall be changed.")
    state: CaseState
    opened_at: datetime
    due_at: datetime | None = Field(description="Then it is escalated.")
    closed_at: datetime | None
    note: str = Field(description="Why it was closed.")
    assigned: str | None = Field(description="Account that is responsible.")
    asked: bool = Field(description="The sender was asked, and has not answered.")


class CaseList(Answer):
    """Cases, the one due first; at most 1,000."""

    cases: list[CaseAnswer]


class VoteAnswer(Answer):
    """One account's yes to exactly one content."""

    account: str
    digest: str
    at: datetime
    void: str = Field(description="Why it does not count (any more).")


class DecisionAnswer(Answer):
    """What somebody proposes to do with rows of a case, and who agreed."""

    case: str
    number: int
    act: Act
    digest: str = Field(description="Of its document: what votes are bound to.")
    rows: int
    reason: str
    proposed_by: str
    editors: list[str] = Field(description="Accounts that wrote what is proposed, records or rules: they have no vote.")
    needed: int = Field(description="Votes.")
    state: DecisionState
    proposed_at: datetime
    expires_at: datetime
    due_at: datetime | None = Field(description="Once decided: executed from then on.")
    amendment: str | None = Field(description="The delivery made of it.")
    note: str
    votes: list[VoteAnswer]


class CommentAnswer(Answer):
    """What somebody said about a case."""

    case: str
    number: int
    account: str = Field(description="Id of the account, or of the upload link whose holder answered.")
    at: datetime
    text: str
    question: bool = Field(description="To the sender.")


class SaidAnswer(CommentAnswer):
    """A comment that was entered, and who does not hear of it."""

    unseen: list[str] = Field(description="Names it mentions that will not see it.")
    asked: str = Field(description="Of a question: where the sender finds it, or why nobody was asked. Else empty.")


class QuestionAnswer(Answer):
    """A question about a file that one sent."""

    id: str = Field(description="What an answer names.")
    delivery: str
    file: str
    flow: str
    at: datetime
    text: str


class MentionAnswer(Answer):
    """A comment that names one, and whose case one has not opened since."""

    case: str
    flow: str
    by: str = Field(description="Name of the account that wrote it.")
    at: datetime
    text: str


class WaitingForMe(Answer):
    """What waits for whoever asks; at most 100 of each."""

    questions: list[QuestionAnswer]
    mentions: list[MentionAnswer]


class AnswerTaken(Answer):
    """An answer as it was entered."""

    question: str
    at: datetime
    text: str


class WholeCase(CaseAnswer):
    """A case with what was decided and said."""

    changes: list[str] = Field(description="What a change of rules changes, in words; of another case none.")
    decisions: list[DecisionAnswer]
    comments: list[CommentAnswer]


class RowReason(Answer):
    """Why a row waits; a value that may be personal is masked unless it was asked for."""

    code: str
    column: str
    value: str | None
    rule: str
    consequence: str


class RowAnswer(Answer):
    """A row that waits."""

    row: int
    reasons: list[RowReason]


class WholeRow(RowAnswer):
    """The same with the record as it came."""

    record: str | None


class RowPage(Answer):
    """Rows that wait, by number."""

    rows: list[WholeRow | RowAnswer]
    next: int | None = Field(description="`after` of the following page; None on the last.")


class StoppedReason(Answer):
    """Why a row would not pass; without its value."""

    code: str
    column: str
    rule: str
    consequence: str


class StoppedRow(Answer):
    """A row that would stay held."""

    row: int
    reasons: list[StoppedReason]


class PlanAnswer(Answer):
    """What a decision would do; nothing of it says a value."""

    sentence: str
    digest: str = Field(description="What to propose: send it with the same body.")
    asked: int = Field(description="Rows that were selected.")
    rows: int = Field(description="Rows that the decision would speak of.")
    needed: int = Field(description="Votes.")
    elements: int = Field(description="Of lists that a correction puts a value into.")
    duplicates: int
    codes: dict[str, int] = Field(description="Reason codes of the rows that would not pass, and on how many.")
    stopped: list[StoppedRow] = Field(description="The first of the rows that would not pass.")
    contract: list[str] = Field(description="What accepting a drift changes in it: lines of a unified diff.")


class OutlookAnswer(Answer):
    """What a replay of a change came to; `what-if` tells more."""

    digest: str = Field(description="SHA-256 over all that the replay shows.")
    sentence: str
    notes: list[str] = Field(description="Deliveries that would be held, or would not any more, as a whole.")
    cells: list[tuple[str, str, int]] = Field(description="Verdict now, verdict then, rows.")
    deliveries: list[str] = Field(description="That were replayed.")


class ChangeAnswer(Answer):
    """What a change of rules would be."""

    case: str = Field(description="That would be opened, or is.")
    flow: str
    digest: str = Field(description="What to propose: send it with the same body.")
    changes: list[str] = Field(description="In words: of the contract, then of parameters.")
    contract: list[str] = Field(description="Lines of a unified diff; none where the contract stays.")
    parameters: dict[str, str] = Field(description="As the ledger would keep them; a table as its SHA-256.")
    replay: OutlookAnswer | None = Field(description="Null where none was asked for.")
    needed: int = Field(description="Votes, none of them from who proposes.")


class AlertAnswer(Answer):
    """Something that is or was wrong."""

    id: str
    key: str
    kind: AlertKind
    flow: str = Field(description="Empty: of the project as a whole.")
    subject: str
    state: str = Field(description="open, acknowledged, silenced or over")
    heading: str
    what: str
    next: str = Field(description="What to do.")
    facts: dict[str, Any]
    opened_at: datetime
    told_at: datetime | None
    level: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    silenced_until: datetime | None
    resolved_at: datetime | None


class SilenceAnswer(Answer):
    """What nobody is told of, and until when."""

    id: str
    key: str | None
    kind: AlertKind | None
    flow: str | None
    until: datetime
    reason: str
    by: str


class AlertList(Answer):
    """Alerts that stand, then the newest of those that are over; and silences."""

    alerts: list[AlertAnswer]
    silences: list[SilenceAnswer]
