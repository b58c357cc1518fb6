from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def _held_whole(headgate: Call, project: Path) -> dict[str, Any]:
    """A delivery with a third of its totals wrong, so that it is held as a whole."""
    made = ("--count", 90, "--defects", 0.3, "--kind", "total_mismatch", "--seed", 5, "--first-number", 60_000)
    headgate("generate", "sales", *made, "--output", "held")
    (file,) = project.glob("held/sales*.json")
    (one,) = headgate("run", file, "--json").document["deliveries"]
    assert isinstance(one, dict)
    return one


def test_a_held_delivery_goes_on_when_it_is_released(headgate: Call, project: Path) -> None:
    one = _held_whole(headgate, project)
    assert (one["state"], one["held_for"], one["counts"]["published"]) == ("held", ["below_threshold"], 0)
    released = headgate("release", one["id"][:8], "--reason", "the shop confirmed it", "--json").document
    (after,) = released["deliveries"]
    assert after["state"] == "archived"
    assert after["counts"]["published"] == 63
    assert after["counts"]["held"] == 27
    story = headgate("show", one["id"], "--json").document
    assert story["released"] == "the shop confirmed it"
    assert [event["type"] for event in story["events"]].count("release") == 1
    assert len(story["receipts"]) == 2
    assert headgate("query", "SELECT count(*) AS n FROM transactions", "--json").document["rows"] == [
        [63 + _published(project)],
    ]
    headgate("audit", "verify")


def _published(project: Path) -> int:
    counts = json.loads((project / "run.json").read_text())["counts"]
    published = counts["published"]
    assert isinstance(published, int)
    return published


def test_only_a_held_delivery_is_released(headgate: Call, first: dict[str, Any]) -> None:
    told = headgate("release", first["id"], "--reason", "why not", expect=2)
    assert "archived" in told.err


def test_a_release_without_a_word_is_refused(headgate: Call, project: Path) -> None:
    one = _held_whole(headgate, project)
    assert "needs a reason" in headgate("release", one["id"], "--reason", " ", expect=2).err


def test_where_accounts_decide_the_owner_of_the_folder_does_not(headgate: Call, project: Path) -> None:
    one = _held_whole(headgate, project)
    headgate("accounts", "add", "reviewer-1", "--role", "reviewer:sales")
    told = headgate("release", one["id"], "--reason", "seen", expect=2).err
    assert "reviewer-1 decide in flow sales" in told
    assert headgate("show", one["id"], "--json").document["state"] == "held"
    headgate("accounts", "disable", "reviewer-1")
    headgate("release", one["id"], "--reason", "seen")


def test_the_next_step_that_is_told_is_the_one_that_works(headgate: Call, project: Path) -> None:
    id_ = _held_whole(headgate, project)["id"]
    release, decide = f'headgate release {id_} --reason "…"', f"headgate cases list --delivery {id_} --each"

    def told() -> list[str]:
        alerts = headgate("alerts", "check", "--json").document["alerts"]
        next_ = [one["next"] for one in alerts if one["subject"] == id_]
        return [headgate("show", id_).out, *next_]

    before = told()
    assert len(before) == 2
    assert all(release in text and decide not in text for text in before)
    headgate("accounts", "add", "reviewer-1", "--role", "reviewer:sales")
    assert all(decide in text and release not in text for text in told())
    assert f"Next: `{decide}`" in headgate("release", id_, "--reason", "seen", expect=2).err
    assert id_ in headgate(*decide.split()[1:]).out
    assert "headgate release" not in headgate("status").out
    headgate("accounts", "disable", "reviewer-1")
    assert all(release in text for text in told())
