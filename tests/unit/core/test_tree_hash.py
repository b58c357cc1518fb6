from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.tree_hash import EMPTY_ROOT, RunningTree, fold, leaf_hash, node_hash, root_of, split_point

# Leaves and roots that the Certificate Transparency implementations test with.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_published_leaf_and_node_hashes() -> None:
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_published_roots(size: int) -> None:
    leaves = [bytes.fromhex(leaf) for leaf in LEAVES[:size]]
    assert root_of(leaves).hex() == ROOTS[size]


def test_a_leaf_is_never_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize(("count", "left"), [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (1025, 1024)])
def test_split_point_is_the_largest_power_of_two_below(count: int, left: int) -> None:
    assert split_point(count) == left


def test_empty_tree_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT == hashlib.sha256().digest() == fold([]) == RunningTree().root()


@given(st.lists(st.binary(max_size=8), max_size=200))
def test_running_tree_has_the_recursive_root_at_every_size(leaves: list[bytes]) -> None:
    tree = RunningTree()
    for leaf in leaves:
        tree.add(leaf)
    assert tree.size == len(leaves)
    assert tree.root() == root_of(leaves)


def test_running_tree_refuses_peaks_of_another_size() -> None:
    with pytest.raises(ValueError, match="6 leaves has 2 complete subtrees, not 1"):
        RunningTree(6, [EMPTY_ROOT])
