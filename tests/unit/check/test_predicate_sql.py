"""Predicates as they run: never an error, the present bound, tables joined, elements prefixed."""

from __future__ import annotations

import duckdb
import pytest

from headgate.check.predicate_sql import PredicateWriter, lookup_joins
from headgate.core.contract import Column, Kind
from headgate.core.flow import ParameterDeclaration

RATES = ParameterDeclaration(
    name="rates", type="table", default=None, key=("currency", "day date"), value=("rate", "decimal(18,8)")
)


def columns(*names: str) -> list[Column]:
    return [Column(name=name, source_name=name, path=name, kind=Kind.NUMBER) for name in names]


def run(sql: str, source: str, parameters: dict[str, object] | None = None) -> object:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {sql} FROM ({source})", parameters or {}).fetchone()[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("sql", "source", "expected"),
    [
        ("a / b > 1", "SELECT 1 AS a, 0 AS b", None),
        ("a % b = 1", "SELECT 1 AS a, 0 AS b", None),
        ("a // b = 1", "SELECT 1 AS a, 0 AS b", None),
        ("a / nullif(b, 5) > 1", "SELECT 9 AS a, 3 AS b", True),
        ("cast(a as integer) = 1", "SELECT 'x' AS a", None),
        ("sqrt(a) > 0", "SELECT -1.0 AS a", None),
        ("ln(a) < 0", "SELECT 0.0 AS a", None),
        ("power(a, 400) > 5", "SELECT 10.0 AS a", None),
        ("a / (1 / b) >= 0", "SELECT 1 AS a, 0 AS b", None),
        ("1 / (a / sqrt(b)) >= 0", "SELECT 1 AS a, -1.0 AS b", None),
        ("sqrt(a) = 3 and log10(b) = 2", "SELECT 9.0 AS a, 100 AS b", True),
        ("a = 1 or b", "SELECT 1 AS a, CAST(NULL AS BOOLEAN) AS b", True),
    ],
)
def test_never_an_error(sql: str, source: str, expected: object) -> None:
    assert run(PredicateWriter(columns("a", "b"), ()).row(sql), source) is expected


CHOSEN = "case when b = 1 then 'X.' when b = 2 then 'y+' end"
OR_Z, OR_A = (CHOSEN.replace("end", f"else {other} end") for other in ("'z'", "a"))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"regexp_full_match(a, {CHOSEN})", [True, False, False, None]),
        (f"regexp_full_match(a, {OR_Z})", [True, False, False, False]),
        (f"regexp_matches(a, {CHOSEN})", [True, False, True, None]),
        (f"regexp_matches(a, {CHOSEN}, 'i')", [True, True, True, None]),
        (f"regexp_full_match(a, {CHOSEN}, 'i')", [True, True, False, None]),
        (f"regexp_matches(a, {OR_A})", [True, False, True, True]),
        ("regexp_matches(a, 'x', 'i')", [True, True, False, False]),
    ],
)
def test_a_pattern_that_is_chosen_matches_as_it_does_in_the_engine(sql: str, expected: list[object]) -> None:
    rows = "(VALUES ('Xa', 1), ('xa', 1), ('ayb', 2), ('q', 3)) AS t(a, b)"
    written = PredicateWriter(columns("a", "b"), ()).row(sql)
    with duckdb.connect() as connection:
        plain = [row[0] for row in connection.execute(f"SELECT {sql} FROM {rows}").fetchall()]
        assert [row[0] for row in connection.execute(f"SELECT {written} FROM {rows}").fetchall()] == plain == expected


def test_a_whole_expression_is_guarded_too() -> None:
    assert run(PredicateWriter(columns("a", "b"), ()).row("a / b"), "SELECT 1 AS a, 0 AS b") is None
    assert run(PredicateWriter(columns("a", "b"), ()).row("a / b"), "SELECT 1 AS a, 4 AS b") == 0.25


def test_names_that_a_lambda_binds_are_no_fields_of_the_element() -> None:
    writer = PredicateWriter(columns("xs"), ())
    written = writer.element("len(list_filter(tags, lambda t: t > least)) = 1", "_x")
    assert run(written, "SELECT {'tags': [1, 2, 3], 'least': 2} AS _x") is True


def test_now_is_the_column_of_the_row() -> None:
    written = PredicateWriter(columns("a"), ()).row("a <= $now")
    assert run(written, "SELECT 1 AS a, 2 AS _now") is True


def test_parameters_are_bound_and_told() -> None:
    writer = PredicateWriter(columns("a"), ())
    assert run(writer.row("a <= $most"), "SELECT 5 AS a", {"most": 4}) is False
    assert writer.parameters == {"most"}


def test_an_element_is_prefixed_and_bound_names_are_not() -> None:
    writer = PredicateWriter(columns("xs"), ())
    assert run(writer.element("a = 2 and b > a", "_x"), "SELECT {'a': 2, 'b': 3} AS _x") is True
    assert run(writer.row("list_sum([i.a for i in xs]) = 3"), "SELECT [{'a': 1}, {'a': 2}] AS xs") is True


def test_one_join_for_equal_lookups() -> None:
    writer = PredicateWriter(columns("a", "c", "t"), [RATES])
    first, second = writer.row("a * rates(c, t) > 1"), writer.row("rates(c, t) = 2 and rates('EUR', t) = 1")
    assert len(writer.lookups) == 2
    table = "SELECT 'EUR' AS currency, DATE '2026-11-20' AS day, 1.0 AS rate UNION ALL SELECT 'USD', '2026-11-20', 2.0"
    row = "SELECT 3 AS a, 'USD' AS c, TIMESTAMP '2026-11-20 07:00:00' AS t"
    source = f"SELECT * FROM ({row}) {lookup_joins(writer.lookups)}"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE param_rates AS {table}")
        assert connection.execute(f"SELECT {first}, {second} FROM ({source})").fetchone() == (True, True)


def test_keys_have_their_types() -> None:
    assert RATES.key_columns == (("currency", "text"), ("day", "date"))


@pytest.mark.parametrize(
    ("country", "code", "expected"), [("DE", "10115", True), ("DE", "1", False), ("FR", "xx", True)]
)
def test_a_pattern_chosen_by_case(country: str, code: str, *, expected: bool) -> None:
    sql = "regexp_full_match(code, case country when 'DE' then '\\d{5}' else '.{2}' end)"
    written = PredicateWriter(columns("code", "country"), ()).row(sql)
    assert run(written, f"SELECT '{country}' AS country, '{code}' AS code") is expected
    assert written.count("regexp_full_match") + written.upper().count("REGEXP_FULL_MATCH") >= 2


@pytest.mark.parametrize(("key", "expected"), [("5000000000", True), ("'5000000000'", True), ("'x'", None)])
def test_a_look_up_by_a_whole_number_takes_64_bits_and_misses_what_is_none(key: str, expected: object) -> None:
    sizes = ParameterDeclaration(
        name="sizes", type="table", default=None, key=("code integer",), value=("size", "decimal(4,1)")
    )
    writer = PredicateWriter(columns("a"), (sizes,))
    written = writer.row("sizes(a) = 2.5")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE param_sizes AS SELECT 5000000000 AS code, 2.5 AS size")
        joined = f"SELECT {written} FROM (SELECT {key} AS a){lookup_joins(writer.lookups)}"
        assert connection.execute(joined).fetchall() == [(expected,)]
