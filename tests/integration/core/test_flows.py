"""The flows that ship, from their folders; and the real files under the contracts that were written for them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.contract import Contract
from headgate.core.contract_lint import Level, lint
from headgate.core.flow import Flow
from headgate.core.flow_document import read_flow

FLOWS = Path(__file__).parents[3] / "flows"
DATA = Path(__file__).parents[4] / "shared" / "data"
NAMES = sorted(place.parent.name for place in FLOWS.glob("*/flow.yaml"))


def flow(name: str) -> Flow:
    return read_flow(name, lambda file: (FLOWS / name / file).read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_a_flow_that_ships_passes_its_lint(name: str) -> None:
    found = flow(name)
    errors = [finding for finding in lint(found.contract, found) if finding.level is Level.ERROR]
    assert errors == []
    assert found.warnings == ()
    assert found.target(found.record_table) is not None


def test_the_flows_that_ship() -> None:
    assert {"retail", "sales", "usedcars"} <= set(NAMES)


# ── The real files ───────────────────────────────────────────────────────────────────────────────────────────────────
def broken_by(contract: Contract, rows: duckdb.DuckDBPyRelation, rule_id: str) -> int:
    """Rows for which the predicate of a rule is not TRUE."""
    (sql,) = [rule.arguments["sql"] for rule in contract.rules if rule.id == rule_id]
    return int(rows.filter(f"({sql}) IS NOT TRUE").count("*").fetchall()[0][0])


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_predicates_of_the_invoice_lines_on_the_real_file(connection: duckdb.DuckDBPyConnection) -> None:
    file = DATA / "online_retail_2010.csv"
    if not file.exists():
        pytest.skip("the real data is not here")
    rows = connection.sql(
        f"""SELECT InvoiceNo AS invoice_no, CAST(Quantity AS BIGINT) AS quantity,
            CAST(UnitPrice AS DECIMAL(12,3)) AS unit_price FROM read_csv('{file}', all_varchar = true)""",
    )
    contract = flow("retail").contract
    assert broken_by(contract, rows, "price_above_zero") == 46
    assert broken_by(contract, rows, "return_is_cancelled") == 30
    assert broken_by(contract, rows, "quantity_not_zero") == 0


def test_every_column_of_the_real_files_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    if not DATA.exists():
        pytest.skip("the real data is not here")
    for name, file in (("retail", "online_retail_2010.csv"), ("usedcars", "used_cars_2016_truncated.csv")):
        header = (DATA / file).read_bytes().split(b"\n")[0].decode("utf-8-sig").strip().split(",")
        assert [column.source_name for column in flow(name).contract.columns] == header
    assert connection is not None


# ── The check in Python ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def checks() -> ModuleType:
    module = ModuleType("checks")
    exec(compile((FLOWS / "sales" / "checks.py").read_bytes(), "checks.py", "exec"), module.__dict__)  # noqa: S102 - as the product does
    return module


HOUR_US = 3_600_000_000
Sale = tuple[str | None, str | None, int | None]
"""Card, customer, minutes."""


def batch(sales: list[Sale]) -> pa.RecordBatch:
    times = pa.array([None if minute is None else minute * 60_000_000 for _, _, minute in sales], pa.int64())
    return pa.record_batch(
        {
            "customer.customer_id": pa.array([customer for _, customer, _ in sales], pa.string()),
            "payment.card_last4": pa.array([card for card, _, _ in sales], pa.string()),
            "timestamp": times.cast(pa.timestamp("us", tz="UTC")),
        },
    )


def by_definition(sales: list[Sale]) -> list[bool]:
    """A sale passes unless it lies in an hour that begins with a sale of its card and has four customers or more."""
    passed = [True] * len(sales)
    for card, _, start in sales:
        if card is None or start is None:
            continue
        inside = [
            index
            for index, (other, customer, minute) in enumerate(sales)
            if other == card and customer is not None and minute is not None and start <= minute <= start + 60
        ]
        if len({sales[index][1] for index in inside}) > 3 and sales[inside[0]]:
            for index in inside:
                passed[index] = False
    return passed


def test_a_card_with_many_customers(checks: ModuleType) -> None:
    sales: list[Sale] = [("1111", f"C{number}", number * 10) for number in range(4)]
    assert checks.card_of_few_customers(batch(sales)).tolist() == [False] * 4
    assert checks.card_of_few_customers(batch(sales[:3])).tolist() == [True] * 3
    assert checks.card_of_few_customers(batch([])).tolist() == []
    far: list[Sale] = [*sales[:3], ("1111", "C9", 61)]
    assert checks.card_of_few_customers(batch(far)).tolist() == [True] * 4


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["1", "2", None]),
            st.sampled_from(["a", "b", "c", "d", "e", None]),
            st.one_of(st.none(), st.integers(0, 150)),
        ),
        max_size=30,
    ),
)
def test_the_check_does_what_its_words_say(sales: list[Sale]) -> None:
    module = ModuleType("checks")
    exec(compile((FLOWS / "sales" / "checks.py").read_bytes(), "checks.py", "exec"), module.__dict__)  # noqa: S102 - as the product does
    whole = [
        (card, customer, minute) if None not in (card, customer, minute) else (None, None, None)
        for card, customer, minute in sales
    ]
    assert module.card_of_few_customers(batch(sales)).tolist() == by_definition(whole)
