"""Drops damaged files into a project by the hundred, runs it as a user would, and looks whether anything was lost.

`python -m tests.harness.damaged_files --files 10000 --seed 0`. Each batch of files is one `headgate run` in a process
of its own. It must end in time, with status 0 and without a traceback. Then every file has exactly one delivery, in an
end state other than failed, and its bytes are in the vault; after the last batch counts balance, the tables alone
prove them, receipts verify, and so does the log.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from tests.harness import proof
from tests.harness.mutations import DAMAGES, VALUES
from tests.harness.odd_files import NAMES, bomb, odd_parquet, odd_text, odd_zip, parquet_bytes, zip_of
from tests.harness.project import make_project, make_sales, open_project

from headgate.core.naming import table_name
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Counts, Delivery
from headgate.core.states import ENDS, DeliveryState

BATCH = 200
SHOWN = 20  # faults, of a batch and of all
SAID = 600  # characters at the end of what a command said
SLOWEST_S = 180.0  # a batch that takes longer hangs; some 3 s are usual
ROWS = 30  # of a small file, and of one of sales: one bad row in it is below no threshold
SALES_SHARE, ODD_SHARE = 0.3, 0.15
SIGNS_OF_A_FAULT = ("Traceback", "This is a fault of Headgate", "AssertionError", "KeyError")
FLOWS = {
    "readings": "source: {files: 'readings*', max_unpacked: 8 MiB}\n",
    "gathered": (
        "source: {files: 'gathered*', records: rows, salvage: true, new_version: add, max_unpacked: 8 MiB}\n"
        "check: {accept_at_least: 0, drift: warn}\n"
    ),
}
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: {flow}
version: 1.0.0
status: active
schema:
  - name: {flow}
    properties:
      - {{name: id, required: true, primaryKey: true}}
      - {{name: value, logicalType: number, physicalType: "DECIMAL(9,3)"}}
      - {{name: count, logicalType: integer, logicalTypeOptions: {{minimum: 0, format: i32}}}}
      - {{name: ratio, logicalType: number}}
      - {{name: read_at, logicalType: timestamp}}
      - {{name: day, logicalType: date}}
      - {{name: sound, logicalType: boolean}}
      - {{name: note, logicalType: string, logicalTypeOptions: {{maxLength: 40}}}}
    quality:
      - {{id: value_fits, type: custom, engine: headgate, implementation: "value is null or value / count < 1000"}}
"""


@dataclass(slots=True)
class Tally:
    """What the harness came to."""

    files: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    counts: dict[str, Counts] = field(default_factory=dict)  # by flow
    silver: dict[str, int] = field(default_factory=dict)  # rows of the record table by flow
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Made:
    """A file as it was written."""

    name: bytes  # as the file system has it: not all names are text
    kind: str
    sha256: str
    size_bytes: int


def make_flows(folder: Path) -> None:
    """A project of the shipped sales flow and of two flows with one small contract."""
    make_project(folder, "sales")
    for flow, text in FLOWS.items():
        place = folder / "flows" / flow
        place.mkdir()
        (place / "flow.yaml").write_text(text, encoding="utf-8")
        (place / "contract.odcs.yaml").write_text(CONTRACT.format(flow=flow), encoding="utf-8")


def _records(number: int) -> list[dict[str, object]]:
    return [
        {
            "id": f"R{number}-{row}",
            "value": row * 1.125,
            "count": row + 1,
            "ratio": row / 7,
            "read_at": f"2026-03-{1 + row % 28:02d}T09:30:00Z",
            "day": f"2026-03-{1 + row % 28:02d}",
            "sound": row % 2 == 0,
            "note": 'Größe "7", or ]}',
        }
        for row in range(ROWS)
    ]


def _csv(rows: Sequence[dict[str, object]], sign: str) -> bytes:
    lines = [sign.join(rows[0])]
    for row in rows:
        texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in row.values()]
        lines.append(sign.join('"' + text.replace('"', '""') + '"' if '"' in text else text for text in texts))
    return ("\n".join(lines) + "\n").encode()


def _sound(chance: random.Random, number: int, flow: str) -> tuple[bytes, str]:
    """A small file that its flow would take whole: (bytes, ending)."""
    rows = _records(number)
    objects = [json.dumps(row, ensure_ascii=False) for row in rows]
    if flow == "gathered" and chance.random() < 0.8:
        return f'{{"count": {ROWS}, "rows": [{", ".join(objects)}], "end": true}}'.encode(), ".json"
    kind = chance.choice(["csv", "semicolon", "lines", "array", "parquet"])
    if kind == "lines":
        return "\n".join(objects).encode(), ".ndjson"
    if kind == "array":
        return f"[{', '.join(objects)}]".encode(), ".json"
    if kind == "parquet":
        return parquet_bytes(pa.Table.from_pylist(rows), row_group_size=10), ".parquet"
    return _csv(rows, ";" if kind == "semicolon" else ","), ".csv"


_ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "utf-7", "cp037", "shift_jis", "utf-16-be")


def _damaged(chance: random.Random, data: bytes, ending: str) -> tuple[bytes, str, str]:
    """(bytes, ending, what was done)."""
    many = {**DAMAGES, **VALUES}
    done = [chance.choice(sorted(many)) for _ in range(chance.choice([1, 1, 1, 2, 4]))]
    for kind in done:
        data = many[kind](chance, data or b"\0").applied(data)
    way = chance.random()
    if way < 0.08 and ending != ".parquet":
        encoding = chance.choice(_ENCODINGS)
        return data.decode("utf-8", "replace").encode(encoding, "replace"), ending, f"{done[0]}, as {encoding}"
    if way < 0.3:
        packed, more = _packed(chance, data)
        if chance.random() < 0.4:
            kind = chance.choice(["truncated", "flipped", "noise", "cut out", "repeated"])
            packed = DAMAGES[kind](chance, packed).applied(packed)
            return packed, ending + more, f"{kind} in{more}"
        return packed, ending + more, f"{done[0]} in{more}"
    return data, ending, done[0]


def _packed(chance: random.Random, data: bytes) -> tuple[bytes, str]:
    kind = chance.choice(["gz", "zst", "zip"])
    if kind == "gz":
        return gzip.compress(data, mtime=0), ".gz"
    if kind == "zst":
        return pa.compress(data, codec="zstd", asbytes=True), ".zst"
    return zip_of([("a", data)]), ".zip"


def _odd(chance: random.Random, data: bytes) -> tuple[bytes, str, str]:
    kind = chance.choice(["bomb", "odd zip", "odd parquet", "odd text", "odd text"])
    if kind == "bomb":
        return *bomb(chance), kind
    if kind == "odd zip":
        return odd_zip(chance, data), ".csv.zip", kind
    if kind == "odd parquet":
        return odd_parquet(chance), ".parquet", kind
    return odd_text(chance), chance.choice([".csv", ".json", ".ndjson", "", ".gz", ".parquet", ".tsv"]), kind


class Factory:
    """Makes the files of one seed, the same for each number whatever the batches."""

    def __init__(self, seed: int, files: int, folder: Path) -> None:
        self._seed = seed
        count = max(1, files // 4)
        self._sales = make_sales(folder / "sound", count=count * ROWS, seed=seed, files=count, defects=0.02).files

    def make(self, number: int, folder: Path) -> Made:
        """Write one damaged file."""
        chance = random.Random(self._seed * 1_000_003 + number)  # noqa: S311  repeatable on purpose
        flow = "sales" if chance.random() < SALES_SHARE else chance.choice(sorted(FLOWS))
        if flow == "sales":
            data, ending = self._sales[number % len(self._sales)].read_bytes(), ".json"
        else:
            data, ending = _sound(chance, number, flow)
        data, ending, kind = _odd(chance, data) if chance.random() < ODD_SHARE else _damaged(chance, data, ending)
        stem = "sales_batch_" if flow == "sales" else flow
        name = os.fsencode(f"{stem}{number:06}{chance.choice(NAMES)}{ending if flow != 'sales' else _named(ending)}")
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123  bytes are no Path
            file.write(data)
        return Made(name=name, kind=kind, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def _named(ending: str) -> str:
    """An ending that the sales flow takes."""
    return ending if ending.startswith(".json") else f".json{ending if ending in {'.gz', '.zst', '.zip'} else ''}"


class Harness:
    """One project that takes batch after batch."""

    def __init__(self, root: Path, seed: int, files: int) -> None:
        self._root = root
        self._factory = Factory(seed, files, root)
        self._project = root / "project"
        make_flows(self._project)
        self._landed = 0  # landing number of the last delivery that was looked at
        self.tally = Tally()

    def batch(self, numbers: Sequence[int]) -> None:
        """Write files, run the project over them, look at what became of each."""
        folder = self._root / f"incoming-{numbers[0]}"
        folder.mkdir()
        made = [self._factory.make(number, folder) for number in numbers]
        self.tally.files += len(made)
        self.tally.kinds.update(one.kind.split(",")[0] for one in made)
        began = time.perf_counter()
        self._headgate("run", str(folder), "--json")
        self.tally.slowest_s = max(self.tally.slowest_s, time.perf_counter() - began)
        with closing(open_project(self._project)) as platform:
            self._look(platform, made)
        for one in made:
            os.unlink(os.path.join(os.fsencode(folder), one.name))  # noqa: PTH108, PTH118  bytes are no Path

    def finish(self) -> Tally:
        """Look at the project as a whole."""
        self._headgate("audit", "verify", "--json")
        with closing(open_project(self._project)) as platform:
            for flow in platform.flows:
                self.tally.wrong += proof.faults(platform, flow)
                self._sum_up(platform, flow)
        return self.tally

    def _headgate(self, *arguments: str) -> None:
        """Call the command; a status, a message or a duration that must not be is entered."""
        command = [sys.executable, "-m", "headgate.cli.main", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
        environment["PYTHONFAULTHANDLER"] = "1"  # a process that dies says where
        told = " ".join(arguments)
        try:
            ended = subprocess.run(
                command, cwd=self._project, env=environment, capture_output=True, timeout=SLOWEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            self.tally.wrong.append(f"`{told}` did not end in {SLOWEST_S:.0f} s")
            return
        said = (ended.stdout + ended.stderr).decode("utf-8", "replace")
        if ended.returncode != 0:
            self.tally.wrong.append(f"`{told}` ended with {ended.returncode}: {said[-SAID:]}")
        self.tally.wrong += [f"`{told}` said {sign!r}: {said[-SAID:]}" for sign in SIGNS_OF_A_FAULT if sign in said]

    def _look(self, platform: Platform, made: Sequence[Made]) -> None:
        fresh = platform.ledger.deliveries(DeliveryFilter())[self._landed :]
        self._landed += len(fresh)
        found: dict[str, list[Delivery]] = {}
        for one in fresh:
            found.setdefault(Path(one.origin).name, []).append(one)
        for file in made:
            name = file.name.decode("utf-8", "backslashreplace")
            self.tally.wrong += [
                f"{name!r} ({file.kind}) {what}" for what in _faults(platform, file, found.pop(name, []))
            ]
        self.tally.wrong += [f"{name!r} was never sent" for name in found]
        self.tally.states.update(one.state.value for one in fresh)

    def _sum_up(self, platform: Platform, flow: str) -> None:
        of_flow = platform.ledger.deliveries(DeliveryFilter(flow=flow))
        total = sum((one.counts for one in of_flow if one.counts is not None), Counts())
        record = platform.tables.snapshot(table_name(flow, "silver", platform.flows[flow].record_table))
        rows = record.rows if record is not None else 0
        self.tally.counts[flow], self.tally.silver[flow] = total, rows
        if rows != total.accepted or not total.balances:
            self.tally.wrong.append(f"flow {flow}: {rows} rows are published, {total} were counted")


def _faults(platform: Platform, file: Made, deliveries: Sequence[Delivery]) -> Iterator[str]:
    """What does not hold of one file."""
    if len(deliveries) != 1:
        yield f"has {len(deliveries)} deliveries"
        return
    (one,) = deliveries
    if one.sha256 != file.sha256 or one.size_bytes != file.size_bytes:
        yield f"was taken as {one.size_bytes} bytes with SHA-256 {one.sha256}"
    place = vault_name(file.sha256)
    if platform.vault.size(place) is None:
        yield "is not in the vault"
    else:
        with platform.vault.open(place) as stream:
            if hashlib.sha256(stream.read()).hexdigest() != file.sha256:
                yield "lies in the vault with other bytes"
    if one.state not in ENDS or one.state is DeliveryState.FAILED:
        yield f"is {one.state}: {one.note}"
    if one.state is DeliveryState.REFUSED and not one.note:
        yield "is refused without a word"


def run(files: int, seed: int, root: Path, *, batch: int = BATCH, say: bool = False) -> Tally:
    """Make and run so many files; what does not hold stands in the tally's `wrong`."""
    harness = Harness(root, seed, files)
    for start in range(0, files, batch):
        before = len(harness.tally.wrong)
        harness.batch(range(start, min(files, start + batch)))
        if say:
            fresh = harness.tally.wrong[before:]
            told = [f"{harness.tally.files} files, {len(fresh)} faults", *fresh[:SHOWN]]
            sys.stdout.write("\n".join(told) + "\n")
            sys.stdout.flush()
    return harness.finish()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(given.files, given.seed, Path(folder), say=True)
    lines = [
        f"{tally.files} files in {time.perf_counter() - began:.0f} s, slowest batch {tally.slowest_s:.1f} s",
        f"kinds {dict(tally.kinds.most_common())}",
        f"states {dict(tally.states.most_common())}",
        *(f"{flow}: {counts}, rows published {tally.silver[flow]}" for flow, counts in tally.counts.items()),
        f"{len(tally.wrong)} faults",
        *tally.wrong[:SHOWN],
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
