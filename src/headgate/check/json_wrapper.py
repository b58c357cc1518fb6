"""What stands around the list of records in a JSON document: found before the list, proven after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from headgate.check.json_values import FAILURES, Outcome, Probe, probe, skip_space
from headgate.core.errors import UnreadableError
from headgate.core.near_name import did_you_mean
from headgate.core.reasons import ReasonCode

_MOST_KEYS = 10_000  # of an object around the list, on either side
MOST_VALUE_BYTES = 1 << 10  # of JSON text; larger values of the wrapper are not kept


class Opening(msgspec.Struct, frozen=True):
    """The text up to and with the bracket that opens the list."""

    text: bytes
    path: tuple[str, ...]

    @property
    def closing(self) -> bytes:
        """The shortest text that ends the document after the list's last record."""
        return b"]" + b"}" * len(self.path)


class _CutError(Exception):
    """More bytes are needed to go on."""


class _BrokenError(Exception):
    """The text around the list breaks at `at`."""

    def __init__(self, what: str, at: int, hint: str = "") -> None:
        self.at = at
        self.hint = hint
        super().__init__(what)


def find_opening(data: bytes, path: tuple[str, ...], *, last: bool) -> Opening | None:
    """Find the list at `path` in a document that begins with `data`; None where more bytes are needed.

    Raises UnreadableError where the document breaks before the list, or has none at the path.
    """
    try:
        end = _walk(data, path, last=last)
    except _CutError:
        if not last:
            return None
        raise UnreadableError(ReasonCode.MALFORMED, "The document ends before its list of records begins.") from None
    except _BrokenError as broken:
        raise UnreadableError(
            ReasonCode.MALFORMED, f"The document {broken} (byte {broken.at:,}).{broken.hint}"
        ) from broken
    opening = Opening(data[:end], path)
    try:
        msgspec.json.decode(opening.text + opening.closing)
    except FAILURES as error:
        raise UnreadableError(
            ReasonCode.MALFORMED, f"The text before the list of records is no JSON: {error}."
        ) from error
    return opening


def _walk(data: bytes, path: tuple[str, ...], *, last: bool) -> int:
    at = _next(data, 0)
    for level, key in enumerate(path):
        where = ".".join(path[:level]) or "the document"
        _expect(data, at, b"{", f"{where} is no object, so it has no list {'.'.join(path)!r}")
        at = _member(data, at + 1, key, last=last)
    name = ".".join(path) or "the document"
    _expect(data, at, b"[", f"{name} is no list; name the list in the flow's source.records")
    return at + 1


def _member(data: bytes, at: int, wanted: str, *, last: bool) -> int:
    """Position of the value of a key, in an object whose members begin at `at`."""
    seen: list[str] = []
    at = _next(data, at)
    while data[at : at + 1] == b'"':
        end = _past(data, at, last=last)
        try:
            key = msgspec.json.decode(data[at:end], type=str)
        except FAILURES:
            _refuse("has a key that is no UTF-8 text", at)
        at = _next(data, end)
        _expect(data, at, b":", "a key has no value")
        at = _next(data, at + 1)
        if key == wanted:
            return at
        seen.append(key)
        if len(seen) > _MOST_KEYS:
            _refuse(f"has more than {_MOST_KEYS:,} keys before its list of records", at)
        at = _next(data, _past(data, at, last=last))
        if data[at : at + 1] == b"}":
            break
        _expect(data, at, b",", "a comma is missing between two keys")
        at = _next(data, at + 1)
    hint = f" The flow's source.records names the list. {did_you_mean(wanted, seen)}"
    raise _BrokenError(f"has no list {wanted!r}", at, hint)


def _past(data: bytes, at: int, *, last: bool) -> int:
    found = probe(data, at, last=last)
    if found.outcome is Outcome.CUT:
        raise _CutError
    if found.outcome is Outcome.MALFORMED:
        _refuse(f"is no JSON around its list of records: {found.message}", found.end)
    return found.end


def _next(data: bytes, at: int) -> int:
    at = skip_space(data, at)
    if at >= len(data):
        raise _CutError
    return at


def _expect(data: bytes, at: int, sign: bytes, message: str) -> None:
    if data[at : at + 1] != sign:
        _refuse(f"cannot be read: {message}", at)


def _refuse(what: str, at: int) -> NoReturn:
    raise _BrokenError(what, at)


class Surroundings(msgspec.Struct, frozen=True):
    """What the text around the list says."""

    values: Mapping[str, Any]  # small values, without the list itself
    twin: str = ""  # a key of the path that stands twice: what the second holds is not read


def find_closing(data: bytes, at: int, levels: int, *, last: bool) -> Probe:
    """Find where the document ends whose list is closed by the bracket at `at`, inside `levels` objects."""
    at += 1
    try:
        for _ in range(levels):
            at = _members_to_end(data, _next(data, at), last=last)
    except _CutError:
        return Probe(Outcome.MALFORMED if last else Outcome.CUT, len(data), "cut off")
    except _BrokenError as broken:
        return Probe(Outcome.MALFORMED, broken.at, str(broken))
    return Probe(Outcome.WHOLE, at)


def _members_to_end(data: bytes, at: int, *, last: bool) -> int:
    """Position behind the brace that ends an object, from behind one of its values."""
    keys = 0
    while data[at : at + 1] == b",":
        keys += 1
        if keys > _MOST_KEYS:
            _refuse(f"has more than {_MOST_KEYS:,} keys behind its list of records", at)
        at = _next(data, at + 1)
        _expect(data, at, b'"', "a key is missing after a comma")
        at = _next(data, _past(data, at, last=last))
        _expect(data, at, b":", "a key has no value")
        at = _next(data, _past(data, _next(data, at + 1), last=last))
    _expect(data, at, b"}", "a comma or a closing brace is missing")
    return at + 1


def read_surroundings(opening: Opening, closing: bytes) -> Surroundings | None:
    """Read what stands around the list; None where the texts before and after it make no document together."""
    twins: set[str] = set()

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twins.update(key for key in opening.path if keys.count(key) > 1)
        return dict(pairs)

    try:
        values = json.loads(opening.text + closing, object_pairs_hook=members)
    except (ValueError, RecursionError):
        return None
    return Surroundings(_small(values, opening.path), min(twins, default=""))


def _small(values: object, path: tuple[str, ...]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items() if isinstance(values, dict) else ():
        if path and key == path[0]:
            inner = _small(value, path[1:])
            kept.update({key: inner} if inner else {})
        elif len(json.dumps(value)) <= MOST_VALUE_BYTES:
            kept[key] = value
    return kept
