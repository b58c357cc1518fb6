"""The floor: what plain DuckDB must do for the same silver and gold as Parquet. No checks, proof, medians or Delta.

usage: floor.py INPUT OUTPUT [bare]

The wrapper is taken off by copying the list into two files inside the kernel, cut before a record, so that both cores
parse; DuckDB then reads them with declared types, writes silver's columns as Parquet and makes gold from what it wrote
by the flow's own tasks. Ways that were tried and are slower stand in benchmarks/README.md. The cut knows that records
begin with `{"transaction_id"`; a general reader may not. With `bare` no currency is converted, and gold is one sum and
one count a table: less than the product's columns, to see what they cost.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import duckdb

PARTS = 2
WINDOW = 1 << 16
FIRST_KEY = rb',\s*(?=\{"transaction_id")'
MONEY = "DECIMAL(12,2)"
ITEM = {
    "product_id": "VARCHAR",
    "name": "VARCHAR",
    "category": "VARCHAR",
    "quantity": "INTEGER",
    "unit_price": MONEY,
    "line_total": MONEY,
}
ITEMS = "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in ITEM.items()) + ")[]"
TRANSACTION = {
    "transaction_id": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "customer": "STRUCT(customer_id VARCHAR, name VARCHAR, email VARCHAR, country VARCHAR)",
    "payment": "STRUCT(method VARCHAR, card_last4 VARCHAR, currency VARCHAR)",
    "shipping": f"STRUCT(address VARCHAR, city VARCHAR, postal_code VARCHAR, method VARCHAR, cost {MONEY})",
    "subtotal": MONEY,
    "tax": MONEY,
    "total": MONEY,
    "status": "VARCHAR",
}
LINES = {
    "transaction_id": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "payment": "STRUCT(currency VARCHAR)",
    "status": "VARCHAR",
    "items": ITEMS,
}
SILVER = """
    transaction_id, timestamp, customer.customer_id, customer.name AS customer_name, customer.email, customer.country,
    payment.method AS payment_method, payment.card_last4, payment.currency, shipping.address, shipping.city,
    shipping.postal_code, shipping.method AS shipping_method, shipping.cost, subtotal, tax, total, status
"""
FLAT = "transaction_id, timestamp, generate_subscripts(items, 1) AS line, unnest(items, recursive := true)"
FLOW = Path(__file__).parents[2] / "flows" / "sales"
TASKS = ("daily", "monthly", "customers", "products", "categories")
RATES = """
    SELECT currency AS fx_currency, day AS fx_day, rate
    FROM read_csv(
        '{file}', columns = {{'currency': 'VARCHAR', 'day': 'DATE', 'rate': 'DECIMAL(18,8)'}}, header = true
    )
"""
RATE = "LEFT JOIN rates ON fx_currency = {currency} AND fx_day = CAST(timestamp AS DATE)"
IN_EUR = "CAST(round({amount} * rate, 2) AS DECIMAL(18,2)) AS {amount}_eur"
BARE_GOLD = {
    "daily": ("timestamp::DATE AS day, status, count(*) AS sales, sum(total) AS total", "transactions"),
    "monthly": (
        "date_trunc('month', timestamp) AS month, status, count(*) AS sales, sum(total) AS total",
        "transactions",
    ),
    "customers": ("customer_id, count(*) AS sales, sum(total) AS total, max(timestamp) AS last_sale", "transactions"),
    "products": ("product_id, min(category) AS category, sum(quantity) AS sold, sum(line_total) AS total", "items"),
    "categories": ("category, sum(quantity) AS sold, sum(line_total) AS total", "items"),
}


def list_bounds(source: int, size: int) -> tuple[int, int]:
    """Offsets of the first byte in the list and of its closing bracket."""
    opening = re.search(rb'"transactions"\s*:\s*\[', os.pread(source, WINDOW, 0))
    if opening is None:
        raise SystemExit(f"no list 'transactions' begins in the first {WINDOW} bytes")
    tail = max(0, size - WINDOW)
    return opening.end(), tail + os.pread(source, WINDOW, tail).rindex(b"]")


def unwrap(path: Path, output: Path) -> list[str]:
    """Writes the list as JSON arrays, one for each core."""
    source = os.open(path, os.O_RDONLY)
    start, end = list_bounds(source, path.stat().st_size)
    cuts = [start - 1]
    for part in range(1, PARTS):
        middle = start + (end - start) * part // PARTS
        comma = re.search(FIRST_KEY, os.pread(source, WINDOW, middle))
        if comma:
            cuts.append(middle + comma.start())
    names = []
    for number, (left, right) in enumerate(zip(cuts, [*cuts[1:], end], strict=True)):
        names.append(str(output / f"part{number}.json"))
        copy(source, names[-1], left + 1, right)
    os.close(source)
    return names


def copy(source: int, name: str, left: int, right: int) -> None:
    target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(target, b"[")
    while left < right:
        left += os.sendfile(target, source, left, right - left)
    os.write(target, b"]")
    os.close(target)


def main() -> None:
    source, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    engine = duckdb.connect()
    engine.execute("SET threads = 2; SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
    parts = unwrap(source, output)

    def write(name: str, query: str) -> int:
        target = output / f"{name}.parquet"
        options = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 20480"
        row = engine.execute(f"COPY ({query}) TO '{target}' ({options})").fetchone()
        return int(row[0]) if row else 0

    read = f"read_json({parts}, columns = %s, format = 'array')"
    if sys.argv[3:] == ["bare"]:
        rows = write("transactions", f"SELECT {SILVER} FROM {read % TRANSACTION}")
        items = write("items", f"SELECT {FLAT} FROM (SELECT * FROM {read % LINES})")
        for name, (columns, table) in BARE_GOLD.items():
            write(name, f"SELECT {columns} FROM '{output / table}.parquet' GROUP BY ALL")
    else:
        engine.execute(f"CREATE TEMP TABLE rates AS {RATES.format(file=FLOW / 'fx_rates.csv')}")
        units = "len(items) AS lines, CAST(list_sum([i.quantity FOR i IN items]) AS BIGINT) AS units"
        sales = f"SELECT {SILVER}, {units} FROM {read % {**TRANSACTION, 'items': ITEMS}}"
        in_eur = f"SELECT s.*, {IN_EUR.format(amount='total')} FROM s {RATE.format(currency='s.currency')}"
        rows = write("transactions", f"WITH s AS ({sales}) {in_eur}")
        flat = f"SELECT {FLAT}, payment.currency AS currency, status FROM {read % LINES}"
        in_eur = f"SELECT s.* EXCLUDE (currency), {IN_EUR.format(amount='line_total')}"
        items = write("items", f"WITH s AS ({flat}) {in_eur} FROM s {RATE.format(currency='s.currency')}")
        for table in ("transactions", "items"):
            engine.execute(f"CREATE TEMP VIEW {table} AS FROM '{output / table}.parquet'")
        for name in TASKS:
            write(name, (FLOW / "tasks" / f"{name}.sql").read_text(encoding="utf-8"))
    print(json.dumps({"rows": rows, "items": items}))


if __name__ == "__main__":
    main()
