"""Third step: final verdicts. What depends on published tables is settled here, a flow at a time, in landing order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec

from headgate.core.batches import CheckedBatch, CheckedDelivery, ReviewedBatch
from headgate.core.errors import BalanceError, DeliveryError
from headgate.core.flow import Flow, NewVersion
from headgate.core.naming import outcomes_table, quarantine_table, table_name
from headgate.core.observed import observed
from headgate.core.overlay import DISCARDED_WHOLE, Overlay, amendments_of, is_amendment
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter, Engine, TableSnapshot
from headgate.core.quarantine_schema import OUTCOMES_SCHEMA
from headgate.core.reasons import ReasonCode
from headgate.core.records import Delivery, StagedFile
from headgate.core.replacing import replace
from headgate.core.side_by_side import side_by_side
from headgate.core.states import DeliveryState
from headgate.review.decided import Decided
from headgate.review.holding import holding
from headgate.review.keys import PUBLISHED, compare_keys, find_candidates, find_twins
from headgate.review.leading import Opened, find_cases
from headgate.review.origins import KEPT, LEFT, Moved, move_origins
from headgate.review.quarantine import stage_quarantine
from headgate.review.references import referenced_tables
from headgate.review.relations import count_rows, open_engine
from headgate.review.set_rules import judge_python, judge_sets, missing_tables
from headgate.review.verdicts import Tallies, counts_of, decide, excluded_sql, join_sets, tally

MAY_CHANGE = {ReasonCode.BELOW_THRESHOLD, ReasonCode.NOT_ALL_ACCEPTED}
"""What holds a delivery for the share of its rows, which is another one once a twin of theirs is left out."""


@observed("review")
def review(batches: Sequence[CheckedBatch], platform: Platform) -> ReviewedBatch:
    """Judge the staged deliveries against each other and against what is published; say which go on.

    Takes one or more checked batches of one flow, in landing order, under the flow's lease. The deliveries come back
    as they shall stand once the publication is in: published or held, with counts and reasons.
    """
    flow = batches[0].flow
    sound = {one.id: one for batch in batches for one in batch.checked if not (one.unreadable or one.error)}
    deliveries = tuple(one for batch in batches for one in batch.deliveries if one.id in sound)
    work = _Settling(
        flow=flow,
        platform=platform,
        batches=batches,
        deliveries=deliveries,
        sound=sound,
        parameters={one.id: batch.parameters for batch in batches for one in batch.deliveries},
        references=referenced_tables(flow, platform),
    )
    return work.settle()


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is published of the record table."""

    columns: Collection[str]  # none where nothing is
    key: tuple[str, ...] | None  # its columns of the contract's key; None where nothing is published
    family: Collection[str]  # deliveries whose published rows do not count: the same ones, or those being replaced


class _Settling(msgspec.Struct, frozen=True, kw_only=True):
    flow: Flow
    platform: Platform
    batches: Sequence[CheckedBatch]
    deliveries: tuple[Delivery, ...]
    sound: dict[str, CheckedDelivery]
    parameters: Mapping[str, Mapping[str, int]]  # delivery -> versions under which its rows were checked
    # Looked up once: another flow may publish meanwhile, and a table that was missing when its rule was judged must
    # hold the delivery, not be found afterwards.
    references: Mapping[str, TableSnapshot | None]

    def settle(self) -> ReviewedBatch:
        earlier = self._earlier_versions()
        superseded = self._superseded(earlier)
        engine, decided = open_engine(self.platform, self.batches, self.deliveries)
        try:
            staged = count_rows(engine)
            known = self._published(engine, superseded)
            notes = self._judge_sets(engine, known, decided, sum(staged.values()))
            ends = self._decide(engine, earlier, known, staged)
            opened = find_cases(engine, self.flow, ends)
            excluded, quarantine = self._stage_rest(engine, ends, opened)
            moved = self._move_origins(engine, ends)
        finally:
            engine.close()
        return ReviewedBatch(
            flow=self.flow,
            deliveries=tuple(replace(one, facts={**one.facts, "notes": notes}) if notes else one for one in ends),
            superseded=self._replaced(superseded, ends),
            origins=moved.origins,
            cases=opened.cases,
            settled=moved.settled,
            overlays=self.overlays,
            rows=tuple(file for batch in self.batches for file in batch.rows),
            excluded=excluded,
            quarantine=quarantine,
            parameters=self.batches[-1].parameters,
            folders=tuple(batch.folder for batch in self.batches),
        )

    @property
    def overlays(self) -> dict[str, Overlay]:
        return {id_: one for batch in self.batches for id_, one in batch.overlays.items()}

    def _move_origins(self, engine: Engine, ends: Sequence[Delivery]) -> Moved:
        ids = tuple({one.facts["origin"] for one in ends if is_amendment(one)})
        if not ids:
            return Moved()
        origins = {one.id: one for one in self.platform.ledger.deliveries(DeliveryFilter(ids=ids))}
        for name, table in ((KEPT, quarantine_table(self.flow.name)), (LEFT, outcomes_table(self.flow.name))):
            standing = self.platform.tables.snapshot(table)
            if standing is not None:
                engine.register(name, standing.files)
            else:
                engine.register(name, OUTCOMES_SCHEMA.empty_table())
        return move_origins(engine, ends, origins, self.overlays)

    def _replaced(self, superseded: Mapping[str, Delivery], ends: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Earlier versions whose place is taken now, each with its amendments."""
        published = {one.id for one in ends if one.state is DeliveryState.PUBLISHED}
        by = {old.id: new for new, old in superseded.items() if new in published}
        gone = {old.id: old for old in superseded.values() if old.id in by}
        by |= {entry: by[old.id] for old in gone.values() for entry in amendments_of([old])}
        amendments = DeliveryFilter(ids=tuple(sorted(by.keys() - gone.keys())))
        after = [*gone.values(), *(self.platform.ledger.deliveries(amendments) if amendments.ids else ())]
        return tuple(replace(old, state=DeliveryState.SUPERSEDED, superseded_by=by[old.id]) for old in after)

    def _stage_rest(
        self, engine: Engine, ends: Sequence[Delivery], opened: Opened
    ) -> tuple[tuple[StagedFile, ...], ...]:
        """Positions of the rows that do not go on, and these rows for the quarantine."""
        if all(one.counts and one.counts.accepted == one.counts.received for one in ends):
            return (), ()  # to ask the engine for no rows takes as long as a small delivery
        folder = self.batches[0].folder
        held = {one.landing_number: one.id for one in ends if one.state is DeliveryState.HELD}
        going = {one.landing_number for one in ends} - held.keys()
        excluded = engine.write(excluded_sql(going), folder, name="excluded", keep=False)
        case = {n: next((case.id for case in opened.cases[id_]), None) for n, id_ in held.items()}
        return excluded, stage_quarantine(engine, self.flow.contract, case, cases_of_rows=opened.of_rows, folder=folder)

    def _earlier_versions(self) -> dict[str, Delivery]:
        """For each delivery the newest one of the same sender and name before it that still counts."""
        files = [one for one in self.deliveries if not is_amendment(one)]
        names = tuple(sorted({one.name for one in files}))
        standing = (DeliveryState.ARCHIVED, DeliveryState.HELD, DeliveryState.FAILED)
        found = self.platform.ledger.deliveries(
            DeliveryFilter(flow=self.flow.name, names=names, states=standing),
        )
        newest: dict[tuple[str, str], list[Delivery]] = {}
        for one in found:
            if not is_amendment(one):
                newest.setdefault((one.sender, one.name), []).append(one)
        result = {}
        for one in files:
            before = [old for old in newest.get((one.sender, one.name), []) if old.landing_number < one.landing_number]
            if before:
                result[one.id] = before[-1]
        return result

    def _superseded(self, earlier: dict[str, Delivery]) -> dict[str, Delivery]:
        if self.flow.source.new_version is not NewVersion.REPLACE:
            return {}
        return earlier

    def _judge_sets(self, engine: Engine, known: _Known, decided: Decided, staged: int) -> list[str]:
        """Judge rules over sets, and look for keys that come twice: Python and the engine each use a core."""
        contract = self.flow.contract
        origins = {one.landing_number: one.facts["origin"] for one in self.deliveries if is_amendment(one)}
        tasks: list[Callable[[Engine], Any]] = [
            lambda hand: judge_python(hand, self.flow, rows=staged, published=known.columns, origins=origins),
            lambda hand: find_candidates(hand, contract, published_key=known.key, family=known.family),
        ]
        with closing(engine.beside()) as beside:
            python, _ = side_by_side([engine, beside], tasks)
        notes = judge_sets(
            engine,
            self.flow,
            self.references,
            python=python,
            family=known.family,
            published=known.columns,
            origins=origins,
        )
        join_sets(engine, decided)
        return notes

    def _published(self, engine: Engine, superseded: dict[str, Delivery]) -> _Known:
        """What is published of the record table, made known as PUBLISHED."""
        record = self.platform.tables.snapshot(table_name(self.flow.name, "silver", self.flow.record_table))
        target = self.flow.target(self.flow.record_table)
        if record is not None:
            engine.register(PUBLISHED, record.files)
        return _Known(
            columns=record.files.schema.names if record is not None else (),
            key=target.key if record is not None and target is not None else None,
            family=self._family(superseded),
        )

    def _family(self, superseded: dict[str, Delivery]) -> set[str]:
        """Deliveries whose published rows do not count against these: they are the same, or are being replaced."""
        return {one.id for one in self.deliveries} | {old.id for old in superseded.values()}

    def _decide(
        self,
        engine: Engine,
        earlier: dict[str, Delivery],
        known: _Known,
        staged: Mapping[int, int],
    ) -> list[Delivery]:
        """Verdicts until they stand: a held delivery takes no key, so what follows is judged again without it."""
        held: set[int] = set()
        compared = compare_keys(engine, self.flow.contract, published_key=known.key, family=known.family)
        while True:
            if compared:
                find_twins(engine, self.flow.contract, leaving_out=held)
            decide(engine)
            tallies = tally(engine, staged)
            ends = [self._end(one, tallies, has_earlier=one.id in earlier) for one in self.deliveries]
            now_held = {one.landing_number for one in ends if one.state is DeliveryState.HELD}
            fresh = now_held - held
            if not fresh or not compared:
                return ends
            # one at a time is right for all, but costs a pass each: those that no other can save go together
            held |= {one.landing_number for one in ends if _held_anyway(one)} & fresh or {min(fresh)}

    def _end(self, one: Delivery, tallies: Tallies, *, has_earlier: bool) -> Delivery:
        checked = self.sound[one.id]
        n = one.landing_number
        staged = tallies.staged.get(n, 0)
        counts = counts_of(n, checked.received, tallies)
        if staged + checked.faults != checked.received or not counts.balances or counts.accepted < 0:
            raise BalanceError(
                f"delivery {one.id} ({one.name}) does not balance: received {checked.received}, staged {staged}, "
                f"faults {checked.faults}, {counts}. Nothing of it was published.",
            )
        reasons = tallies.reasons.get(n, ())
        discarded = bool(one.facts.get(DISCARDED_WHOLE))
        decided = one.released or is_amendment(one) or discarded
        why = {} if decided else holding(self.flow, checked, counts, reasons, has_earlier=has_earlier)
        if not discarded and (absent := missing_tables(self.flow, self.references)):
            if is_amendment(one):  # held as a whole it would have a case of its own, and its rows two
                raise DeliveryError(
                    f"amendment {one.id} cannot be judged: {', '.join(absent)} was never published, or is gone. "
                    f"Nothing was published. Next: `headgate doctor`, then `headgate retry {one.id}`."
                )
            why[ReasonCode.TABLE_MISSING] = f"never published: {', '.join(absent)}"
        facts = {**one.facts, "held": why} if why else {k: v for k, v in one.facts.items() if k != "held"}
        after = replace(
            one,
            counts=counts,
            reasons=reasons,
            held_for=tuple(why),
            facts=facts,
            contract=self.flow.contract.digest,
            parameters=dict(self.parameters[one.id]),
            state=DeliveryState.PUBLISHED,
        )
        return _as_held(after) if why else after


def _held_anyway(one: Delivery) -> bool:
    """Whether a delivery stays held whichever others take no key: no row met a twin, or the reason is another."""
    assert one.counts is not None
    met_twin = one.counts.duplicate or any(reason.code == ReasonCode.KEY_CONFLICT for reason in one.reasons)
    return not met_twin or bool(set(one.held_for) - MAY_CHANGE)


def _as_held(one: Delivery) -> Delivery:
    """The same held as a whole: what would have been published is held."""
    assert one.counts is not None
    counts = replace(one.counts, held=one.counts.held + one.counts.accepted, accepted=0, warned=0)
    return replace(one, counts=counts, state=DeliveryState.HELD)
