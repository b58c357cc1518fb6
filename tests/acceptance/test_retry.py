from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_a_failed_delivery_is_retried_when_its_cause_is_put_right(headgate: Call, project: Path) -> None:
    task = project / "flows" / "sales" / "tasks" / "daily.sql"
    sound = task.read_text()
    headgate("generate", "sales", "--count", 40, "--seed", 3, "--first-number", 50_000, "--output", "more")
    (file,) = project.glob("more/sales*.json")
    task.write_text(sound.replace("count(*) AS orders", "CAST(min('broken') AS BIGINT) AS orders"))
    failed = headgate("run", file, "--json", expect=1).document
    assert len(failed["failed"]) == 1
    assert "broken" in failed["deliveries"][0]["note"]
    assert failed["counts"]["received"] == 0
    assert "headgate retry" in headgate("run", file, "--json").document["already_taken"][0]["note"]
    task.write_text(sound)
    document = headgate("retry", "--all", "--json").document
    assert document["retried"] == failed["failed"]
    assert document["counts"]["published"] == 40


def test_retry_names_one_or_all(in_ran: Call, first: dict[str, Any]) -> None:
    in_ran("retry", expect=2)
    in_ran("retry", first["id"], "--all", expect=2)
