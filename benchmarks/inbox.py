"""The inbox over many held rows: its first page, a group's rows and one record, and many reviewers at once.

Run: `python benchmarks/inbox.py [--rows 1000000] [--reviewers 50] [--folder DIR]`. A real `headgate serve` answers on
the loopback; each time is from the request to the last byte, on one keep-alive connection. Needs about 1 GB of disk.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

CAUSES = 5
TIMES = 50  # that a page is asked for
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: id, primaryKey: true, required: true}
      - {name: amount, logicalType: number, physicalType: "DECIMAL(12,2)", logicalTypeOptions: {minimum: 0}}
      - {name: currency, quality: [{metric: invalidValues, arguments: {validValues: [EUR]}, mustBe: 0}]}
      - {name: day, logicalType: date}
      - {name: code, logicalType: string, logicalTypeOptions: {pattern: "[A-Z]{3}"}}
      - {name: note, required: true}
"""
FLOW = 'source: {files: "orders*.csv"}\ncheck: {accept_at_least: 0}\nreview: {votes: 1}\n'
LINES = (
    "o{n},-1.00,EUR,2026-01-01,ABC,x",
    "o{n},1.00,CHF,2026-01-01,ABC,x",
    "o{n},1.00,EUR,first of May,ABC,x",
    "o{n},1.00,EUR,2026-01-01,abc,x",
    "o{n},1.00,EUR,2026-01-01,ABC,",
)


def make_project(folder: Path, rows: int) -> None:
    """A project in which so many rows of one delivery are held, by five rules."""
    headgate(folder.parent, "init", str(folder), "--name", "inbox")
    shutil.rmtree(folder / "flows")
    flow = folder / "flows" / "orders"
    flow.mkdir(parents=True)
    (flow / "contract.odcs.yaml").write_text(CONTRACT)
    (flow / "flow.yaml").write_text(FLOW)
    file = folder / "orders.csv"
    with file.open("w") as stream:
        stream.write("id,amount,currency,day,code,note\n")
        for start in range(0, rows, 10_000):
            block = range(start, min(start + 10_000, rows))
            stream.write("".join(f"{LINES[n % CAUSES].format(n=n)}\n" for n in block))
    told = json.loads(headgate(folder, "run", str(file), "--json"))
    held = told["deliveries"][0]["counts"]["held"]
    if held != rows:
        raise SystemExit(f"{held} rows are held, not {rows}: {told['deliveries'][0]}")


def headgate(folder: Path, *arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "headgate.cli.main", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server of the project, as an own process."""
    command = [sys.executable, "-m", "headgate.cli.main", "serve", "--port", "0", "--no-work"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found[0]
                return
        raise SystemExit("the server did not start")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class Reviewer:
    """A browser that is signed in, with one connection."""

    def __init__(self, folder: Path, url: str, name: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._url = url
        place = urlsplit(headgate(folder, "accounts", "link", name, "--url", url).strip()).path
        self._cookie = ""
        _, body, _ = self.call("GET", place)
        hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', body))
        status, _, headers = self.call("POST", place, hidden)
        if status != http.client.SEE_OTHER:
            raise SystemExit(f"{name} could not sign in: {status}")
        self._cookie = headers["set-cookie"].partition(";")[0]

    def call(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """Status, page and headers."""
        headers = {"Cookie": self._cookie, "Origin": self._url, "Sec-Fetch-Site": "same-origin"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form) if form is not None else None
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # it was idle for too long: once more, anew
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers

    def timed(self, path: str) -> float:
        """Milliseconds until the last byte; what is no page stops the benchmark."""
        began = time.perf_counter()
        status, body, _ = self.call("GET", path)
        took = 1000 * (time.perf_counter() - began)
        if status != http.client.OK:
            raise SystemExit(f"{path} was answered with {status}: {body[:300]}")
        return took


def spread(reviewer: Reviewer, paths: list[str]) -> dict[str, float]:
    """Median, 95th percentile, fastest and slowest of these calls; before them the first one, which is told apart."""
    first = reviewer.timed(paths[0])
    took = sorted(reviewer.timed(path) for path in paths[1:])
    return {
        "median_ms": round(statistics.median(took), 1),
        "p95_ms": round(took[max(0, -(-95 * len(took) // 100) - 1)], 1),
        "min_ms": round(took[0], 1),
        "max_ms": round(took[-1], 1),
        "first_ms": round(first, 1),
    }


def random_rows(case: str, rows: int, like: int, times: int) -> list[str]:
    """Pages of rows all over the delivery that wait in the case, as the row `like` does; the same ones every time."""
    pick = random.Random(7).choices(range(rows // CAUSES), k=times - 1)  # noqa: S311  no secret
    places = [*(CAUSES * place + (like - 1) % CAUSES + 1 for place in pick), rows - CAUSES + (like - 1) % CAUSES + 1]
    return [f"/cases/{case}?row={place}" for place in places]


def at_once(folder: Path, url: str, paths: list[str], reviewers: int) -> dict[str, float]:
    """So many people who read all of these pages at the same time; errors and the median of a page."""
    people = [Reviewer(folder, url, f"reviewer-{number}") for number in range(reviewers)]
    took: list[float] = []
    wrong: list[str] = []
    start = threading.Barrier(reviewers)

    def read(one: Reviewer) -> None:
        start.wait()
        for path in paths:
            try:
                took.append(one.timed(path))
            except (SystemExit, OSError) as error:
                wrong.append(f"{path}: {error}")

    threads = [threading.Thread(target=read, args=(one,)) for one in people]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    for line in wrong[:5]:
        print(line, file=sys.stderr)
    return {
        "reviewers": reviewers,
        "pages": len(took),
        "errors": len(wrong),
        "median_ms": round(statistics.median(took), 1),
        "pages_a_second": round(len(took) / whole, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        folder = Path(place) / "inbox"
        began = time.perf_counter()
        make_project(folder, given.rows)
        figures: dict[str, object] = {"rows_held": given.rows, "run_s": round(time.perf_counter() - began, 1)}
        for number in range(given.reviewers):
            headgate(folder, "accounts", "add", f"reviewer-{number}", "--role", "reviewer")
        with served(folder) as url:
            one = Reviewer(folder, url, "reviewer-0")
            _, page, _ = one.call("GET", "/inbox")
            group = re.search(r"/inbox\?group=([0-9a-f]+)", page)
            case = json.loads(headgate(folder, "cases", "list", "--json"))["cases"][0]["id"]
            row = json.loads(headgate(folder, "cases", "show", case, "--rows", "3", "--json"))["rows"][-1]["row"]
            records = random_rows(case, given.rows, row, TIMES + 1)
            paths = {"record": records, "inbox": ["/inbox"] * (TIMES + 1)}
            if group:
                paths["group"] = [f"/inbox?group={group[1]}"] * (TIMES + 1)
            figures |= {name: spread(one, called) for name, called in paths.items()}
            figures["at_once"] = at_once(folder, url, [called[-1] for called in paths.values()] * 2, given.reviewers)
        print(json.dumps(figures | {"load": os.getloadavg()[0]}, indent=2))


if __name__ == "__main__":
    main()
