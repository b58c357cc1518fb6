"""Hashes of a Merkle tree over a list of leaves, as RFC 6962, section 2.1, and RFC 9162, section 2.1.1, define them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """The 32 bytes that stand for a leaf: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The 32 bytes that stand for two subtrees: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split_point(count: int) -> int:
    """Leaves in the left subtree of a tree of `count` > 1 leaves: the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees given from left to right, largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves by the recursive definition; the reference that all faster ways are tested against."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    middle = split_point(len(leaves))
    return node_hash(root_of(leaves[:middle]), root_of(leaves[middle:]))


class RunningTree:
    """The root of a growing list of leaves, in memory for its complete subtrees only: log2(size) hashes."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(peaks)}.")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._size

    def add(self, leaf: bytes) -> None:
        """Append one leaf; on average one node hash beside that of the leaf."""
        carried = leaf_hash(leaf)
        size = self._size
        while size & 1:
            carried = node_hash(self._peaks.pop(), carried)
            size >>= 1
        self._peaks.append(carried)
        self._size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return fold(self._peaks)
