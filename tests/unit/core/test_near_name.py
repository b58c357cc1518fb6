from __future__ import annotations

import pytest

from headgate.core.near_name import did_you_mean, near_name


@pytest.mark.parametrize(
    ("wrong", "known", "near"),
    [
        ("requird", ["required", "unique"], "required"),
        ("ReasonCode", ["reasonCode", "column"], "reasonCode"),
        ("qty", ["quantity", "price"], None),
        ("x", [], None),
    ],
)
def test_the_name_that_was_meant(wrong: str, known: list[str], near: str | None) -> None:
    assert near_name(wrong, known) == near


def test_without_a_near_name_a_few_known_ones_are_told() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "Known are a, b."
    assert did_you_mean("zzz", [f"name{number:02}" for number in range(20)]).endswith("name11 and 8 more.")
    assert did_you_mean("zzz", []) == ""
