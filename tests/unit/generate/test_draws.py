from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headgate.generate.draws import Draws

SEEDS = st.integers(min_value=0, max_value=2**63)


@given(seed=SEEDS, first=st.integers(0, 2**40), size=st.integers(1, 200), cut=st.integers(0, 200))
def test_a_portion_has_the_same_numbers_as_the_whole(seed: int, first: int, size: int, cut: int) -> None:
    index = np.arange(first, first + size)
    draws = Draws(seed=seed)
    parts = np.concatenate((draws.bits("a", index[:cut]), draws.bits("a", index[cut:])))
    assert parts.tolist() == draws.bits("a", index).tolist()


@given(seed=SEEDS, limit=st.integers(1, 10**9))
def test_numbers_keep_to_their_limits(seed: int, limit: int) -> None:
    index = np.arange(50)
    draws = Draws(seed=seed)
    uniform, below = draws.uniform("a", index), draws.below("a", index, limit)
    assert ((uniform >= 0) & (uniform < 1)).all()
    assert ((below >= 0) & (below < limit)).all()
    assert all(3 <= draws.series("b", place).between(3, 3 + limit) <= 3 + limit for place in range(20))


def test_streams_and_seeds_have_nothing_in_common() -> None:
    index = np.arange(1_000)
    found = [set(Draws(seed=seed).bits(stream, index).tolist()) for seed in (1, 2) for stream in ("a", "b")]
    assert len(set.union(*found)) == 4_000


def test_uniform_and_normal_numbers_have_their_moments() -> None:
    index = np.arange(200_000)
    uniform, normal = Draws(seed=5).uniform("u", index), Draws(seed=5).normal("n", index)
    assert abs(uniform.mean() - 0.5) < 0.003
    assert abs(uniform.var() - 1 / 12) < 0.001
    assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) < 0.01
    assert abs(normal.mean()) < 0.01
    assert abs(normal.var() - 1.0) < 0.02
    assert 0.9973 - 0.001 < (np.abs(normal) < 3).mean() < 0.9973 + 0.001


def test_choices_follow_their_weights() -> None:
    chosen = Draws(seed=6).choice("c", np.arange(100_000), (1.0, 0.0, 3.0))
    counts = np.bincount(chosen, minlength=3) / 100_000
    assert counts[1] == 0
    assert abs(counts[0] - 0.25) < 0.01


def test_a_series_can_be_drawn_again() -> None:
    first, second = Draws(seed=9).series("s", 4), Draws(seed=9).series("s", 4)
    numbers = [first.below(1_000) for _ in range(100)]
    assert numbers == [second.below(1_000) for _ in range(100)]
    assert len(set(numbers)) > 80
    assert {first.pick("abc") for _ in range(50)} == set("abc")
