"""Bytes that are passed over whole: a mark at the beginning, a line without end, the rest of a hopeless input."""

from __future__ import annotations

from headgate.check.faults import Tally
from headgate.check.limits import Limits
from headgate.check.windows import Window
from headgate.core.reasons import ReasonCode

_BOM = b"\xef\xbb\xbf"


def skip_mark(window: Window, tally: Tally) -> None:
    """Step over a byte-order mark at the beginning."""
    if window.data.startswith(_BOM):
        tally.wrap(len(_BOM))
        window.at += len(_BOM)


def skip_line(window: Window, tally: Tally, limits: Limits, newline: bytes = b"\n") -> None:
    """Tell a line over the limit as a fault, up to its end, however far that is."""
    begin = window.offset
    while (stop := window.data.find(newline, window.at)) < 0 and not window.ended:
        window.at = len(window.data)
        window.fill(limits.window)
    window.at = len(window.data) if stop < 0 else stop
    message = f"The line at byte {begin:,} is over the limit of {limits.record:,} bytes for one record."
    tally.fault(ReasonCode.RECORD_TOO_LARGE, begin, window.offset - begin, message)


def give_up(window: Window, tally: Tally, limits: Limits, begin: int) -> None:
    """Tell all bytes from `begin` on as one fault."""
    while window.rest or not window.ended:
        window.at = len(window.data)
        window.fill(limits.window)
    message = f"After {tally.faults:,} faults nothing is read from byte {begin:,} on."
    tally.fault(ReasonCode.MALFORMED, begin, window.offset - begin, message)
