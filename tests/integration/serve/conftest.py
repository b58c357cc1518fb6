"""A year of sales in DuckDB: silver rows from a counter and a hash, gold tables computed from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from headgate.core.reasons import Verdict
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.serve.report_definition import ReportDefinition
from headgate.serve.report_facts import (
    Balance,
    ContractFacts,
    DeliveryFacts,
    Noun,
    ParameterFacts,
    ReasonFacts,
    RunFacts,
    TableFacts,
)
from headgate.serve.report_reading import read_definition
from headgate.serve.report_sql import Query

NOW = datetime(2026, 11, 20, 8, 0, 18, tzinfo=UTC)
PERSONAL = ("customer_name", "customer_email", "card_last4")
RUN = ("d-2b9f60c4aa01be77", "d-31c80f55d1e2903c", "d-4c1e9a07335fb2d8")
REPORT_YAML = Path(__file__).parents[3] / "flows" / "sales" / "report.yaml"

_TABLES = Path(__file__).with_name("sales_tables.sql")
_ROWS = Path(__file__).with_name("sales_rows.sql")


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables of sales without a row."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(_TABLES.read_text())


def fill_sales(connection: duckdb.DuckDBPyConnection, per_day: int) -> None:
    """Fills the tables with about `per_day` orders a day from 1 December 2025 to 20 November 2026, 08:00."""
    connection.execute(f"SET VARIABLE per_day = {per_day}")
    connection.execute(f"SET VARIABLE run = {list(RUN)}")
    connection.execute(_ROWS.read_text())


def query_of(connection: duckdb.DuckDBPyConnection) -> Query:
    """Runs SQL on that connection."""

    def query(sql: str, parameters: Mapping[str, object]) -> pa.Table:
        return connection.sql(sql, params=dict(parameters)).to_arrow_table()

    return query


@pytest.fixture
def empty_tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_tables(connection)
        yield connection


@pytest.fixture(scope="session")
def sales() -> Iterator[duckdb.DuckDBPyConnection]:
    """A year of sales; read only, since all tests share it."""
    with duckdb.connect() as connection:
        create_tables(connection)
        fill_sales(connection, 300)
        yield connection


@pytest.fixture
def as_query() -> Callable[[duckdb.DuckDBPyConnection], Query]:
    return query_of


@pytest.fixture(scope="session")
def definition() -> ReportDefinition:
    """The report.yaml that ships."""
    return read_definition(REPORT_YAML.read_bytes(), document="flows/sales/report.yaml", personal=PERSONAL)


@pytest.fixture
def make_facts() -> Callable[..., RunFacts]:
    return facts_of


def facts_of(published: int = 52_000, **changes: Any) -> RunFacts:  # noqa: ANN401 — any field of RunFacts
    """Facts of a run with that many rows published, and a few held, rejected and duplicate."""
    held, rejected, duplicate = published // 61, published // 296, published // 588
    received = published + held + rejected + duplicate
    facts = RunFacts(
        run_id="r-20261120-080000-7f3a",
        flow="sales",
        flow_title="Sales",
        started=datetime(2026, 11, 20, 8, tzinfo=UTC),
        ended=NOW,
        noun=Noun(one="transaction", many="transactions"),
        balance=Balance(received=received, published=published, held=held, rejected=rejected, duplicate=duplicate),
        threshold=Decimal("0.95"),
        deliveries=_deliveries(published, held, rejected, duplicate),
        reasons=_reasons(received, held, rejected),
        warnings=(
            ReasonFacts(
                verdict=None,
                code="unknown_customer",
                column="customer.id",
                rows=received // 50,
                share=Decimal("0.02"),
                usual_share=Decimal("0.0196"),
                description="The customer is not in the table of customers yet.",
            ),
        ),
        contract=ContractFacts(name="sales", version="4.0.0", digest=hashlib.sha256(b"c").hexdigest(), rules=12),
        parameters=(
            ParameterFacts(name="amount_limit", version=2, value="2500.00"),
            ParameterFacts(name="total_tolerance", version=6, value="0.01"),
            ParameterFacts(name="fx_rates", version=31, value=""),
        ),
        tables=tuple(
            TableFacts(name=name, version=318, digest=hashlib.sha256(name.encode()).hexdigest())
            for name in ("silver.transactions", "silver.items", "gold.daily", "gold.monthly", "gold.customers")
        ),
        headgate_version="0.1.0",
    )
    return replace(facts, **changes)


def _deliveries(published: int, held: int, rejected: int, duplicate: int) -> tuple[DeliveryFacts, ...]:
    """A third each; all that is not published came with the last file."""
    third = published // 3
    sound = [Balance(received=third, published=third, held=0, rejected=0, duplicate=0)] * 2
    left = published - 2 * third
    last = Balance(
        received=left + held + rejected + duplicate, published=left, held=held, rejected=rejected, duplicate=duplicate
    )
    return tuple(
        DeliveryFacts(
            id=delivery, file=f"sales_batch_20261120_0{hour}0000.json", state=DeliveryState.ARCHIVED, counts=counts
        )
        for delivery, counts, hour in zip(RUN, [*sound, last], (4, 6, 8), strict=True)
    )


_REASONS = (
    (Verdict.HELD, "total_mismatch", "total", 605, "Total is not the sum of its items", "0.0050"),
    (Verdict.HELD, "unknown_currency", "payment.currency", 206, "Currency is not known", "0.0034"),
    (Verdict.HELD, "missing_value", "customer.email", 113, "Customer has no e-mail", "0.0018"),
    (Verdict.HELD, "over_limit", "total", 73, "Amount is over the limit of 2,500 EUR", "0.0012"),
    (Verdict.REJECTED, "wrong_type", "items[].quantity", 509, "Value has the wrong type", "0.0015"),
    (Verdict.REJECTED, "future_date", "timestamp", 231, "Time lies in the future", "0.0007"),
    (Verdict.REJECTED, "negative_amount", "items[].unit_price", 145, "Amount is negative", None),
    (Verdict.REJECTED, "missing_value", "transaction_id", 116, "Transaction has no id", "0.0004"),
)  # the fourth: rows in a thousand of those held or rejected


def _reasons(received: int, held: int, rejected: int) -> tuple[ReasonFacts, ...]:
    told = []
    for verdict, code, column, thousandths, description, usual in _REASONS:
        rows = (held if verdict is Verdict.HELD else rejected) * thousandths // 1000
        if rows == 0:
            continue
        told.append(
            ReasonFacts(
                verdict=verdict,
                code=code,
                column=column,
                rows=rows,
                share=(Decimal(rows) / max(received, 1)).quantize(Decimal("0.000001")),
                usual_share=Decimal(usual) if usual else None,
                description=description,
            )
        )
    return tuple(told)
