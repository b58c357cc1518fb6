from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headgate import operations
from headgate.core.batches import Arrived
from headgate.core.errors import EngineTimeoutError, QueryRefusedError
from headgate.core.platform import Platform
from headgate.generate.sales import SalesOptions, generate_sales
from headgate.project import enter_flows, load_flows
from headgate.serve.query import ask
from headgate.serve.relations import plain_names, standing_tables
from headgate.settings import read_settings
from headgate.wiring import open_platform

FLOWS = Path(__file__).parents[3] / "flows"
LINES = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,HOLDER,6,1/12/2010,2.55,17850,United Kingdom
536365,71053,LANTERN,6,1/12/2010,3.39,17850,United Kingdom
"""
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Two flows that both have a table `products`: 120 sales, and two lines of an invoice."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "headgate.toml").write_text('[project]\nname = "shop"\n')
    for name in ("sales", "retail"):
        shutil.copytree(FLOWS / name, folder / "flows" / name)
    options = SalesOptions(count=120, seed=1, end=NOW)
    rates = FLOWS / "sales" / "fx_rates.csv"
    made = generate_sales(options, folder / "in", rates=rates, progress=lambda _: None)
    lines = folder / "in" / "online_retail_1.csv"
    lines.write_text(LINES)
    settings = read_settings(folder, {})
    platform = open_platform(settings, load_flows(settings), clock=lambda: NOW)
    enter_flows(platform)
    files = [Arrived(path=str(path), name=path.name, size_bytes=path.stat().st_size) for path in (*made.files, lines)]
    operations.run(platform, files, reports=folder / "reports")
    yield platform
    platform.close()


def _rows(platform: Platform, sql: str) -> list[tuple[object, ...]]:
    with ask(platform, sql) as answer:
        return [tuple(row.values()) for row in answer.batches.read_all().to_pylist()]


def test_a_name_that_two_flows_have_needs_its_flow(published: Platform) -> None:
    with pytest.raises(QueryRefusedError, match="no such table"):
        _rows(published, "SELECT count(*) AS n FROM products")
    assert _rows(published, "SELECT count(*) AS n FROM retail.products") == [(2,)]
    assert _rows(published, "SELECT count(*) AS n FROM transactions") == [(120,)]


def test_a_qualified_name_is_read_as_it_is_written(published: Platform) -> None:
    sql = (
        "WITH few AS (SELECT products.stock_code AS id FROM retail.products) "
        "SELECT (SELECT count(*) FROM few), (SELECT count(*) FROM sales.products AS p), count(*) "
        "FROM retail.products AS r JOIN few ON few.id = r.stock_code"
    )
    ((few, sold, joined),) = _rows(published, sql)
    expected = {row[0] for row in _rows(published, "SELECT DISTINCT product_id FROM items")}
    assert (few, sold, joined) == (2, len(expected), 2)


def test_now_is_the_platform_s(published: Platform) -> None:
    assert _rows(published, "SELECT now() AS moment") == [(NOW,)]


def test_a_table_has_a_plain_name_where_only_one_flow_has_it(published: Platform) -> None:
    tables = standing_tables(published)
    plain = {name for name in plain_names(tables) if "." not in name}
    assert {"transactions", "daily", "invoices"} <= plain
    assert not {"products", "quarantine"} & plain
    assert len({one.qualified for one in tables}) == len(tables)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE daily",
        "SELECT 1; SELECT 2",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM nowhere",
        "COPY sales.daily TO '/tmp/x.csv'",
        "ATTACH 'x.db'",
        "SELECT getenv('HOME') AS home",
        "SET memory_limit = '10GB'",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM glob('/*')",
        "SELECT content FROM read_text('/etc/passwd')",
        "SELECT no_such_column FROM sales.daily",
        "SELECT $x AS x",
        "INSERT INTO sales.daily SELECT * FROM sales.daily",
        "PRAGMA database_list",
        "SELECT * FROM information_schema.tables",
        "EXPLAIN SELECT 1",
        "CALL pragma_version()",
        "SELECT",
        "",
    ],
)
def test_what_is_no_select_over_published_tables_is_refused(published: Platform, sql: str) -> None:
    with pytest.raises(QueryRefusedError), ask(published, sql) as answer:
        answer.batches.read_all()


def test_a_query_that_takes_too_long_is_stopped_and_says_how_to_go_on(published: Platform) -> None:
    many = ", ".join(f"transactions AS t{number}" for number in range(6))
    with (
        pytest.raises(
            EngineTimeoutError, match=r"^the query took longer than 0\.5 s and was stopped\. Next: .*--timeout"
        ),
        ask(published, f"SELECT count(*) AS n FROM {many}", limit_s=0.5) as answer,
    ):
        answer.batches.read_all()
    assert _rows(published, "SELECT count(*) AS n FROM transactions") == [(120,)]
