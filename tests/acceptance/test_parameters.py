from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
