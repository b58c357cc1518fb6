"""Putting a value into elements of a record's lists: into all of them, or into those that a reason names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from headgate.core.contract import Contract
from headgate.core.record_edits import name_twice, prepared

EACH = "[]"
FAULTY = "[!]"
_MARK = re.compile(r"\[(\d*|!)\]", re.ASCII)
Reason = tuple[str, str | None]  # column with positions, such as items[2].price, and the value that was found


def names_elements(path: str) -> bool:
    """Whether a path speaks of several elements: `items[].currency` of all, `items[!].currency` of those at fault.

    >>> [names_elements(path) for path in ("items[].currency", "items[!].currency", "items[2].currency")]
    [True, True, False]
    """
    return EACH in path or FAULTY in path


def put_in_elements(
    record: str, path: str, value: str | None, contract: Contract, *, typed: bool, reasons: Iterable[Reason] = ()
) -> tuple[str, int]:
    """The record with the value in each element that is meant, and how many these are.

    At fault is an element that a reason names by its position, or, where it names no position, by the value found.
    What has not the form that the path says (no list, an element that is no object) is left as it is. UsageError for a
    path that the contract does not have, and for text that cannot be of the column's type.
    """
    numbered = path.replace(EACH, "[0]").replace(FAULTY, "[0]")
    steps, literal = prepared(contract, numbered, value, typed=typed)
    marks = iter(_MARK.findall(path))
    marked = [f"[{next(marks)}]" if step.startswith("[") else step for step in steps]
    meant = _Meant(path, reasons) if FAULTY in path else None
    placing = _Placing(literal.encode(), meant)
    changed = placing.put(record.encode(), marked, ())
    return (record if changed is None else changed.decode()), placing.count


class _Meant:
    """The elements that reasons name."""

    def __init__(self, path: str, reasons: Iterable[Reason]) -> None:
        plain, array = _MARK.sub(EACH, path), _array(path)
        self.positions: set[tuple[int, ...]] = set()
        self.values: set[str] = set()
        for column, value in reasons:
            places = tuple(int(number) for number in re.findall(r"\[(\d+)\]", column, re.ASCII))
            if places and _array(column) == array:
                self.positions.add(places)
            elif not places and column == plain and value is not None:
                self.values.add(value)

    def __call__(self, at: tuple[int, ...], raw: bytes) -> bool:
        return at in self.positions or (bool(self.values) and _text(raw) in self.values)


class _Placing:
    """A value on its way into elements; counts them."""

    def __init__(self, literal: bytes, meant: _Meant | None) -> None:
        self.count = 0
        self._literal = literal
        self._meant = meant

    def put(self, raw: bytes, steps: Sequence[str], at: tuple[int, ...]) -> bytes | None:
        """The text with the value in it; None where nothing of it is meant."""
        if not steps:
            if self._meant is not None and not self._meant(at, raw):
                return None
            self.count += 1
            return self._literal
        try:
            inside = self._into_list if steps[0].startswith("[") else self._into_object
            return inside(raw, steps, at)
        except msgspec.DecodeError:  # null, or another form than the contract's
            return None

    def _into_list(self, raw: bytes, steps: Sequence[str], at: tuple[int, ...]) -> bytes | None:
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
        number = steps[0][1:-1]
        wanted = [int(number)] if number.isdigit() else range(len(items))
        changed = False
        for place in wanted:
            if place < len(items) and (after := self.put(bytes(items[place]), steps[1:], (*at, place))) is not None:
                items[place] = msgspec.Raw(after)
                changed = True
        return msgspec.json.encode(items) if changed else None

    def _into_object(self, raw: bytes, steps: Sequence[str], at: tuple[int, ...]) -> bytes | None:
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        if name_twice(raw.decode()) not in {None, steps[0]}:
            return None  # to write it anew would drop one of the two
        absent = b"{}" if len(steps) > 1 else b"null"
        after = self.put(bytes(members.get(steps[0], absent)), steps[1:], at)
        if after is None:
            return None
        members[steps[0]] = msgspec.Raw(after)
        return msgspec.json.encode(members)


def _array(path: str) -> str:
    """The innermost list on the way: `items[2].price` -> `items[]`."""
    plain = _MARK.sub(EACH, path)
    return plain[: plain.rfind(EACH) + len(EACH)] if EACH in plain else ""


def _text(raw: bytes) -> str:
    """A value as a reason shows it."""
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else raw.decode()
