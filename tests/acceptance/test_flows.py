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
    in_empty("init", ".", "--name", "all", *(part for name in ("sales", "retail", "usedcars") for part in ("--flow", name)))
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


def test_lint_takes_flows_and_files(flows: Call, tmp_path: Path) -> None:
    assert flows("contract", "lint", "--json").document["errors"] == 0
    file = tmp_path / "flows" / "sales" / "contract.odcs.yaml"
    file.write_text(file.read_text().replace("logicalType: timestamp", "logicalType: moment", 1))
    told = flows("contract", "lint", "sales", "--json", expect=1).document
    assert told["errors"] >= 1
    assert "moment" in str(told["findings"])
    assert flows("contract", "lint", file, "--json", expect=1).document["errors"] >= 1


def test_diff_tells_the_rise_that_a_change_needs(flows: Call, tmp_path: Path) -> None:
    old = tmp_path / "flows" / "sales" / "contract.odcs.yaml"
    new = tmp_path / "new.odcs.yaml"
    narrower = old.read_text().replace("maximum: 999}", "maximum: 99}")
    new.write_text(narrower)
    told = flows("contract", "diff", "sales", new, "--json", expect=1).document
    assert (told["rise"], told["risen_enough"]) == ("major", False)
    new.write_text(narrower.replace("version: 4.0.0", "version: 5.0.0"))
    assert flows("contract", "diff", "sales", new, "--json").document["risen_enough"] is True
    assert flows("contract", "diff", old, old, "--json").document["changes"] == []


def test_a_drafted_contract_can_be_read(in_empty: Call, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,since,score\n" + "".join(f"{n},2026-01-{n:02},{n}.5\n" for n in range(1, 29)))
    drafted = in_empty("contract", "infer", "people.csv", "--name", "people")
    (tmp_path / "draft.odcs.yaml").write_text(drafted.out)
    assert in_empty("contract", "lint", "draft.odcs.yaml", "--json").document["errors"] == 0
    assert "logicalType: date" in drafted.out


def test_generate_writes_the_same_bytes_for_the_same_seed(in_empty: Call, tmp_path: Path) -> None:
    made = ("generate", "sales", "--count", 80, "--seed", 3, "--end", "2026-11-20T06:00:00Z")
    one = in_empty(*made, "--output", "a", "--json").document
    in_empty(*made, "--output", "b")
    assert one["records"] == 80
    assert {path.name: path.read_bytes() for path in tmp_path.glob("a/*")} == {
        path.name: path.read_bytes() for path in tmp_path.glob("b/*")
    }
    in_empty("generate", "customers", "--count", 20, "--seed", 3, "--output", "c")
    assert len((tmp_path / "c" / "customers.csv").read_text().splitlines()) == 21
    assert "no offset" in in_empty(*made[:-1], "2026-11-20T06:00:00", "--output", "d", expect=2).err
    assert "Did you mean" in in_empty(*made, "--kind", "total_mismach", "--output", "e", expect=2).err
