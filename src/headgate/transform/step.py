"""Fourth step: the flow's tasks. Everything is staged and looked at before anything is visible."""

from __future__ import annotations

from headgate.core.arrow_schema import encode_schema
from headgate.core.batches import ReviewedBatch, TransformedBatch
from headgate.core.flow import Target
from headgate.core.naming import outcomes_table, quarantine_table
from headgate.core.observed import observed
from headgate.core.overlay import AMENDMENTS, amendments_of, is_amendment, judged
from headgate.core.platform import Platform
from headgate.core.ports import FileSet
from headgate.core.quarantine_schema import OUTCOMES_SCHEMA, QUARANTINE_SCHEMA
from headgate.core.records import Delivery, Move, Publication, PublicationState, StagedFile, TableChange
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.transform.amended import outcomes_sql
from headgate.transform.gold import make_gold
from headgate.transform.silver import make_silver
from headgate.transform.workspace import Workspace, open_workspace


@observed("transform")
def transform(batch: ReviewedBatch, platform: Platform) -> TransformedBatch:
    """Run the tasks in the flow's order and write down the publication as it is meant."""
    last = platform.ledger.publications(batch.flow.name, newest=1)
    number = last[-1].number + 1 if last else 1
    epoch = platform.ledger.epoch(batch.flow.name)
    accepted = sum(one.counts.accepted for one in batch.publishing if one.counts)
    replaced = _replaced(batch)
    work = open_workspace(batch, platform, number)
    try:
        by_name = {task.name: task for task in batch.flow.tasks}
        for target in _in_order(batch):
            task = by_name.get(target.name)
            if target.layer == "silver":
                make_silver(work, target, task, replaced, accepted)
            else:
                assert task is not None
                make_gold(work, target, task, replaced)
        outcomes = _outcomes(batch, platform, work, replaced)  # reads what the next line moves
        kept = (_quarantine(batch, platform, work, replaced), *outcomes)
    finally:
        work.engine.close()
    deliveries = tuple(_settled(batch, one, number) for one in batch.deliveries)
    publication = Publication(
        flow=batch.flow.name,
        number=number,
        epoch=epoch,
        state=PublicationState.OPEN,
        run=deliveries[0].run,
        deliveries=tuple(one.id for one in deliveries),
        changes=(*kept, *_commit_order(batch, work)),
        moves=(*(_move(batch, one) for one in (*deliveries, *batch.superseded)), *_origin_moves(batch, number)),
    )
    return TransformedBatch(flow=batch.flow, publication=publication, folders=batch.folders)


def foresee_silver(batch: ReviewedBatch, platform: Platform) -> dict[str, FileSet]:
    """Stage the silver tables as `transform` would, for whoever looks ahead: each as it would stand, by its full name.

    TaskError where a task does not fit what the batch holds.
    """
    accepted = sum(one.counts.accepted for one in batch.publishing if one.counts)
    work = open_workspace(batch, platform, 0)
    by_name = {task.name: task for task in batch.flow.tasks}
    try:
        for target in _in_order(batch):
            if target.layer == "silver":
                make_silver(work, target, by_name.get(target.name), _replaced(batch), accepted)
        return {work.changes[name].table: files for name, files in work.relations.items()}
    finally:
        work.engine.close()


def _replaced(batch: ReviewedBatch) -> set[str]:
    """Deliveries whose published rows go: earlier versions, and those that are published again."""
    again = [one for one in batch.deliveries if one.publication is not None]
    return {one.id for one in (*again, *batch.superseded)} | amendments_of(again)


def _move(batch: ReviewedBatch, one: Delivery) -> Move:
    cases = batch.cases.get(one.id, ())
    fields = _event_fields(one)
    if cases:
        fields["cases"] = [{"id": case.id, "code": case.code, "rule": case.rule, "rows": case.rows} for case in cases]
    return Move(after=one, fields=fields, cases=cases)


def _origin_moves(batch: ReviewedBatch, number: int) -> tuple[Move, ...]:
    """How the origins of amendments stand: with other counts, in the state in which they are."""
    by = {one.facts["origin"]: one.id for one in batch.deliveries if is_amendment(one)}
    return tuple(
        Move(
            after=_numbered(one, number),
            fields={**_event_fields(one), "amendment": by[one.id]},
            event="amended",
            settled=batch.settled[one.id],
        )
        for one in batch.origins
    )


def _in_order(batch: ReviewedBatch) -> list[Target]:
    """Targets as their tasks stand in the flow; without tasks the one record table."""
    if not batch.flow.tasks:
        return list(batch.flow.targets)
    order: dict[str, int] = {task.name: place for place, task in enumerate(batch.flow.tasks)}
    return sorted(batch.flow.targets, key=lambda target: order[target.name])


def _commit_order(batch: ReviewedBatch, work: Workspace) -> list[TableChange]:
    """Child silver tables, the record table, gold: a reader of the record table finds its children there."""

    def place(target: Target) -> tuple[int, str]:
        rank = 0 if target.layer == "silver" and target.name != batch.flow.record_table else 1
        return (2 if target.layer == "gold" else rank, target.name)

    changes = [
        (work.changes[target.name], work.snapshots[target.name]) for target in sorted(batch.flow.targets, key=place)
    ]
    return [change for change, standing in changes if change.adds or change.removes or standing is None]


def _quarantine(
    batch: ReviewedBatch,
    platform: Platform,
    work: Workspace,
    replaced: set[str],
) -> TableChange:
    """Rows of replaced deliveries leave the quarantine too: their new verdicts take the place of the old."""
    name = quarantine_table(batch.flow.name)
    standing = platform.tables.snapshot(name) if replaced else None
    rewritten, gone = work.without("quarantine", standing.files, replaced) if standing else ((), ())
    return TableChange(
        table=name,
        schema=encode_schema(QUARANTINE_SCHEMA),
        adds=(*rewritten, *(_renamed(work, file, place) for place, file in enumerate(batch.quarantine))),
        removes=tuple(path.rsplit("/", 1)[-1] for path in gone),
    )


def _outcomes(batch: ReviewedBatch, platform: Platform, work: Workspace, replaced: set[str]) -> tuple[TableChange, ...]:
    """What becomes of the rows that amendments speak of; lines of what is checked again or replaced go."""
    name = outcomes_table(batch.flow.name)
    standing = platform.tables.snapshot(name)
    rewritten, gone = work.without("outcomes", standing.files, replaced) if standing and replaced else ((), ())
    adds = work.stage("outcomes", outcomes_sql(work.engine, batch)) if batch.origins else ()
    if not (rewritten or gone or adds):
        return ()
    change = TableChange(
        table=name,
        schema=encode_schema(OUTCOMES_SCHEMA),
        adds=(*rewritten, *adds),
        removes=tuple(path.rsplit("/", 1)[-1] for path in gone),
    )
    return (change,)


def _renamed(work: Workspace, file: StagedFile, place: int) -> StagedFile:
    """A file that review staged, under the publication's own name."""
    name = f"part-{work.number:08d}-quarantine{f'-{place}' if place else ''}.parquet"
    work.move(file.path, f"{work.folder}/{name}")
    return replace(file, path=f"{work.folder}/{name}")


def _settled(batch: ReviewedBatch, one: Delivery, number: int) -> Delivery:
    """A delivery of this publication; amendments of it must know which judgement they speak of."""
    with_number = _numbered(one, number)
    decided_on = batch.cases.get(one.id) or one.facts.get(AMENDMENTS)
    return judged(with_number, number) if decided_on and not is_amendment(one) else with_number


def _numbered(one: Delivery, number: int) -> Delivery:
    return replace(one, publication=number)


def _event_fields(one: Delivery) -> dict[str, object]:
    """What the event of this delivery says: counts and reason codes, no value of any row."""
    fields: dict[str, object] = {}
    if one.state is DeliveryState.SUPERSEDED:
        return {"by": one.superseded_by}
    if one.counts is not None:
        names = ("received", "accepted", "held", "rejected", "duplicate", "warned")
        fields["counts"] = {name: getattr(one.counts, name) for name in names}
    if one.held_for:
        fields["held_for"] = list(one.held_for)
    if one.released:
        fields["released"] = True
    fields["contract"] = one.contract
    fields["parameters"] = dict(one.parameters)
    return fields
