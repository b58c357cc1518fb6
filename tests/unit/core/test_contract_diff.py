"""What a change means for senders and readers, and how far the version must rise."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from headgate.core.contract import Contract
from headgate.core.contract_diff import Rise, diff, has_risen_enough, required_rise
from headgate.core.contract_document import read_contract
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "contract_diff.yaml").read_bytes(), name="cases").value


def contract(record: str) -> Contract:
    head = "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
    if record.startswith("{"):
        text = f"{head}schema:\n  - {{name: rows, {record[1:]}\n"
    else:
        text = f"{head}schema:\n  - name: rows\n{indent(record, '    ')}\n"
    return read_contract(text.encode(), name="c.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    changes = diff(contract(case["old"]), contract(case["new"]))
    if "changes" in case:
        told = [f"{one.path}: {one.what} | {one.senders} | {one.readers} | {one.level.name}" for one in changes]
        assert told == case["changes"]
    needed = required_rise(changes)
    assert needed.name == case.get("level", needed.name)


@pytest.mark.parametrize(
    ("old", "new", "needed", "enough"),
    [
        ("1.2.3", "1.2.4", Rise.PATCH, True),
        ("1.2.3", "1.2.4", Rise.MINOR, False),
        ("1.2.3", "1.3.0", Rise.MINOR, True),
        ("1.2.3", "1.3.0", Rise.MAJOR, False),
        ("1.2.3", "2.0.0", Rise.MAJOR, True),
        ("1.2.3", "2.0.0", Rise.PATCH, True),
        ("1.2.3", "1.2.3", Rise.PATCH, False),
        ("1.2.3", "1.2.3", Rise.NONE, True),
        ("1.2.3", "1.2.2", Rise.PATCH, False),
        ("1.9.0", "1.10.0", Rise.MINOR, True),
        ("2.0.0", "1.9.0", Rise.MINOR, False),
        ("1.2.3-rc.1", "1.3.0+build", Rise.MINOR, True),
    ],
)
def test_the_version_must_rise_by_the_level(old: str, new: str, needed: Rise, *, enough: bool) -> None:
    assert has_risen_enough(old, new, needed) is enough


def test_a_contract_does_not_differ_from_itself() -> None:
    for case in CASES:
        assert diff(contract(case["new"]), contract(case["new"])) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("id: c\n", "id: d\n"), "another contract: c becomes d"),
        (("- name: rows\n", "- name: lines\n"), "the record rows becomes lines"),
    ],
)
def test_another_contract_is_told_as_a_whole(change: tuple[str, str], told: str) -> None:
    text = "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
    text += "schema:\n  - name: rows\n    properties: [{name: a}]\n"
    old, new = (read_contract(one.encode(), name="c.yaml") for one in (text, text.replace(*change)))
    assert [(one.path, one.what, one.level) for one in diff(old, new)] == [("", told, Rise.MAJOR)]
