"""What a replay shows: each delivery, each verdict and each reason, now and then, under one digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from headgate.core.canonical import digest
from headgate.core.contract_diff import Change
from headgate.core.errors import BalanceError
from headgate.core.flow import Flow
from headgate.core.reasons import Verdict
from headgate.core.records import Counts, Delivery
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.deciding.replay_choice import Choice, LeftOut
from headgate.deciding.replay_comparing import Cell, Compared
from headgate.deciding.replay_judging import Judged
from headgate.deciding.replay_proposal import Proposed, ValueChange
from headgate.deciding.replay_words import MoveLine, tell_moves
from headgate.review.holding import share_accepted


class ContractChange(msgspec.Struct, frozen=True, kw_only=True):
    """What the proposed contract changes."""

    before: str  # version
    after: str
    digest_before: str
    digest_after: str
    rise: str  # which number of the version must rise: none, patch, minor, major
    risen_enough: bool
    changes: tuple[Change, ...]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery would stand."""

    counts: Counts
    held_for: Mapping[str, str]  # reason codes that hold it as a whole, each with what was found; empty: it goes on


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery under what is in force, and under what is proposed."""

    id: str
    name: str
    received: int
    stands: Counts | None  # as the ledger has it; differs from `now` where a check alone would change it
    now: Side
    then: Side
    cells: tuple[Cell, ...]  # all rows by verdict now and then


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a proposal would come to over some deliveries."""

    flow: str
    contract: ContractChange | None  # None: the contract stays
    values: tuple[ValueChange, ...]
    deliveries: tuple[Replayed, ...]  # the newest first
    failing: tuple[LeftOut, ...]  # that a real run would fail on under the proposal: each with why
    left_out: tuple[LeftOut, ...]  # not replayed, or failing as they are
    cells: tuple[Cell, ...]  # all rows by verdict now and then
    moves: tuple[MoveLine, ...]  # rows whose verdict changes, by reason, most rows first
    now: Counts  # of all
    then: Counts
    digest: str  # SHA-256 over all that is shown here

    @property
    def rows(self) -> int:
        """Rows that were judged twice."""
        return self.now.received

    @property
    def moved(self) -> int:
        """Rows whose verdict changes."""
        return sum(cell.rows for cell in self.cells if cell.now != cell.then)

    @property
    def share_now(self) -> Decimal | None:
        """Accepted of what is no duplicate; None for no row."""
        return share_accepted(self.now)

    @property
    def share_then(self) -> Decimal | None:
        """The same under what is proposed."""
        return share_accepted(self.then)


def tell_replay(
    flow: Flow,
    proposed: Proposed,
    choice: Choice,
    *,
    now: Judged,
    then: Judged,
    compared: Compared,
) -> Replay:
    """Put together what two judgements of the same deliveries came to."""
    will = {one.id: one for one in then.ends}
    was = {one.id: one for one in now.ends}
    told = tuple(
        _replayed(one, was[one.id], will[one.id], compared.cells.get(one.id, ()))
        for one in reversed(choice.deliveries)
        if one.id in was and one.id in will
    )
    found = Replay(
        flow=flow.name,
        contract=_contract_change(flow, proposed),
        values=proposed.changes,
        deliveries=told,
        failing=_failing(choice, {id_: why for id_, why in then.failed.items() if id_ not in now.failed}),
        left_out=(*_failing(choice, now.failed), *choice.left_out),
        cells=_summed(told),
        moves=tell_moves(flow, proposed, compared.moves),
        now=sum((one.now.counts for one in told), Counts()),
        then=sum((one.then.counts for one in told), Counts()),
        digest="",
    )
    return replace(found, digest=digest(msgspec.to_builtins(found, enc_hook=str)))


def _replayed(one: Delivery, was: Delivery, will: Delivery, cells: Sequence[Cell]) -> Replayed:
    assert was.counts is not None
    assert will.counts is not None
    if was.counts.received != will.counts.received:
        raise BalanceError(
            f"delivery {one.id} has {was.counts.received:,} rows under what is in force and {will.counts.received:,} "
            "under what is proposed; they cannot be compared. Next: report this fault."
        )
    same = was.counts.received - sum(cell.rows for cell in cells)
    accepted = Cell(now=Verdict.ACCEPTED.value, then=Verdict.ACCEPTED.value, rows=same)
    return Replayed(
        id=one.id,
        name=one.name,
        received=was.counts.received,
        stands=one.counts,
        now=_side(was),
        then=_side(will),
        cells=(accepted, *cells) if same else tuple(cells),
    )


def _side(one: Delivery) -> Side:
    assert one.counts is not None
    held = one.facts.get("held", {}) if one.state is DeliveryState.HELD else {}
    return Side(counts=one.counts, held_for={str(code): found for code, found in held.items()})


def _failing(choice: Choice, failed: Mapping[str, str]) -> tuple[LeftOut, ...]:
    return tuple(
        LeftOut(id=one.id, name=one.name, why=failed[one.id]) for one in reversed(choice.deliveries) if one.id in failed
    )


def _summed(told: Sequence[Replayed]) -> tuple[Cell, ...]:
    rows: Counter[tuple[str, str]] = Counter()
    for one in told:
        for cell in one.cells:
            rows[cell.now, cell.then] += cell.rows
    order = [verdict.value for verdict in Verdict]
    return tuple(Cell(now=now, then=then, rows=rows[now, then]) for now in order for then in order if rows[now, then])


def _contract_change(flow: Flow, proposed: Proposed) -> ContractChange | None:
    if proposed.flow.contract.digest == flow.contract.digest:
        return None
    return ContractChange(
        before=flow.contract.version,
        after=proposed.flow.contract.version,
        digest_before=flow.contract.digest,
        digest_after=proposed.flow.contract.digest,
        rise=proposed.rise.name.lower(),
        risen_enough=proposed.risen_enough,
        changes=proposed.contract_changes,
    )
