"""Versions of a contract as the ledger knows them, each with its changes and the level they need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.harness.project import make_project, open_project

from headgate.core.contract_diff import Rise
from headgate.core.contract_document import read_contract
from headgate.core.platform import Platform
from headgate.serve.contract_history import read_history


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_project(make_project(tmp_path / "project", "sales"))
    yield opened
    opened.close()


def enter(platform: Platform, version: str, *changes: tuple[str, str]) -> None:
    flow = platform.flows["sales"]
    text = platform.ledger.contract(digest=flow.contract.digest) or ""
    for before, after in (("version: 4.0.0", f"version: {version}"), *changes):
        assert before in text
        text = text.replace(before, after)
    contract = read_contract(text.encode(), name="contract")
    platform.ledger.register_contract(contract, text, flow="sales", at=platform.clock())


def test_one_version_has_nothing_before_it(platform: Platform) -> None:
    history = read_history(platform, platform.flows["sales"])
    assert [(one.version, one.changes, one.first) for one in history.versions] == [("4.0.0", (), True)]
    assert set(history.since.values()) == {"4.0.0"}


def test_changes_are_told_with_the_level_that_they_need(platform: Platform) -> None:
    enter(platform, "4.0.1", ("validValues: [EUR, USD,", "validValues: [EUR, PLN, USD,"))
    enter(platform, "5.0.0", ("validValues: [EUR, USD,", "validValues: [USD,"))
    newest, middle, first = read_history(platform, platform.flows["sales"]).versions
    assert (newest.version, newest.level, newest.enough) == ("5.0.0", Rise.MAJOR, True)
    assert (middle.version, middle.level, middle.enough) == ("4.0.1", Rise.MINOR, False)
    assert {change.path for change in middle.changes} == {"currency_known"}
    assert first.first
