"""One JSON value a line. A bad line is a fault by itself; blank lines are nothing."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa

from headgate.check.batches import RECORD_SCHEMA, BatchBuilder, Positions, piece_of
from headgate.check.faults import Tally
from headgate.check.json_pieces import add_records
from headgate.check.json_split import NEWLINE, even_starts
from headgate.check.json_values import FAILURES, SPACE, Outcome, probe, skip_space
from headgate.check.limits import Limits
from headgate.check.reader import Facts, RecordReader
from headgate.check.skipping import give_up, skip_line, skip_mark
from headgate.check.windows import Window
from headgate.core.reasons import ReasonCode

_TAIL_BYTES = 256
_lines = msgspec.json.Decoder(msgspec.Raw)


class LinesReader(RecordReader):
    """Takes whole lines from each window; they are split in one call where all of them are sound."""

    schema = RECORD_SCHEMA

    def __init__(self, window: Window, tally: Tally, limits: Limits) -> None:
        self._window = window
        self._tally = tally
        self._limits = limits
        self._out = BatchBuilder(tally)
        window.fill(limits.window)
        skip_mark(window, tally)

    def facts(self) -> Facts:
        """Lines say nothing beside their records."""
        return Facts()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All records; faults are told on the way."""
        window = self._window
        while window.rest or not window.ended:
            stop = len(window.data) if window.ended else window.data.rfind(b"\n", window.at) + 1
            if stop > window.at:
                self._take(window.data[window.at : stop], window.offset)
                window.at = stop
            elif window.rest > self._limits.record:
                skip_line(window, self._tally, self._limits)
            window.fill(max(self._limits.window, 2 * window.rest))
            if self._tally.hopeless and window.rest:
                give_up(window, self._tally, self._limits, window.offset)
            yield from self._out.ready()
        yield from self._out.flush()

    def _take(self, block: bytes, offset: int) -> None:
        if not self._take_at_once(block, offset):
            self._take_singly(block, offset)

    def _take_at_once(self, block: bytes, offset: int) -> bool:
        try:
            raws = _lines.decode_lines(block)
        except FAILURES:
            return False
        if not raws:
            self._tally.wrap(len(block))
            return True
        data = b"".join(raws)
        lengths = np.fromiter(map(len, raws), dtype=np.int64, count=len(raws))
        tail = block[-_TAIL_BYTES:]
        behind = len(tail) - len(tail.rstrip(SPACE))
        starts = even_starts(block, lengths, NEWLINE, first=skip_space(block, 0), behind=behind)
        if starts is None or b"\n" in data:  # a value over two lines is not one a line
            return False
        self._tally.wrap(len(block) - len(data))
        self._add(data, starts + offset, lengths)
        return True

    def _add(self, data: bytes, starts: Positions, lengths: Positions) -> None:
        add_records(self._out, self._tally, piece_of(data, starts, lengths), self._limits.record)

    def _take_singly(self, block: bytes, offset: int) -> None:
        spans: list[tuple[int, int]] = []
        at = 0
        while at < len(block):
            stop = block.find(b"\n", at) + 1 or len(block)
            line = block[at:stop]
            text = line.strip(SPACE)
            start = at + len(line) - len(line.lstrip(SPACE)) if text else stop
            self._tally.wrap(len(line) - len(text))
            fault = _fault_of(text) if text else ""
            if fault:
                self._take_spans(block, spans, offset)
                spans = []
                message = f"The line at byte {offset + start:,} is no record: {fault}."
                self._tally.fault(ReasonCode.MALFORMED, offset + start, len(text), message)
            elif text:
                spans.append((start, start + len(text)))
            at = stop
        self._take_spans(block, spans, offset)

    def _take_spans(self, block: bytes, spans: list[tuple[int, int]], offset: int) -> None:
        places = np.array(spans, dtype=np.int64).reshape(-1, 2)
        data = b"".join([block[start:end] for start, end in spans])
        self._add(data, places[:, 0] + offset, places[:, 1] - places[:, 0])


def _fault_of(text: bytes) -> str:
    """Why a line is no value; empty where it is one."""
    found = probe(text, 0, last=True)
    if found.outcome is Outcome.MALFORMED:
        return found.message
    return "" if found.end == len(text) else "more than one value stands there"
