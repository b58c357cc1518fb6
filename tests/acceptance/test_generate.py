from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


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
