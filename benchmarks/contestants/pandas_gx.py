"""pandas with Great Expectations: load, five expectations, three aggregates, and a Delta table of each.

usage: pandas_gx.py INPUT OUTPUT

Does much less than the product: no proof of the bytes, no row-level verdicts, no quarantine, amounts as floats.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read while the package is imported

import great_expectations as gx  # type: ignore[import-not-found]  # only in the peers' environment
import pandas as pd  # type: ignore[import-untyped]  # same
from deltalake import write_deltalake

CURRENCIES = ["EUR", "USD", "GBP", "CHF", "SEK"]


def load(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a transaction, nested objects as columns; one row an item."""
    with path.open(encoding="utf-8") as document:
        records = json.load(document)["transactions"]
    transactions = pd.json_normalize(records, sep="_").drop(columns="items")
    transactions["timestamp"] = pd.to_datetime(transactions["timestamp"], utc=True)
    items = pd.json_normalize(records, record_path="items", meta=["transaction_id"])
    return transactions, items


def validate(transactions: pd.DataFrame) -> bool:
    expect = gx.expectations
    suite = gx.ExpectationSuite(
        name="sales",
        expectations=[
            expect.ExpectColumnValuesToNotBeNull(column="customer_email"),
            expect.ExpectColumnValuesToBeUnique(column="transaction_id"),
            expect.ExpectColumnValuesToMatchRegex(column="transaction_id", regex=r"^T\d{8}-\d{5,}$"),
            expect.ExpectColumnValuesToBeInSet(column="payment_currency", value_set=CURRENCIES),
            expect.ExpectColumnValuesToBeBetween(column="total", min_value=0),
        ],
    )
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("sales")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": transactions})
    return bool(batch.validate(suite).success)


def aggregate(transactions: pd.DataFrame, items: pd.DataFrame) -> dict[str, pd.DataFrame]:
    day = transactions["timestamp"].dt.date.rename("day")
    return {
        "daily": transactions.groupby(day).agg(sales=("total", "size"), total=("total", "sum")).reset_index(),
        "customers": transactions.groupby("customer_customer_id")
        .agg(sales=("total", "size"), total=("total", "sum"), last_sale=("timestamp", "max"))
        .reset_index(),
        "categories": items.groupby("category")
        .agg(sold=("quantity", "sum"), total=("line_total", "sum"))
        .reset_index(),
    }


def main() -> None:
    source, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    transactions, items = load(source)
    passed = validate(transactions)
    for name, frame in {"transactions": transactions, **aggregate(transactions, items)}.items():
        write_deltalake(output / name, frame)
    print(json.dumps({"rows": len(transactions), "items": len(items), "passed": passed}))


if __name__ == "__main__":
    main()
