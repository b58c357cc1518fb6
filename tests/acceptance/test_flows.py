from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Call = Callable[..., Any]
FLOWS = Path(__file__).parents[2] / "flows"


@pytest.fixture
def flows(in_empty: Call) -> Call:
    in_empty(
        "init", ".", "--name", "all", *(part for name in ("sales", "retail", "usedcars") for part in ("--flow", name))
    )
    return in_empty


@pytest.mark.parametrize("flow", ["sales", "retail", "usedcars"])
def test_the_golden_cases_of_the_flows_that_ship_hold(flows: Call, flow: str) -> None:
    document = flows("test", flow, "--json").document
    assert len(document["cases"]) == len(list(FLOWS.glob(f"{flow}/cases/*.yaml"))) >= 2
    assert document["broken"] == 0, document


def test_a_case_that_does_not_hold_tells_each_difference(flows: Call, tmp_path: Path) -> None:
    place = tmp_path / "flows" / "retail" / "cases" / "returns.yaml"
    case = yaml.safe_load(place.read_text())
    case["expect"]["verdicts"] = {1: "held no_price", 3: "held return_mismatch"}
    case["expect"]["rows"]["returns"] = [{"stock_code": "85123A", "units": 2}]
    place.write_text(yaml.safe_dump(case))
    (told,) = flows("test", "retail", "--case", "returns", "--json", expect=1).document["cases"]
    assert any("record 1 is accepted, expected held no_price" in text for text in told["differences"])
    assert any("returns has no row" in text for text in told["differences"])
    place.write_text("title: x\nexpect: {rowz: {}}\n")
    assert "expect.rowz" in flows("test", "retail", "--case", "returns", expect=2).err
