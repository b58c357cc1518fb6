from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_doctor_finds_what_is_wrong_and_says_the_next_step(headgate: Call, project: Path) -> None:
    assert headgate("doctor", "--json").document["ok"] is True
    (key,) = project.glob("keys/*.key")
    key.chmod(0o644)
    (project / "flows" / "sales" / "flow.yaml").write_text("source: {}\n")
    findings = headgate("doctor", "--json", expect=1).document["findings"]
    wrong = {one["check"]: one["next"] for one in findings if not one["ok"]}
    assert set(wrong) == {"keys", "flow sales"}
    assert "chmod 600" in wrong["keys"]


def test_doctor_repairs_a_table_that_lost_a_publication(headgate: Call, project: Path) -> None:
    before = headgate("query", "SELECT * FROM daily ORDER BY day", "--json").document["rows"]
    log = project / "lake" / "sales" / "silver" / "transactions" / "_delta_log"
    max(log.glob("*.json")).unlink()
    assert "doctor --repair sales" in headgate("run", expect=1).out
    assert headgate("doctor", "--json", expect=1).document["ok"] is False
    repaired = headgate("doctor", "--repair", "sales", "--json").document
    assert repaired["repaired"]["deliveries"] == 2
    assert headgate("query", "SELECT * FROM daily ORDER BY day", "--json").document["rows"] == before
    headgate("run")
