"""A document that is one record, such as a message in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from headgate.check.batches import RECORD_SCHEMA, BatchBuilder, piece_of
from headgate.check.faults import Tally
from headgate.check.json_pieces import add_records
from headgate.check.json_values import SPACE, Outcome, probe, skip_space
from headgate.check.limits import Limits
from headgate.check.reader import Facts, RecordReader
from headgate.check.records_ndjson import LinesReader
from headgate.check.skipping import skip_mark
from headgate.check.windows import Window
from headgate.core.reasons import ReasonCode


def open_without_path(window: Window, tally: Tally, limits: Limits) -> RecordReader:
    """A reader for JSON of which no list is named: one record, or one a line where the first line is a whole value."""
    window.fill(limits.record + 1)
    skip_mark(window, tally)
    at = skip_space(window.data, window.at)
    end = window.data.find(b"\n", at)
    if end >= 0 and (line := window.data[at:end].rstrip(SPACE)):
        found = probe(line, 0, last=True)
        if found.outcome is Outcome.WHOLE and found.end == len(line):
            return LinesReader(window, tally, limits)
    return SingleReader(window, tally, limits)


class SingleReader(RecordReader):
    """The whole document is one record, or one fault."""

    schema = RECORD_SCHEMA

    def __init__(self, window: Window, tally: Tally, limits: Limits) -> None:
        self._window = window
        self._tally = tally
        self._limits = limits

    def facts(self) -> Facts:
        """Nothing stands around the record."""
        return Facts()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The record; a fault is told instead where it is none."""
        window = self._window
        start = skip_space(window.data, window.at)
        text = window.data[start:].rstrip(SPACE)
        if not window.ended or len(text) > self._limits.record:
            code, fault = ReasonCode.RECORD_TOO_LARGE, f"it is over the limit of {self._limits.record:,} bytes"
        else:
            code, fault = ReasonCode.MALFORMED, _fault_of(text)
        if fault:
            yield from self._as_fault(code, fault)
            return
        self._tally.wrap(window.rest - len(text))
        out = BatchBuilder(self._tally)
        found = piece_of(text, np.array([window.base + start]), np.array([len(text)]))
        add_records(out, self._tally, found, self._limits.record)
        window.at = len(window.data)
        yield from out.flush()

    def _as_fault(self, code: ReasonCode, fault: str) -> Iterator[pa.RecordBatch]:
        window = self._window
        begin = window.offset
        while window.rest or not window.ended:
            window.at = len(window.data)
            window.fill(self._limits.window)
        message = f"The document is no record: {fault}. Where it holds a list, the flow's source.records names it."
        self._tally.fault(code, begin, window.offset - begin, message)
        return iter(())


def _fault_of(text: bytes) -> str:
    found = probe(text, 0, last=True)
    if found.outcome is Outcome.MALFORMED:
        return f"{found.message} (byte {found.end:,})"
    return "" if found.end == len(text) else f"text stands behind its end (byte {found.end:,})"
