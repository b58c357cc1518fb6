"""Paths and containers of the quick look; that it agrees with the close one is shown in integration."""

from __future__ import annotations

import duckdb
import pytest

from headgate.check.fast_sql import object_paths, typed_and_sound
from headgate.check.shape_sql import parse_sql
from headgate.core.contract import Column, Kind


def leaf(name: str, *, required: bool = False, path: str = "") -> Column:
    return Column(name=name, source_name=name, path=path or name, kind=Kind.STRING, required=required)


def holder(name: str, *children: Column, required: bool = False) -> Column:
    return Column(name=name, source_name=name, path=name, kind=Kind.OBJECT, required=required, children=children)


def array(name: str, element: Column, *, required: bool = False) -> Column:
    return Column(name=name, source_name=name, path=name, kind=Kind.ARRAY, required=required, element=element)


def test_paths_of_objects() -> None:
    inner = holder("", leaf("a"), holder("deep", leaf("b")))
    columns = [leaf("x"), holder('say "x"', leaf("y")), array("list", inner), array("grid", array("", inner))]
    assert object_paths(columns) == (
        ["$", '$."say \\"x\\""'],
        ['$."list"[*]', '$."list"[*]."deep"', '$."grid"[*][*]', '$."grid"[*][*]."deep"'],
    )


FREE = holder("o", leaf("a"))
BOUND = holder("o", leaf("a", required=True), leaf("b"))
MUST = holder("o", leaf("a"), required=True)
LIST = array("o", leaf("", path="o[]"))
ROWS = array("o", holder("", leaf("a"), FREE))


@pytest.mark.parametrize(
    ("column", "value", "sound"),
    [
        (FREE, "{}", True),
        (FREE, '{"a": "x"}', True),
        (FREE, "null", True),
        (FREE, "5", False),
        (FREE, '"x"', False),
        (FREE, "[]", False),
        (FREE, '{"a": 5}', False),
        (MUST, "{}", True),
        (MUST, "null", False),
        (MUST, "5", False),
        (BOUND, "null", True),
        (LIST, "[]", True),
        (LIST, "null", True),
        (LIST, "{}", False),
        (LIST, '"x"', False),
        (LIST, "[5]", False),
        (ROWS, "[{}]", True),
        (ROWS, "[5]", False),
        (ROWS, '[{"o": 5}]', False),
        (ROWS, '[{"o": {"a": "x"}}, {"o": null}]', True),
        (ROWS, '[{"o": {"a": 1}}]', False),
    ],
)
def test_containers_of_another_kind_are_no_silent_nulls(column: Column, value: str, *, sound: bool) -> None:
    source = f"SELECT raw, {parse_sql([column], 'raw')} AS _d FROM (SELECT $raw AS raw)"
    with duckdb.connect() as connection:
        sql = f"SELECT {typed_and_sound([column], json=True)} FROM ({source})"
        assert connection.execute(sql, {"raw": f'{{"o": {value}}}'}).fetchone() == (sound,)


@pytest.mark.parametrize(("raw", "sound"), [("{}", True), ("5", False), ("[]", False), ("null", False)])
def test_a_record_is_an_object_though_nothing_in_it_is_required(raw: str, *, sound: bool) -> None:
    source = f"SELECT raw, {parse_sql([leaf('a')], 'raw')} AS _d FROM (SELECT $raw AS raw)"
    with duckdb.connect() as connection:
        sql = f"SELECT {typed_and_sound([leaf('a')], json=True)} FROM ({source})"
        assert connection.execute(sql, {"raw": raw}).fetchone() == (sound,)
