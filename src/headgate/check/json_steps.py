"""The slow way through a list of records: from value to value, by the grammar, up to the first byte that breaks it."""

from __future__ import annotations

from enum import Enum

import msgspec

from headgate.check.json_values import Outcome, probe, skip_space


class Expect(Enum):
    """What the grammar of a list allows at a position."""

    FIRST = "first"  # a record or the end of the list
    RECORD = "record"  # a record, after a comma
    SEPARATOR = "separator"  # a comma or the end of the list


class Stop(Enum):
    """Why stepping ended."""

    SPENT = "spent"  # no byte left
    CUT = "cut"  # the value at `at` goes on beyond the bytes at hand
    CLOSE = "close"  # at the bracket that ends the list
    FAULT = "fault"  # what stands at `at` is no record
    ENOUGH = "enough"  # as many records as were asked for


class Steps(msgspec.Struct):
    """How far stepping came."""

    at: int
    expect: Expect
    stop: Stop = Stop.SPENT
    spans: list[tuple[int, int]] = []  # start and end of each record
    message: str = ""  # of a fault
    reach: int = 0  # how far the parser looked before it gave up


def step(data: bytes, at: int, expect: Expect, *, last: bool, most_records: int | None = None) -> Steps:
    """Step through the records of `data` from `at` on; `last` says that no byte follows `data`."""
    steps = Steps(at, expect)
    while True:
        steps.at = skip_space(data, steps.at)
        sign = data[steps.at : steps.at + 1]
        if not sign:
            return steps
        if steps.expect is Expect.SEPARATOR:
            going_on = _separator(steps, sign)
        elif most_records is not None and len(steps.spans) >= most_records and sign != b"]":
            steps.stop = Stop.ENOUGH
            return steps
        else:
            going_on = _record(steps, sign, data, last=last)
        if not going_on:
            return steps


def _separator(steps: Steps, sign: bytes) -> bool:
    if sign == b",":
        steps.at += 1
        steps.expect = Expect.RECORD
        return True
    steps.stop = Stop.CLOSE if sign == b"]" else Stop.FAULT
    steps.message = "a comma or the end of the list is missing"
    steps.reach = steps.at
    return False


def _record(steps: Steps, sign: bytes, data: bytes, *, last: bool) -> bool:
    if sign == b"]":
        steps.stop = Stop.CLOSE
        return False
    found = probe(data, steps.at, last=last)
    steps.reach = found.end
    if found.outcome is Outcome.WHOLE:
        steps.spans.append((steps.at, found.end))
        steps.at = found.end
        steps.expect = Expect.SEPARATOR
        return True
    steps.stop = Stop.CUT if found.outcome is Outcome.CUT else Stop.FAULT
    steps.message = found.message
    return False
