"""Texts that are nearly of a type, each kind against a strict form of its own: the engine coerces more than it says."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from headgate.check.typed_sql import typed
from headgate.core.contract import Column, Kind

COUNT = 3_000
SIGNS = list(" \t\n+-.0123459:TZeExX_,/'()BCinfa\u00a0\u0663\u2212")
TAILS = [" ", "\n", " BC", " (BC)", "Z", "+00", "infinity", "epoch", "e0", ".0", "L", "f"]
WORDS = ["", "infinity", "-infinity", "epoch", "now", "today", "nan", "NULL", "null"]
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
OFFSET = r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?"
SIZE = {False: "[0-9]+", True: "(0|[1-9][0-9]*)"}  # JSON has no leading zeros
SEEDS = {
    Kind.DATE: ["2026-11-20", "0001-01-01", "9999-12-31", "2024-02-29"],
    Kind.TIME: ["07:41:09", "07:41:09.123456", "23:59:59"],
    Kind.TIMESTAMP: [
        "2026-11-20T07:41:09Z",
        "2026-11-20 07:41:09.5Z",
        "2026-11-20T07:41:09",
        "0001-01-01T00:00:00+0230",
    ],
    Kind.INTEGER: ["7", "-128", "9223372036854775807", "-9223372036854775808", "0"],
    Kind.DECIMAL: ["12.34", "-0.50", "9999999999.99", "1e2", "1.5E+1", "100e-2"],
    Kind.NUMBER: ["2.5", "-1e10", "1e308", "0.1"],
    Kind.BOOLEAN: ["true", "false"],
}
QUOTED = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP})


def is_day(text: str) -> bool:
    if not re.fullmatch(DAY, text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_moment(text: str) -> bool:
    return bool(re.fullmatch(f"{DAY}[T ]{CLOCK}{OFFSET}", text)) and is_day(text[:10])


def is_integer(text: str, *, is_json: bool) -> bool:
    return bool(re.fullmatch(f"-?{SIZE[is_json]}", text)) and -(1 << 63) <= int(text) < 1 << 63


def is_decimal(text: str, *, is_json: bool) -> bool:
    if not is_number(text, is_json=is_json):
        return False
    value = Decimal(text)
    return abs(value) < 10**10 and value == round(value, 2)


def is_number(text: str, *, is_json: bool) -> bool:
    shape = rf"-?{SIZE[is_json]}(\.[0-9]+)?([eE][+-]?[0-9]+)?"
    return bool(re.fullmatch(shape, text)) and abs(float(text)) != float("inf")


FORMS: dict[Kind, Callable[[str, bool], bool]] = {
    Kind.DATE: lambda text, _: is_day(text),
    Kind.TIME: lambda text, _: bool(re.fullmatch(CLOCK, text)),
    Kind.TIMESTAMP: lambda text, _: is_moment(text),
    Kind.INTEGER: lambda text, is_json: is_integer(text, is_json=is_json),
    Kind.DECIMAL: lambda text, is_json: is_decimal(text, is_json=is_json),
    Kind.NUMBER: lambda text, is_json: is_number(text, is_json=is_json),
    Kind.BOOLEAN: lambda text, _: text in {"true", "false"},
}


def nearly(text: str, chance: random.Random) -> str:
    for _ in range(chance.choice([1, 1, 2, 3])):
        place, sign = chance.randrange(len(text) + 1), chance.choice(SIGNS)
        text = chance.choice(
            [
                text[:place] + sign + text[place + 1 :],
                text[:place] + sign + text[place:],
                text[:place] + text[place + 1 :],
                text + chance.choice(TAILS),
            ]
        )
    return text


def as_json(kind: Kind, text: str) -> str | None:
    """The text as a JSON value; None where no reader would hand it on as one."""
    if kind in QUOTED:
        return json.dumps(text, ensure_ascii=False)
    try:
        json.loads(text)
    except ValueError:
        return None
    return text if text == text.strip() and text not in {"NaN", "Infinity", "-Infinity"} else None


@pytest.mark.parametrize("is_json", [True, False])
@pytest.mark.parametrize("kind", SEEDS)
def test_a_text_is_taken_where_it_has_the_form_of_its_type(kind: Kind, *, is_json: bool) -> None:
    chance = random.Random(f"{kind.value} {is_json}")  # noqa: S311  for tests
    texts = list(
        dict.fromkeys([*SEEDS[kind], *WORDS, *(nearly(chance.choice(SEEDS[kind]), chance) for _ in range(COUNT))])
    )
    given = [(text, as_json(kind, text) if is_json else text) for text in texts]
    rows = pa.table({"plain": [text for text, _ in given], "given": [written for _, written in given]})
    column = Column(name="v", source_name="v", path="v", kind=kind, precision=12, scale=2)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", rows.filter(rows["given"].is_valid()))
        found = connection.execute(
            f"SELECT plain, {typed(column, 'given', json=is_json)} IS NOT NULL FROM rows"
        ).fetchall()
    assert len(found) > len(SEEDS[kind])
    assert [text for text, taken in found if taken != FORMS[kind](text, is_json)] == []
