"""Records of a CSV file: its text, and its fields as text columns under the header's names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headgate.check.batches import RAW_FIELDS, BatchBuilder, Piece, Positions, kept_text
from headgate.check.csv_dialect import column_names, fields_of, find_dialect
from headgate.check.csv_fields import Fields, fields_of_rows, parse_fields, struct_of
from headgate.check.csv_lines import Lines, find_lines
from headgate.check.encodings import windows_1252_ends, windows_1252_text
from headgate.check.faults import Tally
from headgate.check.json_values import is_utf8
from headgate.check.limits import Limits
from headgate.check.reader import Facts, RecordReader
from headgate.check.skipping import give_up, skip_line, skip_mark
from headgate.check.windows import Window
from headgate.core.errors import UnreadableError
from headgate.core.reasons import ReasonCode

_HEAD_BYTES = 64 << 10


class CsvReader(RecordReader):
    """Finds lines in each window and has their fields parsed in runs; lines that stand out are read by themselves."""

    def __init__(self, window: Window, tally: Tally, limits: Limits, *, encoding: str) -> None:
        self._window = window
        self._tally = tally
        self._limits = limits
        self._single_bytes = encoding == "windows-1252"
        window.fill(max(limits.window, _HEAD_BYTES))
        skip_mark(window, tally)
        self._dialect = find_dialect(window.data[window.at : window.at + _HEAD_BYTES])
        self._header = self._read_header()
        self._names, self._renamed = column_names(self._header)
        self.schema = pa.schema([*RAW_FIELDS, pa.field("fields", struct_of(self._names))])
        self._out = BatchBuilder(tally, self.schema)
        self._last_line_ended = True  # a file that stops within its last line may be cut off

    def facts(self) -> Facts:
        """Header and dialect."""
        signs: dict[str, Any] = {
            "delimiter": self._dialect.delimiter,
            "quote": self._dialect.quote,
            "renamed": dict(self._renamed),
        }
        signs["last_line_ended"] = self._last_line_ended
        return Facts(header=tuple(self._header), dialect=signs)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All records; faults are told on the way."""
        window = self._window
        while window.rest or not window.ended:
            too_long = window.rest > self._limits.record
            data = window.data[window.at :]
            lines = find_lines(data, self._dialect, last=window.ended, give_up=too_long)
            if lines.stop:
                self._take(data[: lines.stop], lines)
                self._last_line_ended = data[lines.stop - 1 : lines.stop] == self._dialect.newline.encode()
                window.at += lines.stop
            elif too_long:
                skip_line(window, self._tally, self._limits, self._dialect.newline.encode())
            window.fill(max(self._limits.window, 2 * window.rest))
            if self._tally.hopeless and window.rest:
                give_up(window, self._tally, self._limits, window.offset)
            yield from self._out.ready()
        yield from self._out.flush()

    def reads_like(self, other: CsvReader) -> bool:
        """Whether a line means the same in both: signs, columns and encoding are equal."""
        return (self._dialect, self._names, self._single_bytes) == (other._dialect, other._names, other._single_bytes)

    def fields_of(self, lines: Sequence[str]) -> list[dict[str, str]] | None:
        """Fields of sound lines by column, from the text that `batches` gave of each; None where one is none."""
        text = "".join(f"{line}\n" for line in lines).encode()
        fields = parse_fields(text, len(lines), self._names, self._dialect)
        if fields is None:
            fields = fields_of_rows([fields_of(line, self._dialect) or [] for line in lines], self._names)
        return None if fields.ragged else fields.columns.to_pylist()

    def _read_header(self) -> list[str]:
        window = self._window
        data = window.data[window.at :]
        lines = find_lines(data, self._dialect, last=window.ended)
        if not lines.stop:
            raise UnreadableError(ReasonCode.MALFORMED, f"The header does not end in the first {len(data):,} bytes.")
        start, end = int(lines.starts[0][0]), int(lines.ends[0][0])
        text = self._text(data[start:end])
        fields = fields_of(text.decode(), self._dialect) if is_utf8(text) and b"\0" not in text else None
        if fields is None:
            raise UnreadableError(
                ReasonCode.MALFORMED, "The first line is no header: it is no text, or a quote is astray."
            )
        self._tally.wrap(end)
        window.at += end
        return fields

    def _text(self, data: bytes) -> bytes:
        return windows_1252_text(data) if self._single_bytes else data

    def _take(self, block: bytes, lines: Lines) -> None:
        starts, ends = np.concatenate(lines.starts), np.concatenate(lines.ends)
        filled = ends > starts
        starts, ends = starts[filled], ends[filled]
        self._tally.wrap(len(block) - int((ends - starts).sum()))
        first = self._tally.number(len(starts))
        faults = self._alone(block, starts, ends, lines.odd)
        good = np.ones(len(starts), dtype=bool)
        good[list(faults)] = False
        indices = np.flatnonzero(good)
        fields = self._parse(block, starts[good], ends[good])
        for place, found in fields.ragged.items():
            faults[int(indices[place])] = self._ragged(found)
        good[list(faults)] = False
        for index, (code, fault) in sorted(faults.items()):
            offset, length = self._window.offset + int(starts[index]), int(ends[index] - starts[index])
            message = f"The line at byte {offset:,} is no record: {fault}."
            self._tally.fault(code, offset, length, message, row=first + index)
        self._add(block, starts[good], ends[good], fields.columns, first + np.flatnonzero(good))

    def _alone(
        self, block: bytes, starts: Positions, ends: Positions, odd: dict[int, str]
    ) -> dict[int, tuple[ReasonCode, str]]:
        """Look at the lines that stand out, each by itself: index -> what is wrong with it."""
        faults: dict[int, tuple[ReasonCode, str]] = {}
        for index in np.flatnonzero(self._apart(block, starts, ends, odd)).tolist():
            start = int(starts[index])
            fault = self._fault_of(block[start : int(ends[index])], odd.get(start, ""))
            if fault is not None:
                faults[index] = fault
        return faults

    def _fault_of(self, line: bytes, known: str) -> tuple[ReasonCode, str] | None:
        text = self._text(line)
        if len(line) > self._limits.record:
            return ReasonCode.RECORD_TOO_LARGE, f"it is over the limit of {self._limits.record:,} bytes"
        if not is_utf8(text):
            return ReasonCode.BAD_ENCODING, "it holds bytes that are no UTF-8"
        if known or b"\0" in text:
            return ReasonCode.MALFORMED, known or "it holds a NUL"
        fields = fields_of(text.decode(), self._dialect)
        if fields is None:
            return ReasonCode.MALFORMED, "a quote or a line end stands astray in it"
        return None if len(fields) == len(self._names) else self._ragged(len(fields))

    def _ragged(self, found: int) -> tuple[ReasonCode, str]:
        return ReasonCode.RAGGED_LINE, f"it has {found} field(s), the header has {len(self._names)}"

    def _parse(self, block: bytes, starts: Positions, ends: Positions) -> Fields:
        """Fields of sound lines: all at once, or one by one should Arrow see other lines than we do."""
        text = self._text(kept_text(block, starts, np.minimum(ends + 1, len(block))))
        fields = parse_fields(text, len(starts), self._names, self._dialect)
        if fields is not None:
            return fields
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        rows = [fields_of(self._text(block[start:end]).decode(), self._dialect) or [] for start, end in spans]
        return fields_of_rows(rows, self._names)

    def _add(self, block: bytes, starts: Positions, ends: Positions, fields: pa.StructArray, rows: Positions) -> None:
        sizes = ends - starts
        data = kept_text(block, starts, ends)
        lengths = sizes
        if self._single_bytes:
            lengths = np.diff(windows_1252_ends(data, np.cumsum(sizes)), prepend=0)
            data = windows_1252_text(data)
        places = starts + self._window.offset
        self._out.add(Piece(data=data, starts=places, lengths=lengths, sizes=sizes, fields=fields), rows)

    def _apart(self, block: bytes, starts: Positions, ends: Positions, odd: dict[int, str]) -> npt.NDArray[np.bool_]:
        """Which records are to be read by themselves: astray quotes, too long, no text, a return or NUL inside."""
        apart = np.isin(starts, np.array(list(odd), dtype=np.int64)) | (ends - starts > self._limits.record)
        if len(starts) and (b"\0" in block or block.count(b"\r") != block.count(b"\r\n")):
            codes = np.frombuffer(block, dtype=np.uint8)
            followed = np.append(codes[1:] == ord("\n"), False)
            signs = np.flatnonzero((codes == 0) | ((codes == ord("\r")) & ~followed))
            owners = np.searchsorted(starts, signs, side="right") - 1
            apart[owners[(owners >= 0) & (signs < ends[owners])]] = True
        if not self._single_bytes and not is_utf8(block):
            spans = zip(starts.tolist(), ends.tolist(), strict=True)
            apart |= np.array([not is_utf8(block[start:end]) for start, end in spans], dtype=bool)
        return apart
