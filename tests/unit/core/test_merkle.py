from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.evidence import EvidenceFault, ProofError
from headgate.core.merkle import Node, NodeId, append, consistency_proof, inclusion_proof, inclusion_proofs, peaks, root
from headgate.core.merkle_proofs import verify_consistency, verify_inclusion
from headgate.core.tree_hash import fold, leaf_hash, node_hash, root_of, split_point


class NodeTable:
    """The stored nodes of one log, and the ids of every question asked."""

    def __init__(self) -> None:
        self.size = 0
        self.nodes: dict[NodeId, bytes] = {}
        self.asked: list[Sequence[NodeId]] = []

    def read(self, ids: Sequence[NodeId]) -> list[bytes | None]:
        self.asked.append(ids)
        return [self.nodes.get(one) for one in ids]

    def append(self, leaves: Sequence[bytes]) -> list[Node]:
        self.size, written = append(self.size, self.read, [leaf_hash(leaf) for leaf in leaves])
        for node in written:
            assert (node.level, node.position) not in self.nodes, "a node is written once"
            self.nodes[node.level, node.position] = node.hash
        return written


def numbered(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


@pytest.fixture(scope="module")
def table_of() -> Callable[[int], NodeTable]:
    tables: dict[int, NodeTable] = {}

    def build(count: int) -> NodeTable:
        if count not in tables:
            tables[count] = NodeTable()
            tables[count].append(numbered(count))
        return tables[count]

    return build


def reference_inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, as it is written there."""
    if len(leaves) == 1:
        return []
    middle = split_point(len(leaves))
    if index < middle:
        return [*reference_inclusion(index, leaves[:middle]), root_of(leaves[middle:])]
    return [*reference_inclusion(index - middle, leaves[middle:]), root_of(leaves[:middle])]


def reference_consistency(old: int, leaves: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2, as it is written there."""
    if old == len(leaves):
        return [] if known else [root_of(leaves)]
    middle = split_point(len(leaves))
    if old <= middle:
        return [*reference_consistency(old, leaves[:middle], known=known), root_of(leaves[middle:])]
    return [*reference_consistency(old - middle, leaves[middle:], known=False), root_of(leaves[:middle])]


@pytest.mark.parametrize("size", range(71))
def test_root_and_every_proof_are_the_recursive_ones(size: int, table_of: Callable[[int], NodeTable]) -> None:
    leaves, table = numbered(size), table_of(70)
    head = root(size, table.read)
    assert head == root_of(leaves)
    for index in range(size):
        proof = inclusion_proof(index, size, table.read)
        assert proof == reference_inclusion(index, leaves)
        assert verify_inclusion(leaf_hash(leaves[index]), index=index, size=size, proof=proof, root=head)
    for old in range(1, size + 1):
        proof = consistency_proof(old, size, table.read)
        assert proof == reference_consistency(old, leaves)
        old_root = root_of(leaves[:old])
        assert verify_consistency(old_size=old, new_size=size, old_root=old_root, new_root=head, proof=proof)


@given(st.lists(st.integers(0, 40), max_size=12))
def test_batches_give_the_nodes_that_single_leaves_give(batches: list[int]) -> None:
    leaves = numbered(sum(batches))
    batched, single = NodeTable(), NodeTable()
    for count in batches:
        batched.append(leaves[batched.size : batched.size + count])
    for leaf in leaves:
        single.append([leaf])
    assert batched.nodes == single.nodes
    assert root(len(leaves), batched.read) == root_of(leaves)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), size=st.integers(71, 3000))
def test_large_trees_match_the_reference(data: st.DataObject, size: int, table_of: Callable[[int], NodeTable]) -> None:
    leaves, table = numbered(size), table_of(3000)
    head = root_of(leaves)
    assert root(size, table.read) == head == fold(peaks(size, table.read))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, table.read)
    assert proof == reference_inclusion(index, leaves)
    assert verify_inclusion(leaf_hash(leaves[index]), index=index, size=size, proof=proof, root=head)
    old = data.draw(st.integers(1, size))
    tie = consistency_proof(old, size, table.read)
    assert tie == reference_consistency(old, leaves)
    assert verify_consistency(old_size=old, new_size=size, old_root=root_of(leaves[:old]), new_root=head, proof=tie)


def test_append_reads_and_writes_little_and_asks_once(table_of: Callable[[int], NodeTable]) -> None:
    full = table_of(3000)
    for size in (0, 1, 1023, 1024, 2047, 2999):
        asked: list[Sequence[NodeId]] = []

        def read(ids: Sequence[NodeId], asked: list[Sequence[NodeId]] = asked) -> list[bytes | None]:
            asked.append(ids)
            return [full.nodes.get(one) for one in ids]

        _, written = append(size, read, [leaf_hash(b"one more")])
        assert len(asked) <= 1
        assert sum(len(ids) for ids in asked) <= size.bit_length()
        assert len(written) <= size.bit_length() + 1


def test_ten_thousand_leaves_at_once_write_under_two_nodes_each() -> None:
    table = NodeTable()
    table.append(numbered(7))
    table.asked.clear()
    written = table.append(numbered(10_000))
    assert len(written) < 20_000 + 14
    assert len(table.asked) == 1
    assert root(10_007, table.read) == root_of(numbered(7) + numbered(10_000))


def test_nothing_appended_changes_and_reads_nothing() -> None:
    table = NodeTable()
    table.append(numbered(5))
    table.asked.clear()
    assert table.append([]) == []
    assert (table.size, table.asked) == (5, [])


@pytest.mark.parametrize(("index", "size"), [(3, 3), (0, 0), (-1, 3)])
def test_no_proof_for_an_event_outside_the_tree(index: int, size: int, table_of: Callable[[int], NodeTable]) -> None:
    with pytest.raises(ProofError, match=f"Event {index} is not in a tree of {size} events") as caught:
        inclusion_proof(index, size, table_of(70).read)
    assert caught.value.fault is EvidenceFault.OUT_OF_RANGE


def test_no_consistency_proof_from_larger_to_smaller(table_of: Callable[[int], NodeTable]) -> None:
    with pytest.raises(ProofError, match="A tree of 5 events is not the beginning of one of 4"):
        consistency_proof(5, 4, table_of(70).read)


def test_the_empty_tree_is_the_beginning_of_every_tree(table_of: Callable[[int], NodeTable]) -> None:
    assert consistency_proof(0, 7, table_of(70).read) == []


@pytest.mark.parametrize(("stored", "message"), [(None, "not stored"), (b"short", "stored with 5 bytes")])
def test_a_missing_or_damaged_node_is_named(stored: bytes | None, message: str) -> None:
    table = NodeTable()
    table.append(numbered(6))
    damaged = {**table.nodes, (1, 2): stored}
    with pytest.raises(ProofError, match=rf"Node \(level 1, position 2\) of the tree is {message}") as caught:
        root(6, lambda ids: [damaged.get(one) for one in ids])
    assert caught.value.fault is EvidenceFault.NODE_MISSING


def test_a_wrong_node_gives_another_root() -> None:
    table = NodeTable()
    table.append(numbered(6))
    table.nodes[1, 2] = node_hash(b"x", b"y")
    assert root(6, table.read) != root_of(numbered(6))


def test_many_proofs_are_those_of_each_and_read_at_once(table_of: Callable[[int], NodeTable]) -> None:
    table = table_of(70)
    each = [inclusion_proof(index, 67, table.read) for index in (3, 66, 4, 3)]
    before = len(table.asked)
    assert inclusion_proofs([3, 66, 4, 3], 67, table.read) == each
    (asked,) = table.asked[before:]
    assert len(asked) == len(set(asked))
    assert inclusion_proofs([], 67, table.read) == []
    with pytest.raises(ProofError, match="not in a tree of 67"):
        inclusion_proofs([3, 67], 67, table.read)
