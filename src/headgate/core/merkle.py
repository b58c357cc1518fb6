"""A Merkle tree whose complete subtrees are stored as nodes: append, root and proofs with O(log n) nodes read.

Node (level, position) covers the leaves position * 2^level up to (position + 1) * 2^level - 1. Only complete subtrees
are stored, so a node once written never changes. Functions that need nodes get `read_nodes` and call it at most once,
with all ids, so that a database can answer by one query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.tree_hash import EMPTY_ROOT, HASH_BYTES, fold, node_hash, split_point

NodeId = tuple[int, int]
"""Level from 0 (leaves) upwards, and position from 0 in that level."""

ReadNodes = Callable[[Sequence[NodeId]], Sequence[bytes | None]]
"""Hashes in the order of the ids; None for a node that is not stored."""


class Node(NamedTuple):
    """One stored node; a tuple, because a batch of leaves writes thousands of them."""

    level: int
    position: int
    hash: bytes  # 32 bytes


def append(size: int, read_nodes: ReadNodes, leaf_hashes: Sequence[bytes]) -> tuple[int, list[Node]]:
    """The new size and the nodes to write after the leaves are put at the end of a tree of `size` leaves.

    Reads at most log2(size) nodes whatever the number of leaves, and writes less than two nodes a leaf on average.
    """
    joined = _joined_nodes(size, len(leaf_hashes))
    left_of = dict(zip(joined, _read(joined, read_nodes), strict=True))
    written: list[Node] = []
    row, level, start = list(leaf_hashes), 0, size
    while row:
        written.extend(Node(level, start + offset, value) for offset, value in enumerate(row))
        if start & 1:
            start -= 1
            row.insert(0, left_of[level, start])
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row) - 1, 2)]
        start >>= 1
        level += 1
    return size + len(leaf_hashes), written


def peaks(size: int, read_nodes: ReadNodes) -> list[bytes]:
    """Hashes of the complete subtrees of a tree of `size` leaves, from left to right."""
    return _read(_cover(0, size), read_nodes)


def root(size: int, read_nodes: ReadNodes) -> bytes:
    """The root of the tree of the first `size` leaves; later leaves may be stored too."""
    return fold(peaks(size, read_nodes)) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read_nodes: ReadNodes) -> list[bytes]:
    """Hashes that lead from leaf `index` to the root of `size` leaves, lowest first (RFC 6962, section 2.1.1)."""
    return inclusion_proofs([index], size, read_nodes)[0]


def inclusion_proofs(indexes: Sequence[int], size: int, read_nodes: ReadNodes) -> list[list[bytes]]:
    """The proof of each leaf in the same tree; the nodes of all of them, many of which they share, are read at once."""
    ways = [_beside(index, size) for index in indexes]
    hashes = iter(_range_hashes([beside for way in ways for beside in way], read_nodes))
    return [[next(hashes) for _ in way] for way in ways]


def _beside(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves beside the way from a leaf to the root, lowest first."""
    if not 0 <= index < size:
        message = f"Event {index} is not in a tree of {size} events; indexes go from 0 to {size - 1}."
        raise ProofError(EvidenceFault.OUT_OF_RANGE, message)
    beside: list[tuple[int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + split_point(high - low)
        if index < middle:
            beside.append((middle, high))
            high = middle
        else:
            beside.append((low, middle))
            low = middle
    return beside[::-1]


def consistency_proof(old_size: int, new_size: int, read_nodes: ReadNodes) -> list[bytes]:
    """Hashes that tie the root of `old_size` leaves to that of `new_size` (RFC 6962, section 2.1.2).

    Empty where there is nothing to tie: equal sizes, or an empty old tree.
    """
    if not 0 <= old_size <= new_size:
        message = f"A tree of {old_size} events is not the beginning of one of {new_size}; give the smaller size first."
        raise ProofError(EvidenceFault.OUT_OF_RANGE, message)
    if old_size in (0, new_size):
        return []
    beside: list[tuple[int, int]] = []
    low, high = 0, new_size
    while high != old_size:
        middle = low + split_point(high - low)
        if old_size <= middle:
            beside.append((middle, high))
            high = middle
        else:
            beside.append((low, middle))
            low = middle
    if low:
        beside.append((low, high))
    return _range_hashes(beside[::-1], read_nodes)


def _joined_nodes(size: int, count: int) -> list[NodeId]:
    """Stored nodes that become the left half of a new node when `count` leaves are put after `size`."""
    joined: list[NodeId] = []
    level, start = 0, size
    while count:
        if start & 1:
            start -= 1
            count += 1
            joined.append((level, start))
        start, count, level = start >> 1, count >> 1, level + 1
    return joined


def _cover(low: int, high: int) -> list[NodeId]:
    """The fewest complete subtrees over the leaves low..high-1 of a range that RFC 6962 splits off."""
    nodes: list[NodeId] = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes


def _range_hashes(ranges: Sequence[tuple[int, int]], read_nodes: ReadNodes) -> list[bytes]:
    """The hash of each range of leaves; all nodes are read at once, and one that ranges share once."""
    covers = [_cover(low, high) for low, high in ranges]
    wanted = list(dict.fromkeys(node for cover in covers for node in cover))
    stored = dict(zip(wanted, _read(wanted, read_nodes), strict=True))
    return [fold([stored[node] for node in cover]) for cover in covers]


def _read(nodes: Sequence[NodeId], read_nodes: ReadNodes) -> list[bytes]:
    if not nodes:
        return []
    hashes: list[bytes] = []
    for (level, position), value in zip(nodes, read_nodes(nodes), strict=True):
        if value is None or len(value) != HASH_BYTES:
            found = "not stored" if value is None else f"stored with {len(value)} bytes instead of {HASH_BYTES}"
            message = (
                f"Node (level {level}, position {position}) of the tree is {found}; verify the log from its events."
            )
            raise ProofError(EvidenceFault.NODE_MISSING, message)
        hashes.append(value)
    return hashes
