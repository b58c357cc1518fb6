"""Stretches of bytes that are no record, and the count of where every byte went."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that is no record. It takes a row number: it is one received and one rejected row."""

    row: int  # from 1, in order of appearance among records and faults
    code: str  # reason code
    offset: int  # of the first byte, in the unpacked bytes
    length: int  # bytes; 0 where something is missing, such as a comma
    message: str  # what and where, never a raw value


MOST_FAULTS = 100_000  # told one by one, where they are a fifth of all rows or more

FaultSink = Callable[[Fault], None]


class Tally:
    """Gives out row numbers and counts bytes: each is in exactly one of wrapper, record, fault."""

    def __init__(self, on_fault: FaultSink) -> None:
        self._on_fault = on_fault
        self.rows = 0
        self.records = 0
        self.faults = 0
        self.wrapper_bytes = 0
        self.record_bytes = 0
        self.fault_bytes = 0

    def number(self, count: int) -> int:
        """Give out `count` row numbers; the first of them."""
        first = self.rows + 1
        self.rows += count
        return first

    def record(self, count: int, size_bytes: int) -> None:
        """Count records that have their numbers."""
        self.records += count
        self.record_bytes += size_bytes

    def fault(self, code: str, offset: int, length: int, message: str, *, row: int | None = None) -> None:
        """Report a stretch of bytes under the next row number, or under one that was given out."""
        number = self.number(1) if row is None else row
        self.faults += 1
        self.fault_bytes += length
        self._on_fault(Fault(row=number, code=code, offset=offset, length=length, message=message))

    @property
    def hopeless(self) -> bool:
        """True where so much is faulty that looking further would only cost time: the rest is then one fault."""
        return self.faults >= MOST_FAULTS and self.faults * 4 >= self.records

    def wrap(self, size_bytes: int) -> None:
        """Count bytes that belong to no record: separators, white space, brackets, keys around the list."""
        self.wrapper_bytes += size_bytes

    @property
    def total_bytes(self) -> int:
        """All bytes that found their place so far."""
        return self.wrapper_bytes + self.record_bytes + self.fault_bytes
