"""What a report tells about its run: records that the caller fills from the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from headgate.core.errors import BalanceError, UsageError
from headgate.core.reasons import Verdict
from headgate.core.states import DeliveryState


class Noun(msgspec.Struct, frozen=True, kw_only=True):
    """What one record is called."""

    one: str  # transaction
    many: str  # transactions

    def for_count(self, count: int) -> str:
        """The form that goes with that number."""
        return self.one if count == 1 else self.many


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Where every record went. Raises BalanceError where the parts do not add up to what was received."""

    received: int
    published: int
    held: int
    rejected: int
    duplicate: int

    def __post_init__(self) -> None:
        parts = (self.published, self.held, self.rejected, self.duplicate)
        if min(parts) < 0 or sum(parts) != self.received:
            raise BalanceError(
                f"{self.received} received is not {self.published} published + {self.held} held + {self.rejected} "
                f"rejected + {self.duplicate} duplicate; no report is made. Run `headgate audit verify`."
            )

    @property
    def acceptance(self) -> Decimal | None:
        """Published by received without duplicates, from 0 to 1; None where nothing else came."""
        judged = self.received - self.duplicate
        return Decimal(self.published) / judged if judged else None


class DeliveryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of the run."""

    id: str
    file: str
    state: DeliveryState
    counts: Balance | None = None  # None: failed, refused or unmatched, which count nothing
    held_reason: str | None = None  # of a delivery held as a whole: reason code or sentence


class ReasonFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How often one reason was given. A row may carry several."""

    verdict: Verdict | None  # None for a warning: the row went on
    code: str
    column: str
    rows: int
    share: Decimal  # of the rows received, 0 to 1
    usual_share: Decimal | None = None  # over the last 30 days; None where nothing is known
    description: str = ""  # the rule in words; empty: the code stands in


class ContractFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The contract that was in force."""

    name: str
    version: str
    digest: str  # SHA-256, hexadecimal
    rules: int


class ParameterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of the flow as the run used it."""

    name: str
    version: int
    value: str  # canonical text; empty for a table


class TableFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the version set that the report reads."""

    name: str  # with its layer: gold.daily
    version: int
    digest: str | None = None  # SHA-256 over the sorted row hashes


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a report says and that no table holds. Times are taken over as UTC; naive ones are refused."""

    run_id: str
    flow: str  # name of the folder
    flow_title: str  # as a person calls it
    started: datetime
    ended: datetime
    noun: Noun
    balance: Balance
    threshold: Decimal  # least share of accepted rows
    deliveries: tuple[DeliveryFacts, ...]
    reasons: tuple[ReasonFacts, ...]
    warnings: tuple[ReasonFacts, ...]
    contract: ContractFacts
    parameters: tuple[ParameterFacts, ...]
    tables: tuple[TableFacts, ...]
    headgate_version: str

    def __post_init__(self) -> None:
        for name in ("started", "ended"):
            moment: datetime = getattr(self, name)
            if moment.tzinfo is None:
                raise UsageError(f"Run {self.run_id}: {name} {moment.isoformat()} has no time zone; pass UTC.")
            msgspec.structs.force_setattr(self, name, moment.astimezone(UTC))

    def held_whole(self) -> tuple[DeliveryFacts, ...]:
        """The deliveries of which nothing is published until a person releases them."""
        return tuple(delivery for delivery in self.deliveries if delivery.held_reason is not None)
