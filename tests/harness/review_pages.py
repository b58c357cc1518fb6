"""How long the pages of a case of many rows take, in process: `python -m tests.harness.review_pages --rows 1000000`."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.harness.project import arrived
from tests.harness.small import ROWS, contract, open_small, write_flow
from tests.integration.web.conftest import closed, web_on
from tests.integration.web.test_cases import Reviewer
from tests.integration.web.test_cases_extremes import FLOW, RULE, only_case

from headgate import pipeline
from headgate.web.passwords import Argon2Passwords

MEMORY_BYTES = 2 << 30  # to take a million held rows in: the default limit is for fewer


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--most-ms", type=float, default=100.0, help="fail where a median is above")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        medians = measure(Path(folder), rows=given.rows, times=given.times)
    for page, median_ms in medians.items():
        sys.stdout.write(f"{page}: {median_ms:.0f} ms, median of {given.times}\n")
    return 1 if max(medians.values()) > given.most_ms else 0


def measure(folder: Path, *, rows: int, times: int) -> dict[str, float]:
    """Median time in milliseconds of the inbox, of a case, and of a row in its middle."""
    flow = FLOW.format(share="0.0", drift="warn")
    write_flow(folder / "p", flow, contract_text=contract(rules=RULE), files={"tasks/rows.sql": ROWS})
    with (folder / "shop.ndjson").open("wb") as file:
        for number in range(rows):
            file.write(b'{"id":"r%d","amount":500,"day":"2026-01-01","kind":"k%d"}\n' % (number, number % 100))
    platform = open_small(folder / "p", memory_bytes=MEMORY_BYTES)
    pipeline.take_in(arrived([folder / "shop.ndjson"]), platform, "r-1")
    pipeline.work(platform)
    web = web_on(platform, folder / "p", Argon2Passwords())
    case, one = only_case(web), Reviewer(web)
    pages = {
        "inbox": "/inbox",
        "case": f"/cases/{case.id}",
        "row in the middle": f"/cases/{case.id}?row={rows // 2}",
    }
    medians = {}
    for name, path in pages.items():
        took = []
        for _ in range(times):
            began = time.perf_counter()
            one.client.get(path).raise_for_status()
            took.append(time.perf_counter() - began)
        medians[name] = statistics.median(took) * 1_000
    closed(web)
    platform.close()
    return medians


if __name__ == "__main__":
    sys.exit(main())
