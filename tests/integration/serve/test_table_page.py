"""Statistics and comparison of versions over real tables, against what plain SQL says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.harness.project import END, make_project, make_sales, open_project, run_files

from headgate import pipeline
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.operations import reprocess
from headgate.serve.masking import masked_columns
from headgate.serve.relations import Standing, engine_over, snapshot_of
from headgate.serve.table_compare import compare_versions
from headgate.serve.table_page import find_table, table_lines, version_lines
from headgate.serve.table_rows import read_rows
from headgate.serve.table_statistics import read_statistics


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = make_project(tmp_path_factory.mktemp("tables") / "project", "sales")
    opened = open_project(folder)
    for place, (count, first) in enumerate(((300, 1), (120, 301))):
        made = make_sales(folder / f"in{place}", count=count, seed=place, defects=0.1, first_number=first)
        run_files(opened, made.files, run=f"r-{place}")
    (one, _) = opened.ledger.deliveries(DeliveryFilter())
    reprocess(opened, one, values={"amount_limit": "50.00"})
    pipeline.work(opened)
    yield opened
    opened.close()


def table(platform: Platform, address: str) -> Standing:
    found = find_table(platform, address)
    assert found is not None
    return found


def masked(platform: Platform, one: Standing) -> frozenset[str]:
    names = snapshot_of(platform, one.table, one.version).files.schema.names
    return masked_columns(platform.flows["sales"], one, names, platform.memo)


def test_what_the_contract_marks_is_masked_wherever_it_went(platform: Platform) -> None:
    lines = {line.address: masked(platform, line.table) for line in table_lines(platform, ["sales"])}
    silver = {"customer_name", "customer_email", "card_last4", "shipping_address", "postal_code"}
    assert lines["sales.silver.transactions"] == silver
    assert lines["sales.quarantine.rows"] == {"record", "reasons"}
    assert lines["sales.gold.daily"] == frozenset()
    assert table_lines(platform, ["retail"]) == []


def test_statistics_are_those_of_plain_sql(platform: Platform) -> None:
    one = table(platform, "sales.silver.transactions")
    found = {column.name: column for column in read_statistics(platform, one, masked=masked(platform, one)).columns}
    with engine_over(platform, {"t": (one.table, one.version)}) as engine:
        sql = "SELECT count(*) - count(card_last4), count(DISTINCT currency), min(total), max(total) FROM t"
        ((nulls, currencies, low, high),) = engine.rows(sql)
    assert found["card_last4"].nulls == nulls
    assert (found["card_last4"].low, found["customer_email"].high) == (None, None)
    assert found["currency"].distinct == currencies
    assert (found["total"].low, found["total"].high) == (low, high)


def test_statistics_of_a_large_table_read_a_part(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.serve.table_statistics.VALUES", 1)
    monkeypatch.setattr("headgate.serve.table_statistics.LEAST_ROWS", 10)
    one = table(platform, "sales.silver.transactions")
    found = read_statistics(platform, one, masked=frozenset())
    assert found.read == 10 < found.rows
    by_name = {column.name: column for column in found.columns}
    assert (by_name["transaction_id"].distinct or 0) <= 12
    assert by_name["total"].low is not None  # by the files, which need no row


def test_rows_of_a_large_table_are_not_sorted(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.serve.table_rows.SORTED_ROWS", 10)
    one = table(platform, "sales.silver.transactions")
    found = read_rows(platform, one, masked=frozenset())
    assert (found.order, found.next, len(found.rows)) == ((), None, 50)


def test_a_comparison_says_what_plain_sql_says(platform: Platform) -> None:
    one = table(platform, "sales.silver.transactions")
    found = compare_versions(platform, one, 0, one.version, masked=masked(platform, one))
    relations = {"o": (one.table, 0), "n": (one.table, one.version)}
    with engine_over(platform, relations) as engine:
        key = "transaction_id"
        added = f"SELECT count(*) FROM n WHERE {key} NOT IN (SELECT {key} FROM o)"
        removed = f"SELECT count(*) FROM o WHERE {key} NOT IN (SELECT {key} FROM n)"
        ((came, gone),) = engine.rows(f"SELECT ({added}), ({removed})")
    assert (found.added, found.removed, found.changed) == (came, gone, 0)
    assert found.removed > 0  # over the lower limit they are held now
    assert found.new_rows == found.old_rows + found.added - found.removed
    assert len(found.removed_keys) == 20


def test_changed_values_stand_beside_each_other(platform: Platform) -> None:
    one = table(platform, "sales.gold.daily")
    found = compare_versions(platform, one, 1, one.version, masked=frozenset({"revenue"}))
    assert found.changed > 0
    (row, *_) = found.changed_rows
    cells = {name: (before, after, hidden) for name, before, after, hidden in row.cells}
    assert int(cells["orders"][1] or 0) < int(cells["orders"][0] or 0)
    assert cells["revenue"] == (None, None, True)


def test_a_version_with_itself_reads_nothing(platform: Platform) -> None:
    one = table(platform, "sales.silver.items")
    found = compare_versions(platform, one, one.version, one.version, masked=frozenset())
    assert (found.read, found.added, found.removed, found.changed) == (0, 0, 0, 0)


def test_what_cannot_be_compared_is_told(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    one = table(platform, "sales.silver.transactions")
    with pytest.raises(NotFoundError, match="has no version 99"):
        compare_versions(platform, one, 0, 99, masked=frozenset())
    monkeypatch.setattr("headgate.serve.table_compare.MOST_ROWS", 10)
    with pytest.raises(UsageError, match="a page compares at most 10"):
        compare_versions(platform, one, 0, one.version, masked=frozenset())


def test_history_names_publications_and_their_time(platform: Platform) -> None:
    one = table(platform, "sales.silver.transactions")
    lines, older = version_lines(platform, one)
    assert [line.version for line in lines] == list(range(one.version, -1, -1))
    assert older is None
    assert all(line.at.date() == END.date() for line in lines if line.publication)
    assert lines[-1].rows is not None
    assert [line.version for line in version_lines(platform, one, before=1)[0]] == [0]
