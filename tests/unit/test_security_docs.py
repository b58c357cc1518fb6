"""`docs/security.md` tells every requirement once, and names only tests that there are."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (V\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| (.+) \|$", TEXT, re.MULTILINE)
NAMED = re.compile(r"`((?:acceptance|conformance|foreign|fuzz|integration|unit)/[\w/]+)::(test_\w+)`")
BY_CHAPTER = {  # of levels 1 and 2, in version 5.0.0
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13,
    16: 16, 17: 7,
}  # fmt: skip


def test_every_requirement_stands_there_once() -> None:
    ids = [row[0] for row in ROWS]
    assert ids == sorted(set(ids), key=lambda id_: [int(part) for part in id_[1:].split(".")])
    assert Counter(int(id_[1:].partition(".")[0]) for id_ in ids) == BY_CHAPTER
    assert Counter(level for _, level, *_ in ROWS) == {"1": 70, "2": 183}


def test_each_says_how_it_stands() -> None:
    counted = Counter(how for _, _, _, how, _ in ROWS)
    assert set(counted) == {"test", "design", "not met", "not here"}
    told = dict(re.findall(r"^\| ([a-z ]+) \| .* \| (\d+) \|$", TEXT, re.MULTILINE))
    assert {how: int(count) for how, count in told.items()} == counted


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 100
    missing = [
        f"{file}::{name}"
        for file, name in sorted(set(named))
        if not re.search(
            rf"^\s*(?:async )?def {name}\(", (TESTS / f"{file}.py").read_text(encoding="utf-8"), re.MULTILINE
        )
    ]
    assert missing == []


def test_what_is_said_to_be_tested_names_its_test() -> None:
    assert [id_ for id_, _, _, how, words in ROWS if how == "test" and not NAMED.search(words)] == []
