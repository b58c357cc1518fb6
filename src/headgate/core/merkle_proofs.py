"""Checking inclusion and consistency proofs without the tree (RFC 9162, sections 2.1.3.2 and 2.1.4.2)."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.core.tree_hash import EMPTY_ROOT, node_hash


def verify_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf with hash `leaf` stands at `index` in the tree of `size` leaves."""
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = node_hash(sibling, value)
            place, last = _skip_single_levels(place, last)
        else:
            value = node_hash(value, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and value == root


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the tree of `old_size` leaves is the beginning of the tree of `new_size`."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    # A complete old tree is itself a node of the new one, so its root is not sent.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    return bool(proof) and _roots_of_path(old_size - 1, new_size - 1, path) == (old_root, new_root)


def _roots_of_path(place: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The old and the new root that the path implies; None if it is too long or too short."""
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            place, last = _skip_single_levels(place, last)
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return (old, new) if last == 0 else None


def _skip_single_levels(place: int, last: int) -> tuple[int, int]:
    """Go up while the node is a left child without a sibling: on those levels the proof has no hash."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last
