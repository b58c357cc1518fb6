"""What the API answers about a replay, for its document. Only the edge knows these classes."""

from __future__ import annotations

from pydantic import Field

from headgate.web.api_models import Answer, Balance


class VersionAnswer(Answer):
    """A contract."""

    version: str
    sha256: str = Field(description="Of its canonical JSON.")


class ChangeAnswer(Answer):
    """One difference between two contracts."""

    path: str = Field(description="Of the column, or id of the rule; empty for the contract as a whole.")
    what: str
    senders: str
    readers: str
    level: str = Field(description="`none`, `patch`, `minor` or `major`.")


class ContractChangeAnswer(Answer):
    """What the proposed contract changes."""

    before: VersionAnswer
    after: VersionAnswer
    rise: str = Field(description="Which number of the version must rise.")
    risen_enough: bool
    changes: list[ChangeAnswer]


class ValueChangeAnswer(Answer):
    """A parameter with another value; of a table the SHA-256 of its file."""

    name: str
    before: str | None
    after: str


class CellAnswer(Answer):
    """Rows by verdict now and then."""

    now: str
    then: str
    rows: int


class SampleAnswer(Answer):
    """One row of a reason."""

    delivery: str
    row: int
    column: str
    found: str | None = Field(description="None where there is no value, or it is masked.")


class MoveAnswer(Answer):
    """Rows whose verdict changes, by the reason that will stand on them; of accepted ones, that did."""

    now: str
    then: str
    code: str
    column: str
    rule: str
    words: str
    expected: str
    rows: int
    masked: bool = Field(description="What was found may speak of a person.")
    samples: list[SampleAnswer]


class SideAnswer(Answer):
    """How a delivery would stand."""

    counts: Balance
    held_for: dict[str, str] = Field(description="Reason codes that hold it as a whole, with what was found.")


class ReplayedAnswer(Answer):
    """One delivery under what is in force and under what is proposed."""

    id: str
    file: str
    received: int
    stands: Balance | None = Field(description="As it is; differs from `now` where a check alone would change it.")
    now: SideAnswer
    then: SideAnswer
    matrix: list[CellAnswer]


class LeftOutAnswer(Answer):
    """A delivery that is not in the comparison."""

    id: str
    file: str
    why: str


class ShareAnswer(Answer):
    """Accepted rows of those that are no duplicates, as decimal text; None for no row."""

    now: str | None
    then: str | None


class BalancesAnswer(Answer):
    """All deliveries together."""

    now: Balance
    then: Balance


class ReplayAnswer(Answer):
    """What a proposal would come to over some deliveries."""

    flow: str
    digest: str = Field(description="SHA-256 over all that is shown.")
    contract: ContractChangeAnswer | None = Field(description="None: the contract stays.")
    values: list[ValueChangeAnswer]
    rows: int
    moved: int = Field(description="Rows whose verdict changes.")
    share: ShareAnswer
    counts: BalancesAnswer
    matrix: list[CellAnswer]
    moves: list[MoveAnswer]
    deliveries: list[ReplayedAnswer]
    failing: list[LeftOutAnswer] = Field(description="That a real run would fail on under the proposal.")
    left_out: list[LeftOutAnswer]
