"""Results that follow from their inputs alone, kept from one start to the next under a digest of these inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

MOST_BYTES = 64 << 20  # of what is handed on
LEAST_BYTES = 1 << 20  # that are handed on, used or not
_SPARE = 2  # times what a process used is handed on: another command may need the rest

Result = TypeVar("Result")


class Memo:
    """What was found at earlier starts, and what this one finds.

    For functions whose result follows from what they are given and from the program alone, such as SQL made from a
    contract. Nothing is read from a disk or written to one here: who starts the process brings `content` along and
    hands it on to the next one.
    """

    def __init__(self, content: bytes = b"", *, program: str = "") -> None:
        """`content` is what an earlier process left; what another `program` left, or what is damaged, is nothing."""
        self._program = program
        self._before = _unsealed(content, program)
        self._used: dict[str, bytes] = {}
        self._values: dict[str, Any] = {}
        self._has_new = False

    def result(self, subject: str, kind: type[Result], of: object, find: Callable[[], Result]) -> Result:
        """What `find` gives, or gave at an earlier start; never None, and nobody may change it.

        It must follow from `of` alone, plain values or records of them; `subject` tells uses apart. `kind` is the
        result's type. A result that JSON does not give back equal is found anew at each start, as is one whose `find`
        raises.
        """
        try:
            key = f"{subject} {hashlib.sha256(_IN_ORDER.encode(of)).hexdigest()}"
        except ValueError:  # text that is no Unicode
            return find()
        if key not in self._values:
            known = self._recall(key, kind)
            self._values[key] = self._enter(key, kind, find()) if known is None else known
        value: Result = self._values[key]
        return value

    def content(self) -> bytes | None:
        """What the next process should get, the last used first; None where it has all of it.

        The size is bounded: what lies unused for long goes.
        """
        if not self._has_new:
            return None
        room = min(MOST_BYTES, max(LEAST_BYTES, _SPARE * sum(map(len, self._used.values()))))
        kept: dict[str, msgspec.Raw] = {}
        for key in dict.fromkeys([*reversed(self._used), *self._before]):
            result = self._used[key] if key in self._used else bytes(self._before[key])
            room -= len(result)
            if room < 0:
                break
            kept[key] = msgspec.Raw(result)
        return _sealed(msgspec.json.encode(kept), self._program)

    def _recall(self, key: str, kind: type[Result]) -> Result | None:
        raw = self._before.get(key)
        if raw is None:
            return None
        try:
            known: Result = _decoded(raw, kind)
        except msgspec.MsgspecError:
            return None
        self._used[key] = bytes(raw)
        return known

    def _enter(self, key: str, kind: type[Result], value: Result) -> Result:
        """Keep a result, if it comes back as it is."""
        try:
            encoded = _AS_IT_IS.encode(value)
            back = _decoded(encoded, kind)
        except (msgspec.MsgspecError, ValueError, TypeError):
            return value
        # equal values may differ in spelling: 1 and TRUE, 0.5 and 0.50
        if back == value and _IN_ORDER.encode(back) == _IN_ORDER.encode(value):
            self._used[key] = encoded
            self._has_new = True
        return value


def _made(kind: type[Any], text: str) -> object:
    """A value that was kept as its text, such as a path."""
    return kind(text)


_AS_IT_IS = msgspec.json.Encoder(enc_hook=str)
_IN_ORDER = msgspec.json.Encoder(enc_hook=str, order="deterministic")  # of sets: theirs differs between processes


def _decoded(encoded: bytes | msgspec.Raw, kind: type[Result]) -> Result:
    return msgspec.json.decode(encoded, type=kind, dec_hook=_made)


# ── The content: a line with a SHA-256 over the program and the rest, then a JSON object ─────────────────────────────
def _sealed(body: bytes, program: str) -> bytes:
    return _seal(body, program) + b"\n" + body


def _unsealed(content: bytes, program: str) -> dict[str, msgspec.Raw]:
    seal, _, body = content.partition(b"\n")
    if seal != _seal(body, program):
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return {}


def _seal(body: bytes, program: str) -> bytes:
    found = hashlib.sha256(f"{program}\n".encode())
    found.update(body)
    return found.hexdigest().encode()
