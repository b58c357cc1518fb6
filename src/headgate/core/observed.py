"""Steps and runs as those who watch see them: a span, a duration, and a line of the log each."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from headgate.core.log_context import carried, told_with
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.core.telemetry import LINKED, Attribute, Span, place_of

Input = TypeVar("Input")
Result = TypeVar("Result")
Rest = ParamSpec("Rest")
Step = Callable[Concatenate[Input, Platform, Rest], Result]

STEP_SECONDS = "headgate.step.duration"
ERRORS = "headgate.errors"
ROWS = "headgate.rows"
DELIVERIES = "headgate.deliveries"
NAMED = 8  # deliveries that a line of the log names

_log = logging.getLogger(__name__)


class Act(msgspec.Struct, kw_only=True):
    """A step or a run while it goes on."""

    span: Span
    told: dict[str, Any] = {}  # what its line of the log says beside its duration


def observed(step: str) -> Callable[[Step[Input, Rest, Result]], Step[Input, Rest, Result]]:
    """Let those who watch hear of each call of a step: which flow and deliveries, how long, how it ended."""

    def decorate(function: Step[Input, Rest, Result]) -> Step[Input, Rest, Result]:
        @wraps(function)
        def call(given: Input, platform: Platform, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Result:
            with observing(platform, step, flow=_flow_of(given)) as act:
                _tell_deliveries(platform, act, _deliveries_of(given))
                result = function(given, platform, *args, **kwargs)
                _tell_result(platform, step, act, result)
                return result

        return call

    return decorate


@contextmanager
def observing(platform: Platform, name: str, *, flow: str = "", run: str = "", parent: str = "") -> Iterator[Act]:
    """A span around the block; its duration and its end are told when it ends, an error by its type alone."""
    named = {"headgate.flow": flow, "headgate.run": run}
    attributes: dict[str, Attribute] = {key: value for key, value in named.items() if value}
    of_figure = {"step": name, "flow": flow}
    with platform.telemetry.span(name, attributes, parent=parent) as span:
        ids = {"trace_id": span.trace_id, "span_id": span.span_id}
        with told_with(flow=flow, run=run, step=name, **ids), carried(span.traceparent):
            act = Act(span=span)
            began = time.perf_counter()  # measured only: nothing is decided by it
            try:
                yield act
            except Exception as error:
                kind = type(error).__name__
                span.fail(kind)
                platform.telemetry.count(ERRORS, 1, {**of_figure, "type": kind})
                _log.info("step failed", extra={**act.told, "error": kind, "duration_ms": _ms(began)})
                raise
            platform.telemetry.seconds(STEP_SECONDS, time.perf_counter() - began, of_figure)
            _log.info("step ended", extra={**act.told, "duration_ms": _ms(began)})


def observing_commit(platform: Platform, flow: str, table: str, number: int) -> AbstractContextManager[Span]:
    """A span around one table's commit."""
    attributes: dict[str, Attribute] = {"headgate.flow": flow, "headgate.table": table, "headgate.publication": number}
    return platform.telemetry.span("commit", attributes)


def _tell_deliveries(platform: Platform, act: Act, deliveries: Sequence[Delivery]) -> None:
    if not deliveries:
        return
    act.told |= {"deliveries": len(deliveries), "delivery": [one.id for one in deliveries[:NAMED]]}
    if act.span.trace_id:
        first = [one.id for one in deliveries[:LINKED]]
        act.span.put({"headgate.deliveries": len(deliveries), "headgate.delivery.ids": first})
        platform.telemetry.link([place_of(platform.project, id_) for id_ in first])


def _tell_result(platform: Platform, step: str, act: Act, result: object) -> None:
    """What only the end of a step knows: who landed, the publication's number, how many rows went where."""
    deliveries = _deliveries_of(result)
    publication = getattr(result, "publication", None)
    if publication is not None:
        act.told["publication"] = publication.number
        act.span.put({"headgate.publication": publication.number})
    if step == "land":
        _tell_deliveries(platform, act, deliveries)
        for one in deliveries[:LINKED] if act.span.trace_id else ():
            platform.telemetry.delivery(place_of(platform.project, one.id), _delivery_attributes(one))
    if step in {"land", "publish"}:
        _count_deliveries(platform, deliveries)
    if step == "publish":
        _tell_deliveries(platform, act, deliveries)
        rows = _count_rows(platform, deliveries)
        act.told |= rows
        act.span.put({f"headgate.rows.{verdict}": count for verdict, count in rows.items()})


def _count_deliveries(platform: Platform, deliveries: Sequence[Delivery]) -> None:
    for one in deliveries:
        platform.telemetry.count(DELIVERIES, 1, {"flow": one.flow or "", "state": one.state.value})


def _count_rows(platform: Platform, deliveries: Sequence[Delivery]) -> dict[str, int]:
    """The rows by verdict, over all deliveries that this publication brought in or held."""
    total: dict[str, int] = {}
    for one in deliveries:
        for verdict, rows in _rows(one).items():
            platform.telemetry.count(ROWS, rows, {"flow": one.flow or "", "verdict": verdict})
            total[verdict] = total.get(verdict, 0) + rows
    return total


def _delivery_attributes(one: Delivery) -> dict[str, Attribute]:
    return {
        "headgate.delivery.id": one.id,
        "headgate.flow": one.flow or "",
        "headgate.state": one.state.value,
        "headgate.run": one.run,
        "headgate.size_bytes": one.size_bytes,
    }


def _rows(one: Delivery) -> Mapping[str, int]:
    if one.counts is None or one.state is DeliveryState.SUPERSEDED:
        return {}
    counts = one.counts
    return {
        "accepted": counts.accepted,
        "held": counts.held,
        "rejected": counts.rejected,
        "duplicate": counts.duplicate,
    }


def _flow_of(given: object) -> str:
    """The flow of a batch, or of the first of several."""
    first = given[0] if isinstance(given, (list, tuple)) and given else given
    return str(getattr(getattr(first, "flow", None), "name", ""))


def _deliveries_of(given: object) -> list[Delivery]:
    """The deliveries of a batch, of several, or that stand for themselves."""
    parts = given if isinstance(given, (list, tuple)) else [given]
    found: list[Delivery] = []
    for part in parts:
        found += [part] if isinstance(part, Delivery) else getattr(part, "deliveries", ())
    return found


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
