"""The six steps of one delivery with their times: told from its events, the last round where it ran again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from headgate.core.flow import Flow
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.serve.delivery_words import Told
from headgate.serve.report_numbers import fixed, percent, percent_exact

STARTS = ("reprocess", "retry", "release", "repair")
"""Events with which a delivery begins again."""

_AGAIN = {
    "reprocess": "Reprocessed: its bytes came from the vault again.",
    "retry": "Tried again: its bytes came from the vault.",
    "release": "Let go by a person: its bytes came from the vault again.",
    "repair": "Published anew under another epoch: its bytes came from the vault again.",
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One of the six."""

    name: str
    text: str
    at: datetime | None = None
    took_s: float | None = None
    kind: str = ""  # as it is drawn: empty for done, else open, fail or todo


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """All six, and how long they took together; None while they are not at their end."""

    steps: tuple[Step, ...]
    took_s: float | None
    rounds: int  # how often it began


def tell_steps(one: Delivery, events: Sequence[Mapping[str, Any]], flow: Flow | None, told: Told | None) -> Steps:
    """The steps of the last round. A state that ends early leaves the steps behind it to be done."""
    starts = [place for place, event in enumerate(events) if event["type"] in STARTS]
    whole = events[starts[-1] :] if starts else events
    times = {event["type"]: datetime.fromisoformat(event["at"]) for event in whole}
    begun = times.get(whole[0]["type"] if starts else "landed") if whole else None
    ended = times.get("archived") or times.get("receipt")
    steps = tuple(_steps(one, whole, times, flow, told, begun=begun))
    took = (ended - begun).total_seconds() if begun and ended else None
    return Steps(steps=steps, took_s=took, rounds=len(starts) + 1)


def _steps(
    one: Delivery,
    events: Sequence[Mapping[str, Any]],
    times: Mapping[str, datetime],
    flow: Flow | None,
    told: Told | None,
    *,
    begun: datetime | None,
) -> Iterator[Step]:
    checked, published = times.get("checked"), times.get("published")
    failed = one.state is DeliveryState.FAILED
    yield Step(name="land", at=begun, text=_land(events))
    if checked is None:
        ended = failed or one.state in {DeliveryState.REFUSED, DeliveryState.UNMATCHED}
        text = (told.what if told else "") if ended else "Waits for a worker."
        yield Step(name="check", text=text, at=times.get(one.state.value), kind="fail" if ended else "todo")
    else:
        yield Step(name="check", text=_check(one, events, flow), at=checked, took_s=_between(begun, checked))
    yield _review(one, checked)
    yield from _written(one, times, flow, told, failed=failed and checked is not None)
    ended_at = times.get("archived") or times.get("receipt")
    if ended_at:
        text = "Receipt signed, its event stands in the log."
        yield Step(name="archive", text=text, at=ended_at, took_s=_between(published, ended_at))
    else:
        yield Step(name="archive", text="No receipt yet.", kind="todo")


def _land(events: Sequence[Mapping[str, Any]]) -> str:
    first = str(events[0]["type"]) if events else ""
    return _AGAIN.get(first, "Its SHA-256 is found, and its bytes lay in the vault before they were read.")


def _check(one: Delivery, events: Sequence[Mapping[str, Any]], flow: Flow | None) -> str:
    fields = next(event["fields"] for event in reversed(events) if event["type"] == "checked")
    if "received" not in fields:
        return one.note
    received, counts = fields["received"], one.counts
    told = f"{fixed(received)} {'row' if received == 1 else 'rows'}"
    if flow is not None and one.contract == flow.contract.digest:
        told += f", {len(flow.contract.rules)} rules of contract {flow.contract.version}"
    told += "."
    judged = counts.received - counts.duplicate if counts else 0
    if counts and judged and one.state is not DeliveryState.HELD:
        told += f" {percent(counts.accepted / judged)} accepted"
        told += f", threshold {percent_exact(flow.checking.accept_at_least)}." if flow else "."
    if fields.get("faults"):
        told += f" {fixed(fields['faults'])} stretches of bytes are no record."
    return told


def _review(one: Delivery, checked: datetime | None) -> Step:
    if checked is None or one.counts is None:
        return Step(name="review", text="Rows are judged once they are checked.", kind="todo")
    if one.state is DeliveryState.HELD:
        return Step(name="review", text="The whole delivery waits for a person.", kind="open")
    if one.counts.held:
        rows = f"{fixed(one.counts.held)} {'row waits' if one.counts.held == 1 else 'rows wait'}"
        return Step(name="review", text=f"{rows} for a person. The accepted rows went on at once.", kind="open")
    return Step(name="review", text="No row waits for a person.")


def _written(
    one: Delivery, times: Mapping[str, datetime], flow: Flow | None, told: Told | None, *, failed: bool
) -> Iterator[Step]:
    opened, published = times.get("publishing"), times.get("published")
    if failed:
        yield Step(name="transform", text=told.what if told else one.note, at=times.get("failed"), kind="fail")
        yield Step(name="publish", text="Nothing of it is in the tables.", kind="todo")
        return
    tasks = len(flow.tasks) if flow else 0
    if opened is None or one.state is DeliveryState.HELD:
        yield Step(name="transform", text="Waits for the step before." if opened is None else "Not done.", kind="todo")
        yield Step(name="publish", text="Nothing of it is in the tables.", kind="todo")
        return
    told_tasks = f"{fixed(tasks)} {'task' if tasks == 1 else 'tasks'} in order" if tasks else "The record as it is"
    took = _between(times.get("checked"), opened)
    yield Step(name="transform", text=f"{told_tasks}; with the review before it.", at=opened, took_s=took)
    if published is None:
        yield Step(name="publish", text="Its commits are being written.", at=opened, kind="open")
    else:
        text = f"Publication {one.publication}, one commit a table." if one.publication else "One commit a table."
        yield Step(name="publish", text=text, at=published, took_s=_between(opened, published))


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return max((end - start).total_seconds(), 0.0) if start and end else None
