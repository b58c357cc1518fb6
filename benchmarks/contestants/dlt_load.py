"""dlt: the document's transactions and their items into Delta tables on the filesystem. No checks.

usage: dlt_load.py INPUT OUTPUT [rows|tuned|arrow]

`rows` (default) is dlt's usual way, with its defaults: dictionaries, normalised into a table and its child table.
`tuned` has two processes do that, with intermediate files uncompressed and of a size that gives both work. `arrow`
hands over Arrow tables, which dlt does not normalise: faster, but the items stay a nested column of the one table.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# read while the package is imported
os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
if sys.argv[3:] == ["tuned"]:
    os.environ |= {
        "NORMALIZE__WORKERS": "2",
        "NORMALIZE__START_METHOD": "fork",
        "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "25000",  # so that there is work for both processes
        "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
    }

import dlt  # type: ignore[import-not-found]  # only in the peers' environment
import orjson  # type: ignore[import-not-found]  # same
import pyarrow as pa

PAGE_ROWS = 5_000
TABLE_ROWS = 25_000
TABLES = ("transactions", "transactions__items")


def rows(path: Path) -> Iterator[list[dict[str, Any]]]:
    records = orjson.loads(path.read_bytes())["transactions"]
    for first in range(0, len(records), PAGE_ROWS):
        yield records[first : first + PAGE_ROWS]


def arrow(path: Path) -> Iterator[pa.Table]:
    records = orjson.loads(path.read_bytes())["transactions"]
    for first in range(0, len(records), TABLE_ROWS):
        yield pa.Table.from_pylist(records[first : first + TABLE_ROWS])


def main() -> None:
    source, output = Path(sys.argv[1]), Path(sys.argv[2])
    read = {"rows": rows, "tuned": rows, "arrow": arrow}[sys.argv[3] if len(sys.argv) > 3 else "rows"]
    pipeline = dlt.pipeline(
        "sales",
        destination=dlt.destinations.filesystem(bucket_url=str(output / "lake")),
        dataset_name="sales",
        pipelines_dir=str(output / "pipelines"),
    )
    resource = dlt.resource(
        read(source),
        name="transactions",
        primary_key="transaction_id",
        write_disposition="append",
        table_format="delta",
    )
    pipeline.run(resource, loader_file_format="parquet")
    counts = pipeline.last_trace.last_normalize_info.row_counts
    print(json.dumps({"rows": counts.get(TABLES[0]), "items": counts.get(TABLES[1])}))


if __name__ == "__main__":
    main()
