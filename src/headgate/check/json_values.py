"""Where JSON values begin and end, and whether they are fit to be records. All of it at the speed of msgspec's parser.

msgspec checks the grammar of values that it passes over, with these gaps, which are closed here: bytes in strings that
are no UTF-8 pass, and so does any nesting up to the interpreter's own limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from headgate.check.batches import Positions
from headgate.check.json_numbers import STEP_BYTES, Codes
from headgate.core.reasons import ReasonCode

MOST_DEPTH = 64  # of nesting in a record; engines and browsers give up soon after

SPACE = b" \t\r\n"
FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # of msgspec, on bytes that are no JSON

_values = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLACE = re.compile(r"\(byte (\d+)\)")
_NO_SPACE = re.compile(rb"[^ \t\r\n]")
_DEEP_BYTES = 16 << 10  # what it costs, in bytes of parsing, to find a value nested beyond the interpreter's limit
_TAIL_BYTES = 16  # a number, a word or an escape cut in two looks malformed so close to the end


class Outcome(Enum):
    """What stands at a position."""

    WHOLE = "whole"  # a value that ends at `end`
    CUT = "cut"  # a value that goes on beyond the bytes at hand
    MALFORMED = "malformed"  # no value; `end` is where it breaks, as near as the parser tells


class Probe(msgspec.Struct, frozen=True):
    """A value's end, or why there is none."""

    outcome: Outcome
    end: int
    message: str = ""


def split_values(text: bytes) -> list[msgspec.Raw]:
    """The values of a JSON list as raw text; raises one of FAILURES."""
    return _values.decode(text)


def top_keys(raw: bytes) -> frozenset[str]:
    """Keys of an object; none where the text is no object."""
    try:
        return frozenset(_keys.decode(raw))
    except (*FAILURES, msgspec.ValidationError):
        return frozenset()


def skip_space(data: bytes, at: int) -> int:
    """Position of the first byte from `at` on that is no white space, or the end."""
    found = _NO_SPACE.search(data, at)
    return found.start() if found else len(data)


def probe(data: bytes, start: int, *, last: bool) -> Probe:
    """Find where the value at `start` ends; `last` says that no byte follows `data`.

    The parser stops at the first byte that does not fit, so the cost is that of the value, not of the bytes behind it.
    """
    try:
        raw = _value.decode(memoryview(data)[start:])
    except RecursionError:
        return Probe(Outcome.MALFORMED, min(len(data), start + _DEEP_BYTES), "nested too deeply")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _failed(data, start, str(error), last=last)
    end = start + len(bytes(raw))
    open_ended = data[end - 1 : end] not in {b"}", b"]", b'"'}  # 12 may go on as 123
    return Probe(Outcome.CUT if open_ended and end == len(data) and not last else Outcome.WHOLE, end)


def _failed(data: bytes, start: int, message: str, *, last: bool) -> Probe:
    place = _PLACE.search(message)
    if place is None:
        return Probe(Outcome.MALFORMED if last else Outcome.CUT, len(data), "cut off")
    at = start + int(place.group(1)) - 1
    if "trailing characters" in message:
        return Probe(Outcome.WHOLE, start + len(data[start:at].rstrip(SPACE)))
    if not last and at >= len(data) - _TAIL_BYTES:
        return Probe(Outcome.CUT, len(data))
    return Probe(Outcome.MALFORMED, at, message.removeprefix("JSON is malformed: ").partition(" (byte")[0])


def unfit(data: bytes, lengths: Positions, most_bytes: int) -> Iterator[tuple[int, ReasonCode, str]]:
    """Which of the records that stand end to end in `data` may not go on: index, reason code and message, in order."""
    too_long = np.flatnonzero(lengths > most_bytes)
    if len(too_long) == 0 and is_utf8(data) and _is_shallow(data, lengths):
        return
    ends = np.cumsum(lengths)
    for index, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True)):
        text = data[end - length : end]
        if length > most_bytes:
            yield index, ReasonCode.RECORD_TOO_LARGE, f"is over the limit of {most_bytes:,} bytes for one record"
        elif not is_utf8(text):
            yield index, ReasonCode.BAD_ENCODING, "holds bytes that are no UTF-8"
        elif depth(text) > MOST_DEPTH:
            yield index, ReasonCode.MALFORMED, f"is nested deeper than {MOST_DEPTH} levels"


def is_utf8(data: bytes) -> bool:
    """True where the bytes are UTF-8 (RFC 3629): no surrogates, no overlong forms."""
    if data.isascii():
        return True
    offsets = np.array([0, len(data)], dtype=np.int32)
    try:
        pa.StringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _brackets(codes: Codes) -> npt.NDArray[np.uint8]:
    """How many opening brackets stand in each group of eight bytes; by steps that stay in the processor's cache."""
    found = np.empty(-(-len(codes) // 8), dtype=np.uint8)
    for start in range(0, len(codes), STEP_BYTES):
        step = codes[start : start + STEP_BYTES]
        is_open = (step | 0x20) == ord("{")
        if len(step) % 8:
            is_open = np.append(is_open, np.zeros(-len(step) % 8, dtype=bool))
        np.bitwise_count(is_open.view(np.uint64), out=found[start // 8 : (start + STEP_BYTES) // 8])
    return found


def _is_shallow(data: bytes, lengths: Positions) -> bool:
    """True where no record is nested too deeply.

    A record with few opening brackets cannot be; they are counted by groups of eight bytes, the neighbours' part
    included. Only records with many are looked at, without their strings.
    """
    opens = _brackets(np.frombuffer(data, dtype=np.uint8))
    ends = np.cumsum(lengths)
    starts = ends - lengths
    per_record = np.add.reduceat(opens, starts >> 3, dtype=np.uint32)
    last_group = opens[(ends - 1) >> 3]  # reduceat leaves the group out that the next record shares
    suspects = np.flatnonzero(per_record + last_group > MOST_DEPTH)
    text = b"".join([data[starts[index] : ends[index]] for index in suspects.tolist()])
    return not text or depth(text) <= MOST_DEPTH


_BRACKETS = bytes.maketrans(b"{[}]", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(set(range(256)) - set(b"{[}]"))


def depth(text: bytes) -> int:
    """Deepest nesting of valid JSON text."""
    unescaped = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(unescaped.split(b'"')[::2])
    steps = np.frombuffer(outside.translate(_BRACKETS, _NO_BRACKETS), dtype=np.int8)
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))
