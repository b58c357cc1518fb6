"""A list of records in a JSON document or array, by windows, past faults where records can be found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa

from headgate.check.batches import RECORD_SCHEMA, BatchBuilder, piece_of
from headgate.check.faults import Tally
from headgate.check.json_pieces import add_records
from headgate.check.json_resync import Credit, Likeness, Result, find_record, likeness_of
from headgate.check.json_split import Seam, seam_between, split_front
from headgate.check.json_steps import Expect, Steps, Stop, step
from headgate.check.json_values import SPACE, Outcome, skip_space
from headgate.check.json_wrapper import Opening, find_closing, find_opening, read_surroundings
from headgate.check.limits import Limits
from headgate.check.reader import Facts, RecordReader
from headgate.check.skipping import give_up, skip_mark
from headgate.check.windows import Window
from headgate.core.errors import UnreadableError
from headgate.core.reasons import ReasonCode

_SEPARATOR_BYTES = 64  # before a record that the window cuts
_CLOSING_COST = 8  # a byte of it is that many bytes of parsing
_CLOSINGS_TRIED = 8  # where the end of the document is looked for behind a fault


class Place(Enum):
    """Where in the document the reader is."""

    LIST = "list"
    FAULT = "fault"  # in bytes that are no record
    CLOSING = "closing"  # at the bracket that may end the list
    BEHIND = "behind"  # after the end of the document
    DONE = "done"


class ListReader(RecordReader):
    """Walks over the list of records at a path, window by window."""

    schema = RECORD_SCHEMA

    def __init__(self, window: Window, tally: Tally, limits: Limits, path: tuple[str, ...]) -> None:
        self._window = window
        self._tally = tally
        self._limits = limits
        self._out = BatchBuilder(tally)
        self._opening = _open(window, tally, limits, path)
        self._place = Place.LIST
        self._expect = Expect.FIRST
        self._hungry = False  # nothing more can be done with the bytes at hand
        self._stepping = False  # the bytes at hand do not split in one call
        self._closed = False  # the document's end was found
        self._seam: Seam | None = None
        self._like: Likeness | None = None
        self._credit = Credit()
        self._fault_at = 0  # where the open fault began, in the unpacked bytes
        self._fault = (ReasonCode.MALFORMED, "")
        self._wrapper: Mapping[str, Any] = {}

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All records; faults are told to the tally on the way."""
        turns = {
            Place.LIST: self._read_on,
            Place.FAULT: self._find_again,
            Place.CLOSING: self._close,
            Place.BEHIND: self._look_behind,
        }
        while self._place is not Place.DONE:
            if self._hungry:
                self._fill()
            turns[self._place]()
            if self._tally.hopeless:
                self._give_up()
            yield from self._out.ready()
        yield from self._out.flush()

    def _give_up(self) -> None:
        if self._place is not Place.DONE:
            begin = self._fault_at if self._place is Place.FAULT else self._window.offset
            give_up(self._window, self._tally, self._limits, begin)
            self._place = Place.DONE

    def facts(self) -> Facts:
        """What stood around the list."""
        return Facts(wrapper=self._wrapper)

    def _fill(self) -> None:
        window = self._window
        before = window.rest
        window.fill(max(self._limits.window, 2 * before))
        self._credit.earn(window.rest - before)
        self._hungry = self._stepping = False

    # ── sound records ────────────────────────────────────────────────────────────────────────────────────────────────
    def _read_on(self) -> None:
        if self._split():
            return
        window = self._window
        few = 2 if self._seam is None and not self._stepping else None
        steps = step(window.data, window.at, self._expect, last=window.ended, most_records=few)
        self._learn(steps)
        self._take(steps)
        if steps.stop is Stop.ENOUGH:
            self._stepping = self._seam is None
        elif steps.stop is Stop.FAULT:
            self._credit.spend(steps.reach - steps.at)
            self._open_fault(ReasonCode.MALFORMED, steps.message)
        elif steps.stop is Stop.CLOSE:
            self._reach_close()
        elif steps.stop is Stop.CUT and window.rest > self._limits.record:
            self._open_fault(ReasonCode.RECORD_TOO_LARGE, f"a record is over {self._limits.record:,} bytes")
        elif window.ended:
            self._open_fault(ReasonCode.MALFORMED, "the document ends before its list does")
        else:
            self._hungry = True

    def _split(self) -> bool:
        """Take all records but the last of the bytes at hand in one call; False where that is not to be had."""
        window = self._window
        if self._seam is None or self._stepping or self._expect is Expect.SEPARATOR:
            return False
        self._stepping = True
        at = skip_space(window.data, window.at)
        split = split_front(window.data, at, self._seam)
        if split is None:
            return False
        self._tally.wrap(split.next_start - window.at - int(split.lengths.sum()))
        found = piece_of(split.data, split.starts + window.base, split.lengths)
        window.at = split.next_start
        self._expect = Expect.RECORD
        add_records(self._out, self._tally, found, self._limits.record)
        return True

    def _learn(self, steps: Steps) -> None:
        data = self._window.data
        if self._like is None or (self._like.objects and not self._like.keys):
            span = steps.spans[0] if steps.spans else (steps.at, None)
            if data[span[0] : span[0] + 1]:
                self._like = likeness_of(data, *span)
        if len(steps.spans) > 1:
            (_, end), (start, _) = steps.spans[-2:]
            self._seam = seam_between(data, end, start)

    def _take(self, steps: Steps) -> None:
        window = self._window
        spans = np.array(steps.spans, dtype=np.int64).reshape(-1, 2)
        lengths = spans[:, 1] - spans[:, 0]
        self._tally.wrap(steps.at - window.at - int(lengths.sum()))
        data = b"".join([window.data[start:end] for start, end in steps.spans])
        found = piece_of(data, spans[:, 0] + window.base, lengths)
        window.at = steps.at
        self._expect = steps.expect
        add_records(self._out, self._tally, found, self._limits.record)

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def _open_fault(self, code: ReasonCode, message: str) -> None:
        """From here on the bytes are no record, until one is found again."""
        self._place = Place.FAULT
        self._fault_at = self._window.offset
        self._fault = code, message
        if self._expect is not Expect.SEPARATOR and self._window.rest:
            self._window.at += 1  # here no record begins

    def _find_again(self) -> None:
        window = self._window
        like = self._like or Likeness()
        most = self._limits.record
        search = find_record(window.data, window.at, like, self._credit, last=window.ended, most=most)
        if search.result is Result.FOUND:
            self._end_fault(search.at)
        elif not window.ended:
            before = window.data[max(window.at, search.at - _SEPARATOR_BYTES) : search.at]
            window.at = search.at - len(before) + len(before.rstrip(SPACE + b","))  # separators are none of the fault
            self._hungry = True
        elif self._closed or not self._find_last_closing():
            self._tell_fault(len(window.data))
            window.at = len(window.data)
            self._place = Place.DONE

    def _end_fault(self, at: int) -> None:
        """A record begins at `at`: what separates it from the fault belongs to neither."""
        window = self._window
        begin = max(0, self._fault_at - window.base)
        text = window.data[begin:at].rstrip(SPACE)
        end = begin + len(text.removesuffix(b",").rstrip(SPACE))
        self._tell_fault(end)
        self._tally.wrap(at - end)
        window.at = at
        self._expect = Expect.RECORD
        self._place = Place.LIST

    def _tell_fault(self, end: int) -> None:
        code, message = self._fault
        length = self._window.base + end - self._fault_at
        self._tally.fault(code, self._fault_at, length, f"No record at byte {self._fault_at:,}: {message}.")

    def _find_last_closing(self) -> bool:
        """The fault may be the list's last record: find the end of the document behind it."""
        data, begin = self._window.data, max(0, self._fault_at - self._window.base)
        stop, found = len(data), -1
        for _ in range(_CLOSINGS_TRIED):
            stop = data.rfind(b"]", begin, stop)
            if stop < 0:
                break
            closing = find_closing(data, stop, len(self._opening.path), last=True)
            if closing.outcome is Outcome.WHOLE and skip_space(data, closing.end) == len(data):
                found = stop
        if found < 0:
            return False
        self._tell_fault(found)
        self._window.at = found
        self._place = Place.CLOSING
        return True

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def _reach_close(self) -> None:
        if self._expect is Expect.RECORD:
            self._tally.fault(
                ReasonCode.MALFORMED,
                self._window.offset,
                0,
                f"No record after the comma before byte {self._window.offset:,}.",
            )
        self._place = Place.CLOSING

    def _close(self) -> None:
        window = self._window
        closing = find_closing(window.data, window.at, len(self._opening.path), last=window.ended)
        if closing.outcome is Outcome.CUT and window.rest <= self._limits.record:
            self._hungry = True
            return
        text = window.data[window.at : closing.end]
        around = read_surroundings(self._opening, text) if closing.outcome is Outcome.WHOLE else None
        self._expect = Expect.FIRST
        if around is None:
            self._credit.spend(_CLOSING_COST * (closing.end - window.at))
            self._open_fault(ReasonCode.MALFORMED, "the list is closed, but the document does not end as it began")
            return
        self._closed = True
        self._wrapper = around.values
        if around.twin:
            message = (
                f"the key {around.twin!r} of the list's path stands twice in the document, the second is not read."
            )
            self._tally.fault(ReasonCode.TWIN_KEY, window.offset, len(text), f"At byte {window.offset:,}: {message}")
        else:
            self._tally.wrap(len(text))
        window.at = closing.end
        self._place = Place.BEHIND

    def _look_behind(self) -> None:
        window = self._window
        at = skip_space(window.data, window.at)
        self._tally.wrap(at - window.at)
        window.at = at
        if at < len(window.data):
            self._open_fault(ReasonCode.MALFORMED, "text stands after the end of the document")
        elif window.ended:
            self._place = Place.DONE
        else:
            self._hungry = True


def _open(window: Window, tally: Tally, limits: Limits, path: tuple[str, ...]) -> Opening:
    window.fill(min(limits.window, limits.record))
    skip_mark(window, tally)
    while True:
        opening = find_opening(window.data[window.at :], path, last=window.ended)
        if opening is not None:
            break
        if window.rest > limits.record:
            where = ".".join(path) or "at the top"
            message = f"No list {where!r} in the first {limits.record:,} bytes of the document."
            raise UnreadableError(ReasonCode.MALFORMED, message)
        window.fill(max(limits.window, 2 * window.rest))
    tally.wrap(len(opening.text))
    window.at += len(opening.text)
    return opening
