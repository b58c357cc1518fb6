from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.generate.defects import COPIES, EXPECTED, EXPECTED_FILE, Defect, FileDefect
from headgate.generate.draws import Draws
from headgate.generate.orders import World
from headgate.generate.plan import allotted, first_rows, make_plan
from headgate.generate.rates import Rates

KINDS = st.sets(st.sampled_from(list(Defect)), min_size=1).map(sorted)


@given(count=st.integers(1, 10_000), files=st.integers(1, 50))
def test_files_share_the_rows_evenly(count: int, files: int) -> None:
    edges = first_rows(count, files)
    sizes = np.diff(edges)
    assert (edges[0], edges[-1], len(sizes)) == (0, count, files)
    assert sizes.max() - sizes.min() <= 1


@given(kinds=KINDS, rows=st.integers(0, 500), seed=st.integers(0, 100))
def test_kinds_share_the_rows_as_evenly_as_groups_allow(kinds: list[Defect], rows: int, seed: int) -> None:
    counts = allotted(kinds, rows=rows, series=Draws(seed=seed).series("a"))
    assert sum(counts.values()) <= rows
    single = [counts[kind] for kind in kinds if EXPECTED[kind].group == 1]
    if single:
        assert sum(counts.values()) == rows
        assert max(single) - min(single) <= 1
    assert all(counts[kind] % EXPECTED[kind].group == 0 for kind in kinds)


@settings(max_examples=25, deadline=None)
@given(kinds=KINDS, rows=st.integers(0, 300), cut=st.integers(2, 1_500))
def test_each_row_has_one_defect_and_models_stay_sound(
    world: World, rates: Rates, kinds: list[Defect], rows: int, cut: int
) -> None:
    plan = make_plan(world, rows=rows, kinds=kinds, edges=[0, cut, 1_800], rates=rates)
    assert len(plan.planned) <= rows
    assert all(0 <= row < 1_800 for row in plan.planned)
    models = [planned.model for planned in plan.planned.values() if planned.model is not None]
    assert len(models) == len(set(models))
    assert not set(models) & set(plan.planned)
    for row, planned in plan.planned.items():
        assert planned.kind in kinds
        if planned.model is None:
            continue
        same_file = (row < cut) == (planned.model < cut)
        assert planned.model < row
        assert same_file == (planned.kind is not Defect.DUPLICATE_ACROSS)


def test_the_world_is_changed_only_where_a_defect_is(world: World, rates: Rates) -> None:
    plan = make_plan(world, rows=150, kinds=list(Defect), edges=[0, 1_000, 2_000], rates=rates)
    counts = Counter(planned.kind for planned in plan.planned.values())
    assert sum(counts.values()) == 150
    assert set(counts) == set(Defect)
    changed = np.flatnonzero((plan.world.time != world.time) | (plan.world.customer != world.customer))
    moved = {Defect.BURST, Defect.ODD_HOUR, Defect.REPEATED_CARD}
    assert {plan.planned[row].kind for row in changed.tolist()} == moved


def test_every_kind_has_its_answer() -> None:
    assert set(EXPECTED) == set(Defect)
    assert set(EXPECTED_FILE) == set(FileDefect)
    assert set(Defect) > COPIES
