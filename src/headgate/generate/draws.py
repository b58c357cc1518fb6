"""Random numbers by place instead of by sequence: a draw depends on seed, stream and index alone.

So any row can be made again by itself, in any order and chunk, and the numbers do not change with a library's version.
The mixing is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

T = TypeVar("T")

_GAMMA = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_MASK = (1 << 64) - 1


class Draws(msgspec.Struct, frozen=True, kw_only=True):
    """All the chance of one run."""

    seed: int

    def bits(self, stream: str, index: Ints) -> npt.NDArray[np.uint64]:
        """64 even bits for each index."""
        state = np.asarray(index).astype(np.uint64) * np.uint64(_GAMMA) + np.uint64(stream_key(self.seed, stream))
        state = (state ^ (state >> np.uint64(30))) * np.uint64(_FIRST)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(_SECOND)
        return state ^ (state >> np.uint64(31))

    def uniform(self, stream: str, index: Ints) -> Floats:
        """Numbers in [0, 1) with 53 bits."""
        return (self.bits(stream, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, stream: str, index: Ints, limit: Ints | int) -> Ints:
        """Whole numbers from 0 to below `limit`; even but for a share of limit / 2^53."""
        return np.asarray((self.uniform(stream, index) * limit).astype(np.int64))

    def normal(self, stream: str, index: Ints) -> Floats:
        """Standard normal numbers by the transform of Box and Muller."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(f"{stream}/radius", index)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(f"{stream}/angle", index)))

    def choice(self, stream: str, index: Ints, weights: Sequence[float]) -> Ints:
        """Positions in `weights`, each as likely as its weight."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(edges, self.uniform(stream, index) * edges[-1], side="right")
        return np.asarray(np.minimum(found, len(weights) - 1), dtype=np.int64)

    def series(self, stream: str, index: int = 0) -> DrawSeries:
        """Single numbers one after the other, for code that treats one thing at a time."""
        return DrawSeries(key=stream_key(self.seed, f"{stream}/{index}"))


class DrawSeries:
    """A sequence of single draws; equal keys give equal sequences."""

    __slots__ = ("_key", "_used")

    def __init__(self, *, key: int) -> None:
        self._key = key
        self._used = 0

    def below(self, limit: int) -> int:
        """A whole number from 0 to below `limit`."""
        self._used += 1
        state = (self._used * _GAMMA + self._key) & _MASK
        state = ((state ^ (state >> 30)) * _FIRST) & _MASK
        state = ((state ^ (state >> 27)) * _SECOND) & _MASK
        return ((state ^ (state >> 31)) * limit) >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.below(len(choices))]


@lru_cache(maxsize=4096)
def stream_key(seed: int, stream: str) -> int:
    """The 64 bits at which a stream of a seed begins: SHA-256, so that streams have nothing in common."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{stream}".encode()).digest()[:8], "big")
