"""What a run came to, for machines and for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.cli.console import columns
from headgate.core.overlay import is_amendment
from headgate.core.records import Counts, Delivery
from headgate.core.states import DeliveryState
from headgate.operations import RunResult
from headgate.serve.deliveries import counts_document, delivery_document, receipt_file
from headgate.serve.delivery_words import going_on
from headgate.serve.run_facts import held_reason

REASONS_SHOWN = 8


def total_of(result: RunResult) -> Counts:
    """The balance of all deliveries that were counted; rows of amendments were received before."""
    return sum((one.counts for one in _counted(result) if one.counts is not None), Counts())


def _counted(result: RunResult) -> list[Delivery]:
    return [one for one in result.deliveries if one.counts is not None and not is_amendment(one)]


def run_document(result: RunResult) -> dict[str, Any]:
    """The object of `run --json` and `demo --json`."""
    return {
        "run": result.id,
        "counts": counts_document(total_of(result)),
        "deliveries": [delivery_document(one, result.receipts) for one in result.deliveries],
        "reports": [
            {"flow": flow, "page": str(page), "document": str(document)} for flow, page, document in result.reports
        ],
        "already_taken": [
            {"file": one.name, "first": one.facts.get("first"), "note": one.note} for one in result.already_taken
        ],
        "unmatched": [one.name for one in result.in_state(DeliveryState.UNMATCHED)],
        "failed": [one.id for one in result.in_state(DeliveryState.FAILED)],
        "faults": list(result.faults),
    }


def run_lines(result: RunResult) -> Iterator[str]:
    """The run in words: a delivery with its balance, reasons and receipt, then what is left to do."""
    yield f"Run {result.id}"
    for one in result.deliveries:
        yield from delivery_lines(one, result)
    for one in result.already_taken:
        yield f"{_printable(one.name)}: already taken. {_printable(one.note)}"
    if not (result.deliveries or result.already_taken or result.faults):
        yield "Nothing waits. Next: `headgate run FILE …` takes files in."
    total = total_of(result)
    if len(_counted(result)) > 1:
        yield f"In all: {balance_line(total)}"
    for _, page, _document in result.reports:
        yield f"Report: {page}"
    yield from result.faults


def delivery_lines(one: Delivery, result: RunResult) -> Iterator[str]:
    """One delivery in words."""
    yield f"{_printable(one.name)}  {one.id}  {one.flow or 'no flow'}  {one.state}"
    if one.counts is not None:
        yield f"  {balance_line(one.counts)}"
    ordered = sorted(one.reasons, key=lambda reason: -reason.rows)
    shown = [(reason.rows, reason.verdict, reason.code, reason.column) for reason in ordered[:REASONS_SHOWN]]
    yield from (f"    {line}" for line in columns(shown, right=(0,)))
    if len(one.reasons) > REASONS_SHOWN:
        yield f"    … and {len(one.reasons) - REASONS_SHOWN} more: headgate show {one.id}"
    if receipt := result.receipts.get(one.id):
        yield f"  Receipt: receipts/{receipt_file(receipt)}"
    yield from (f"  {line}" for line in next_steps(one, accounts_decide=one.flow in result.by_votes))
    if one.state is DeliveryState.ARCHIVED and one.counts is not None and one.counts.held + one.counts.rejected:
        yield f"  The rows that were kept back: headgate show {one.id}"


def next_steps(one: Delivery, *, accounts_decide: bool) -> Iterator[str]:
    """What a person may do about a delivery that does not go on by itself."""
    match one.state:
        case DeliveryState.HELD:
            yield f"Held as a whole: {_printable(held_reason(one))}."
            how = "Decide on its case" if accounts_decide else "Let it go on"
            yield f"Look: headgate show {one.id}. {how}: {going_on(one.id, accounts_decide=accounts_decide)}"
        case DeliveryState.FAILED:
            yield f"Failed: {_printable(one.note)}"
            yield f"When that is put right: headgate retry {one.id}"
        case DeliveryState.UNMATCHED:
            yield f"No flow takes a file of this name; its bytes are kept. Next: headgate run {one.name} --flow NAME"
        case DeliveryState.REFUSED:
            yield f"Not taken: {_printable(one.note)}"


def balance_line(counts: Counts) -> str:
    """The balance with its figures: received = published + held + rejected + duplicate."""
    return (
        f"{counts.received:,} received = {counts.accepted:,} published + {counts.held:,} held + "
        f"{counts.rejected:,} rejected + {counts.duplicate:,} duplicate"
    )


def _printable(text: str) -> str:
    """Text from a sender without signs that steer a terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
