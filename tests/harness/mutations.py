"""Damage to bytes, as lines, disks and careless programs do it: one function a kind, all by a chance that is given."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """`data[start:end]` was replaced by `put`."""

    start: int
    end: int
    put: bytes

    def applied(self, data: bytes) -> bytes:
        """The damaged bytes."""
        return data[: self.start] + self.put + data[self.end :]


Mutator = Callable[[random.Random, bytes], Damage]


def _somewhere(chance: random.Random, data: bytes, longest: int = 40) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.randrange(longest))


def _truncate(chance: random.Random, data: bytes) -> Damage:
    return Damage(chance.randrange(len(data)), len(data), b"")


def _flip(chance: random.Random, data: bytes) -> Damage:
    at = chance.randrange(len(data))
    return Damage(at, at + 1, bytes([data[at] ^ (1 << chance.randrange(8))]))


def _noise(chance: random.Random, data: bytes) -> Damage:
    return Damage(*_somewhere(chance, data), chance.randbytes(chance.randrange(1, 40)))


def _cut_out(chance: random.Random, data: bytes) -> Damage:
    return Damage(*_somewhere(chance, data, 200), b"")


def _repeat(chance: random.Random, data: bytes) -> Damage:
    start, end = _somewhere(chance, data, 200)
    return Damage(start, start, data[start:end])


def _insert(*texts: bytes) -> Mutator:
    def put(chance: random.Random, data: bytes) -> Damage:
        at = chance.randrange(len(data) + 1)
        return Damage(at, at, chance.choice(texts))

    return put


DAMAGES: dict[str, Mutator] = {
    "truncated": _truncate,
    "flipped": _flip,
    "noise": _noise,
    "cut out": _cut_out,
    "repeated": _repeat,
    "signs": _insert(b'"', b"{", b"}", b"[", b"]", b",", b"\\", b"\n", b"\r", b":", b'""', b"]}", b"[{", b";", b'","'),
    "encoding": _insert(b"\xff", b"\xe9", b"\xc3", b"\xed\xa0\x80", b"\\ud800", "Ä".encode("utf-16-le"), b"\xf5\x80"),
    "nesting": _insert(b"[" * 70, b"[" * 3000, b'{"a":' * 80, b'{"a":[' * 2000, b"[" * 66 + b"]" * 66),
    "numbers": _insert(b"9" * 6000, b"1e999", b"-", b"0123", b"NaN", b"-Infinity", b"1e", b"." * 9),
    "zero": _insert(b"\0", b"\0" * 30),
    "twins": _insert(b'"id": 1, "id": 2, ', b'"rows": [], ', b'"rows": [{"id": 1}], ', b'{"id": 1, "id": 1},'),
}
"""Anywhere in the bytes, whatever they are."""

_VALUE = re.compile(
    rb'(?<=:)\s?(?:-?[0-9][0-9.eE+-]*|"(?:[^"\\]|\\.)*"|true|false|null)|(?<=[,;\t])[^,;\t\r\n"{}\[\]]+'
)
_OBJECT = re.compile(rb"\{")


def _instead(*texts: bytes) -> Mutator:
    """Another value where one stands: the document stays whole, so that what is odd reaches the engine."""

    def put(chance: random.Random, data: bytes) -> Damage:
        found = [match.span() for match in _VALUE.finditer(data)]
        start, end = chance.choice(found) if found else _somewhere(chance, data)
        return Damage(start, end, chance.choice(texts))

    return put


def _beside(*texts: bytes) -> Mutator:
    """More members at the beginning of an object."""

    def put(chance: random.Random, data: bytes) -> Damage:
        found = [match.end() for match in _OBJECT.finditer(data)]
        at = chance.choice(found) if found else chance.randrange(len(data) + 1)
        return Damage(at, at, chance.choice(texts))

    return put


VALUES: dict[str, Mutator] = {
    "nested value": _instead(
        *(b"[" * deep + b"]" * deep for deep in (1, 10, 62, 63, 64, 65, 1000, 20_000)),
        *(b'{"a":' * deep + b"1" + b"}" * deep for deep in (2, 62, 64, 65, 900, 5_000)),
        b"[" + b"[]," * 5000 + b"[]]",
    ),
    "huge number": _instead(
        *(b"9" * digits for digits in (18, 19, 20, 38, 39, 76, 400, 70_000)),
        *(b"-9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1e308", b"1e309", b"-1e309"),
        *(b"1e-400", b"1E+999999999", b"1e-999999999", b"-0", b"-0.0", b"0." + b"0" * 500 + b"1", b"0.1" + b"2" * 90),
        *(b"12.345e2", b"1e99999999999999999999", b"170141183460469231731687303715884105728", b"0x1F", b"+1", b"1_000"),
    ),
    "odd text": _instead(
        *(b'"\\u0000"', b'"a\\u0000b"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"', b'"\\uffff"', b'""'),
        *(
            b'"' + b"x" * 100_000 + b'"',
            b'"\\"\\\\\\/\\b\\f\\n\\r\\t"',
            b'"\xc2\x80\xe2\x80\xa8\xef\xbb\xbf"',
            b'" 1 "',
        ),
        *(b'"\'; DROP TABLE t; --"', b'"$now"', b'"%s%n{}"', b'"\xf4\x8f\xbf\xbf"', b'"NaN"', b'"=1+1"', b'"null"'),
    ),
    "odd time": _instead(
        *(b'"0000-00-00T00:00:00Z"', b'"9999-12-31T23:59:59.999999Z"', b'"10000-01-01T00:00:00Z"', b'"infinity"'),
        *(b'"-4713-01-01T00:00:00Z"', b'"2026-02-30T00:00:00Z"', b'"2026-03-29T02:30:00+99:99"', b'"epoch"'),
        *(b'"2026-01-01T24:00:00Z"', b'"2026-01-01T23:59:60Z"', b'"290000-01-01T00:00:00Z"', b'"now"', b'"today"'),
    ),
    "other kind": _instead(b"null", b"true", b"[]", b"{}", b'{"":1}', b'[{"a":[{}]}]', b"[null]", b'["a",1]', b"0"),
    "keys twice": _beside(
        *(b'"id":"x","id":"y",', b'"id":"x",', b'"":1,"":2,', b'"value":1,"value":1,', b'"transactions":[],'),
        *(b'"items":[],"items":{},', b'"rows":[],', b'"transaction_count":1,', b'"\\u0069d":"z",', b'"total":1,'),
    ),
    "odd keys": _beside(
        *(b'"_delivery":"d-1",', b'"_row":1,', b'"_ok":true,', b'"a.b":1,', b'"a\\"b":1,', b'"\\u0000":1,', b'"":1,'),
        *(b'"' + b"k" * 70_000 + b'":1,', b'"select":1,', b'"reasons":[],', b'"ID":1,', b'"raw":"r",', b'"fields":{},'),
        b"".join(b'"k%d":%d,' % (number, number) for number in range(3000)),
    ),
}
"""One value or member for another, so that the file is still of its format."""
