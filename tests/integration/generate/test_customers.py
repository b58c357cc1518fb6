from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path

import pytest

from headgate.core.errors import UsageError
from headgate.generate.customers import CustomersOptions, generate_customers
from headgate.generate.sales import SalesOptions, generate_sales


def run(folder: Path, options: CustomersOptions, *, force: bool = False) -> Path:
    done: list[int] = []
    result = generate_customers(options, folder, progress=done.append, force=force)
    assert sum(done) == result.records
    assert result.size_bytes == result.file.stat().st_size
    return result.file


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_sales_are_of_the_customers_of_their_seed(tmp_path: Path, rates_file: Path, end: datetime) -> None:
    asked = SalesOptions(count=600, seed=8, end=end)
    sales = generate_sales(asked, tmp_path / "sales", rates=rates_file, progress=lambda _: None)
    people = read(run(tmp_path, CustomersOptions(count=asked.customer_count, seed=8)))
    known = {line["customer_id"]: line for line in people}
    for transaction in json.loads(sales.files[0].read_bytes())["transactions"]:
        customer = transaction["customer"]
        assert {name: known[customer["customer_id"]][name] for name in customer} == customer


def test_csv_and_ndjson_hold_the_same(tmp_path: Path) -> None:
    lines = run(tmp_path, CustomersOptions(count=200, seed=3, format="ndjson")).read_text().splitlines()
    assert [json.loads(line) for line in lines] == read(run(tmp_path, CustomersOptions(count=200, seed=3)))


def test_columns_are_sound_and_ids_are_their_own(tmp_path: Path) -> None:
    people = read(run(tmp_path, CustomersOptions(count=1_500, seed=4)))
    assert len({line["customer_id"] for line in people}) == len({line["email"] for line in people}) == 1_500
    assert {line["segment"] for line in people} == {"private", "club", "business"}
    assert all(date(2017, 1, 1) <= date.fromisoformat(line["since"]) < date(2024, 1, 1) for line in people)
    assert all(line["email"].isascii() and line["email"].count("@") == 1 for line in people)


def test_more_customers_begin_with_the_same_ones(tmp_path: Path) -> None:
    few, many = (
        read(run(tmp_path / "a", CustomersOptions(count=10, seed=5))),
        read(run(tmp_path / "b", CustomersOptions(count=500, seed=5))),
    )
    assert many[:10] == few


def test_other_customers_are_not_overwritten(tmp_path: Path) -> None:
    path = run(tmp_path, CustomersOptions(count=10, seed=1))
    before = path.read_bytes()
    assert run(tmp_path, CustomersOptions(count=10, seed=1)).read_bytes() == before
    with pytest.raises(UsageError, match=r"holds other customers.*--force"):
        run(tmp_path, CustomersOptions(count=10, seed=2))
    assert path.read_bytes() == before
    assert run(tmp_path, CustomersOptions(count=10, seed=2), force=True).read_bytes() != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["customers.csv"]


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="--count is 0"):
        CustomersOptions(count=0)
