"""What one more event in the log costs, from a thousand events to a million; and what verifying all of them costs.

Run: `python benchmarks/audit_log.py [--events 1000000] [--folder DIR]`. Needs about 400 MB in the folder.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

from headgate.core.canonical import canonical
from headgate.core.checkpoints import Checkpoint, sign_checkpoint
from headgate.core.log_audit import verify_log
from headgate.core.merkle import NodeId, append, consistency_proof, inclusion_proof, root
from headgate.core.signing_keys import PrivateKey
from headgate.core.tree_hash import leaf_hash

KEY = PrivateKey(name="log.example/benchmark", seed=bytes(range(32)))
BATCH = 1000
SINGLES = 200  # events put in one by one at each size
SCHEMA = """
CREATE TABLE events (position INTEGER PRIMARY KEY, leaf BLOB NOT NULL);
CREATE TABLE tree_nodes (
    level INTEGER, position INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, position)
) WITHOUT ROWID;
"""


@dataclass(slots=True, kw_only=True)
class Costs:
    """What the events put in one by one at one size took."""

    work_us: list[float] = field(default_factory=list)  # canonical JSON, hashes, reads and inserts
    commit_us: list[float] = field(default_factory=list)  # durable on disk
    sign_us: list[float] = field(default_factory=list)  # root and signed checkpoint
    reads: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)


class Log:
    """Events and tree in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(SCHEMA)
        self.size = 0
        self.nodes_read = 0

    def read_nodes(self, ids: Sequence[NodeId]) -> list[bytes | None]:
        self.nodes_read += len(ids)
        # SQLite scans the whole table for `(level, position) IN (VALUES ...)`; joined by OR it looks each node up.
        wanted = " OR ".join(["(level = ? AND position = ?)"] * len(ids))
        query = f"SELECT level, position, hash FROM tree_nodes WHERE {wanted}"
        found = self.connection.execute(query, [part for one in ids for part in one])
        hashes = {(level, position): value for level, position, value in found}
        return [hashes.get(one) for one in ids]

    def append(self, leaves: Sequence[bytes]) -> int:
        """Insert events and nodes; the number of nodes."""
        first = self.size
        self.size, nodes = append(first, self.read_nodes, [leaf_hash(leaf) for leaf in leaves])
        self.connection.executemany("INSERT INTO events VALUES (?, ?)", enumerate(leaves, start=first))
        self.connection.executemany("INSERT INTO tree_nodes VALUES (?, ?, ?)", nodes)
        return len(nodes)

    def checkpoint(self) -> str:
        head = Checkpoint(origin=KEY.name, size=self.size, root=root(self.size, self.read_nodes))
        return sign_checkpoint(head, KEY).to_text()

    def leaves(self) -> Iterator[bytes]:
        return (leaf for (leaf,) in self.connection.execute("SELECT leaf FROM events ORDER BY position"))


def event(number: int) -> bytes:
    details = {"rows": number % 9973, "size_bytes": number * 37 % 1_000_003}
    at = f"2026-01-{1 + number % 28:02}T00:00:00.000000Z"
    return canonical({"at": at, "delivery": f"d-{number:016x}", "details": details, "type": "landed"})


def grow(log: Log, size: int) -> float:
    """Fill the log in batches, one commit each; seconds."""
    start = perf_counter()
    while log.size < size:
        log.connection.execute("BEGIN")
        log.append([event(number) for number in range(log.size, min(log.size + BATCH, size))])
        log.connection.execute("COMMIT")
    return perf_counter() - start


def put_singles(log: Log) -> Costs:
    costs = Costs()
    for _ in range(SINGLES):
        log.nodes_read = 0
        start = perf_counter()
        log.connection.execute("BEGIN")
        costs.writes.append(log.append([event(log.size)]))
        worked = perf_counter()
        costs.reads.append(log.nodes_read)
        log.connection.execute("COMMIT")
        committed = perf_counter()
        log.checkpoint()
        costs.work_us.append((worked - start) * 1e6)
        costs.commit_us.append((committed - worked) * 1e6)
        costs.sign_us.append((perf_counter() - committed) * 1e6)
    return costs


def proof_us(log: Log) -> tuple[float, int]:
    """Median time of an inclusion and a consistency proof together, and the most nodes read for one."""
    times, most = [], 0
    for step in range(1, SINGLES + 1):
        place = log.size * step // (SINGLES + 1)
        start = perf_counter()
        log.nodes_read = 0
        inclusion_proof(place, log.size, log.read_nodes)
        most, log.nodes_read = max(most, log.nodes_read), 0
        consistency_proof(max(place, 1), log.size, log.read_nodes)
        most = max(most, log.nodes_read)
        times.append((perf_counter() - start) * 1e6)
    return median(times), most


def line(log: Log, costs: Costs) -> str:
    proofs, most = proof_us(log)
    return (
        f"{log.size:>9,}  {median(costs.work_us):>7.0f} {median(costs.commit_us):>7.0f} {median(costs.sign_us):>7.0f}  "
        f"{fmean(costs.reads):>5.2f} {max(costs.reads):>4}  {fmean(costs.writes):>6.2f} {max(costs.writes):>4}  "
        f"{proofs:>7.0f} {most:>5}"
    )


def audit(log: Log, notes: Sequence[str]) -> str:
    start = perf_counter()
    report = verify_log(log.leaves(), notes, [KEY.public()], stored_root=root(log.size, log.read_nodes))
    if not report.complete:
        raise SystemExit(f"The log does not verify: {report.findings}")
    seconds = perf_counter() - start
    return f"verified {report.size:,} events against {report.fitting} checkpoints in {seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}")
    print("                  one more event, median µs   nodes read   nodes written   two proofs")
    print("   events     work  commit    sign   mean  max    mean  max       µs  nodes")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        log, notes, filling = Log(Path(folder) / "log.sqlite"), [], 0.0
        sizes = [10**power for power in range(3, 10) if 10**power <= options.events]
        for size in sizes:
            filling += grow(log, size)
            print(line(log, put_singles(log)), flush=True)
            notes.append(log.checkpoint())
        stored = sum(file.stat().st_size for file in Path(folder).iterdir())
        print(f"filled in batches of {BATCH:,}: {log.size / filling:,.0f} events a second, {stored / 2**20:.0f} MiB")
        print(audit(log, notes))
    print(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
