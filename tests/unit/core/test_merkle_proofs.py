from __future__ import annotations

from collections.abc import Sequence

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headgate.core.merkle import NodeId, append, consistency_proof, inclusion_proof
from headgate.core.merkle_proofs import verify_consistency, verify_inclusion
from headgate.core.tree_hash import EMPTY_ROOT, leaf_hash, node_hash, root_of

# Proofs that the Certificate Transparency implementations test with, over the leaves of test_tree_hash.py.
ROOT_OF_2 = bytes.fromhex("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")
ROOT_OF_5 = bytes.fromhex("4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")
ROOT_OF_6 = bytes.fromhex("76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")
ROOT_OF_8 = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
LEAF_5_IN_8 = [
    bytes.fromhex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
    bytes.fromhex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
    bytes.fromhex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
]
FROM_6_TO_8 = [
    bytes.fromhex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
    bytes.fromhex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
    bytes.fromhex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
]
FROM_2_TO_5 = [
    bytes.fromhex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
    bytes.fromhex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
]

LEAVES = [str(number).encode() for number in range(80)]
NODES: dict[NodeId, bytes] = {
    (node.level, node.position): node.hash for node in append(0, lambda _: [], [leaf_hash(leaf) for leaf in LEAVES])[1]
}


def stored(ids: Sequence[NodeId]) -> list[bytes]:
    return [NODES[one] for one in ids]


def changed(proof: list[bytes], how: str, place: int, bit: int) -> list[bytes]:
    """The proof with one hash flipped, left out, doubled or moved."""
    place %= max(len(proof), 1)
    if how == "drop":
        return proof[:place] + proof[place + 1 :]
    if how == "double":
        return proof[: place + 1] + proof[place:]
    if how == "reverse":
        return proof[::-1]
    flipped = bytearray(proof[place])
    flipped[bit // 8] ^= 1 << (bit % 8)
    return [*proof[:place], bytes(flipped), *proof[place + 1 :]]


CHANGES = st.sampled_from(["drop", "double", "reverse", "flip"])


def test_published_inclusion_proof() -> None:
    leaf = leaf_hash(bytes.fromhex("40414243"))
    assert verify_inclusion(leaf, index=5, size=8, proof=LEAF_5_IN_8, root=ROOT_OF_8)
    assert not verify_inclusion(leaf, index=4, size=8, proof=LEAF_5_IN_8, root=ROOT_OF_8)
    assert not verify_inclusion(leaf, index=5, size=16, proof=LEAF_5_IN_8, root=ROOT_OF_8)
    assert not verify_inclusion(leaf, index=8, size=8, proof=LEAF_5_IN_8, root=ROOT_OF_8)


def test_published_consistency_proofs() -> None:
    assert verify_consistency(old_size=6, new_size=8, old_root=ROOT_OF_6, new_root=ROOT_OF_8, proof=FROM_6_TO_8)
    assert verify_consistency(old_size=2, new_size=5, old_root=ROOT_OF_2, new_root=ROOT_OF_5, proof=FROM_2_TO_5)
    assert not verify_consistency(old_size=6, new_size=8, old_root=ROOT_OF_5, new_root=ROOT_OF_8, proof=FROM_6_TO_8)
    assert not verify_consistency(old_size=8, new_size=6, old_root=ROOT_OF_8, new_root=ROOT_OF_6, proof=FROM_6_TO_8)


def test_equal_and_empty_trees_need_no_proof() -> None:
    assert verify_consistency(old_size=5, new_size=5, old_root=ROOT_OF_5, new_root=ROOT_OF_5, proof=[])
    assert verify_consistency(old_size=0, new_size=5, old_root=EMPTY_ROOT, new_root=ROOT_OF_5, proof=[])
    assert not verify_consistency(old_size=5, new_size=5, old_root=ROOT_OF_5, new_root=ROOT_OF_6, proof=[])
    assert not verify_consistency(old_size=5, new_size=5, old_root=ROOT_OF_5, new_root=ROOT_OF_5, proof=FROM_2_TO_5)
    assert not verify_consistency(old_size=0, new_size=5, old_root=ROOT_OF_2, new_root=ROOT_OF_5, proof=[])
    assert not verify_consistency(old_size=2, new_size=5, old_root=ROOT_OF_2, new_root=ROOT_OF_5, proof=[])


@settings(max_examples=300)
@given(data=st.data(), size=st.integers(1, 80), how=CHANGES, place=st.integers(0, 9), bit=st.integers(0, 255))
def test_a_changed_inclusion_proof_never_verifies(
    data: st.DataObject, size: int, how: str, place: int, bit: int
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, stored)
    assume(proof)
    other = changed(proof, how, place, bit)
    assume(other != proof)
    leaf, root = leaf_hash(LEAVES[index]), root_of(LEAVES[:size])
    assert not verify_inclusion(leaf, index=index, size=size, proof=other, root=root)


@settings(max_examples=300)
@given(data=st.data(), size=st.integers(2, 80), how=CHANGES, place=st.integers(0, 9), bit=st.integers(0, 255))
def test_a_changed_consistency_proof_never_verifies(
    data: st.DataObject, size: int, how: str, place: int, bit: int
) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(old, size, stored)
    other = changed(proof, how, place, bit)
    assume(other != proof)
    old_root, new_root = root_of(LEAVES[:old]), root_of(LEAVES[:size])
    assert not verify_consistency(old_size=old, new_size=size, old_root=old_root, new_root=new_root, proof=other)


@given(size=st.integers(1, 80), index=st.integers(0, 79), claimed=st.integers(0, 79))
def test_a_leaf_verifies_at_its_own_index_only(size: int, index: int, claimed: int) -> None:
    assume(index < size and claimed != index)
    proof, root = inclusion_proof(index, size, stored), root_of(LEAVES[:size])
    assert not verify_inclusion(leaf_hash(LEAVES[index]), index=claimed, size=size, proof=proof, root=root)


def test_a_path_longer_than_the_claimed_tree_is_refused_though_its_hashes_fit() -> None:
    above = leaf_hash(b"above")
    assert not verify_inclusion(leaf_hash(b"a"), index=0, size=1, proof=[above], root=node_hash(above, leaf_hash(b"a")))
    proof = [*consistency_proof(3, 4, stored), above]
    old_root, new_root = (node_hash(above, root_of(LEAVES[:size])) for size in (3, 4))
    assert not verify_consistency(old_size=3, new_size=4, old_root=old_root, new_root=new_root, proof=proof)


def test_a_path_shorter_than_the_claimed_tree_is_refused_though_its_hashes_fit() -> None:
    root_of_1, root_of_2 = root_of(LEAVES[:1]), root_of(LEAVES[:2])
    proof = consistency_proof(1, 2, stored)
    assert verify_inclusion(root_of_1, index=0, size=2, proof=proof, root=root_of_2)
    assert not verify_inclusion(root_of_1, index=0, size=3, proof=proof, root=root_of_2)
    assert verify_consistency(old_size=1, new_size=2, old_root=root_of_1, new_root=root_of_2, proof=proof)
    assert not verify_consistency(old_size=1, new_size=3, old_root=root_of_1, new_root=root_of_2, proof=proof)
