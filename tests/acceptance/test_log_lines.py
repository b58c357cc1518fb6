"""`--log-format` and `--log-level` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.acceptance.conftest import Headgate, headgate_in


@pytest.fixture
def call(tmp_path: Path) -> Headgate:
    headgate_in(tmp_path)("init", "shop", "--flow", "sales")
    shop = headgate_in(tmp_path / "shop")
    shop("generate", "sales", "--count", "100", "--output", "incoming")
    return shop


def test_nothing_is_logged_unless_it_is_asked_for(call: Headgate) -> None:
    assert call("run", "incoming").err == ""


def test_every_line_is_an_object_with_its_run_and_deliveries(call: Headgate) -> None:
    done = call("run", "incoming", "--workers", "1", "--log-format", "json", "--json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    run, ids = done.document["run"], {one["id"] for one in done.document["deliveries"]}
    steps = {line["step"]: line for line in lines if line["event"] == "step ended"}
    assert {"land", "check", "review", "transform", "publish", "archive", "run"} <= set(steps)
    assert {line["run"] for name, line in steps.items() if name not in {"check", "work"}} == {run}
    assert set(steps["publish"]["delivery"]) <= ids
    assert steps["publish"]["flow"] == "sales"
    assert steps["publish"]["publication"] == 1
    assert all(line["duration_ms"] >= 0 for line in steps.values())


def test_text_for_people_and_a_level(call: Headgate) -> None:
    assert "step ended  run=" in call("run", "incoming", "--log-level", "info").err
    assert call("run", "incoming", "--log-level", "error").err == ""
