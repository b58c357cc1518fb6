from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def test_parameters_are_listed_set_and_told(headgate: Call) -> None:
    listed = headgate("parameters", "list", "sales", "--json").document["parameters"]
    known = {"amount_limit", "fx_rates", "total_tolerance", "anomaly_score", "price_score"}
    assert known == {one["name"] for one in listed}
    told = headgate("parameters", "set", "sales", "amount_limit", "3000", "--reason", "season", "--json").document
    assert (told["number"], told["value"], told["reason"]) == (2, "3000.00", "season")
    again = headgate("parameters", "set", "sales", "amount_limit", "3000.00", "--reason", "again", "--json").document
    assert again["number"] == 2
    versions = headgate("parameters", "history", "sales", "amount_limit", "--json").document["versions"]
    assert [version["value"] for version in versions] == ["2500.00", "3000.00"]
    headgate("parameters", "set", "sales", "amount_limit", "much", "--reason", "x", expect=2)
    assert "amount_limit" in headgate("parameters", "history", "sales", "amount_limt", expect=2).err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency,day,rate\nUSD,2026-11-20,0.123456789\n", "rate decimal(18,8)"),
        ("currency,day,rate\nUSD,yesterday,0.9\n", "day date"),
        ("currency,rate\nUSD,0.9\n", "day"),
        ("currency,day,rate\nUSD,2026-11-20,0.9\nUSD,2026-11-20,0.8\n", "twice"),
        ("", "cannot be read"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_and_changes_nothing(
    headgate: Call, tmp_path: Path, text: str, said: str
) -> None:
    place = tmp_path / "rates.csv"
    place.write_text(text, encoding="utf-8")
    assert said in headgate("parameters", "set", "sales", "fx_rates", str(place), "--reason", "x", expect=2).err
    versions = headgate("parameters", "history", "sales", "fx_rates", "--json").document["versions"]
    assert len(versions) == 1
