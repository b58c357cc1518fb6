from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def flows(in_empty: Call) -> Call:
    in_empty("init", ".", "--name", "all")
    return in_empty


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
    (tmp_path / "people.csv").write_text(
        "id,since,score\n" + "".join(f"{n},2026-01-{n:02},{n}.5\n" for n in range(1, 29))
    )
    drafted = in_empty("contract", "infer", "people.csv", "--name", "people")
    (tmp_path / "draft.odcs.yaml").write_text(drafted.out)
    assert in_empty("contract", "lint", "draft.odcs.yaml", "--json").document["errors"] == 0
    assert "logicalType: date" in drafted.out
