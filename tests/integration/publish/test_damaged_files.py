"""Damaged files lose nothing and stop nothing, and what the long run of them found stays mended."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import signal
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv
from tests.harness import proof
from tests.harness.damaged_files import make_flows, run
from tests.harness.odd_files import zip_of
from tests.harness.project import all_deliveries, arrived, make_sales, open_project, run_files

from headgate import operations, pipeline
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.ports import Files
from headgate.core.records import Counts, Delivery
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState as State


def test_damaged_files_lose_nothing(tmp_path: Path) -> None:
    tally = run(150, 3, tmp_path, batch=75)
    assert tally.wrong == []
    assert {"held", "archived", "refused"} <= set(tally.states)
    assert all(counts.received > 0 for counts in tally.counts.values())


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    make_flows(tmp_path / "project")
    opened = open_project(tmp_path / "project")
    yield opened
    opened.close()


def the_one(platform: Platform) -> Delivery:
    (one,) = all_deliveries(platform)
    return one


def test_a_name_that_is_no_text_is_written_out(platform: Platform, tmp_path: Path) -> None:
    place = os.fsdecode(os.fsencode(tmp_path) + b"/readings\xe9.csv")
    Path(place).write_bytes(GOOD)
    run_files(platform, [Path(place)])
    one = the_one(platform)
    assert (one.name, one.state, one.counts) == (r"readings\xe9.csv", State.ARCHIVED, Counts(received=1, accepted=1))
    assert one.origin.endswith(one.name)


def test_a_file_without_a_byte_is_in_the_vault_too(platform: Platform, tmp_path: Path) -> None:
    (tmp_path / "readings.csv").write_bytes(b"")
    (one,) = pipeline.take_in(arrived([tmp_path / "readings.csv"]), platform, "r-1")
    assert one.state is State.REFUSED
    assert platform.vault.size(vault_name(one.sha256)) == 0


GOOD = b"id,value,count,ratio,read_at,day,sound,note\nx,1,1,1,,,,\n"
BAD = GOOD.replace(b"x", b"y")


class TripsOver(Files):
    """A vault that meets what nobody thought of when one of its objects is opened."""

    def __init__(self, inner: Files, name: str) -> None:
        self._inner = inner
        self._name = name

    def put(self, name: str, chunks: Iterable[bytes]) -> bool:
        return self._inner.put(name, chunks)

    def adopt(self, name: str, path: str) -> bool:
        return self._inner.adopt(name, path)

    def open(self, name: str) -> BinaryIO:
        if name == self._name:
            raise IndexError("string index out of range")
        return self._inner.open(name)

    def size(self, name: str) -> int | None:
        return self._inner.size(name)

    def list(self, prefix: str = "") -> Iterator[str]:
        return self._inner.list(prefix)

    def delete(self, name: str) -> None:
        self._inner.delete(name)


def test_a_fault_of_ours_fails_the_one_delivery_that_meets_it(platform: Platform, tmp_path: Path) -> None:
    for name, content in (("a", GOOD), ("b", BAD), ("c", GOOD.replace(b"x", b"z"))):
        (tmp_path / f"readings-{name}.csv").write_bytes(content)
    bad = vault_name(hashlib.sha256(BAD).hexdigest())
    run_files(replace(platform, vault=TripsOver(platform.vault, bad)), sorted(tmp_path.glob("*.csv")))
    first, second, third = all_deliveries(platform)
    assert (first.state, second.state, third.state) == (State.ARCHIVED, State.FAILED, State.ARCHIVED)
    assert "fault of Headgate: IndexError" in second.note
    operations.retry(platform, [second])
    pipeline.work(platform)
    assert {one.state for one in all_deliveries(platform)} == {State.ARCHIVED}
    assert proof.faults(platform, "readings") == []


@pytest.fixture
def few_files_open() -> Iterator[None]:
    """No more than forty files open beside those that are."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 40, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_files_open")
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_batch_may_have_more_files_than_can_be_open(platform: Platform, tmp_path: Path, ending: str) -> None:
    names = GOOD.decode().partition("\n")[0].split(",")
    text = (
        GOOD.decode()
        if ending == "csv"
        else json.dumps([{**dict.fromkeys(names), "id": "x", "value": 1, "count": 1, "ratio": 1}])
    )
    files = [tmp_path / f"readings-{number:03}.{ending}" for number in range(100)]
    for number, file in enumerate(files):
        file.write_text(text.replace("x", f"x{number}"))
    run_files(platform, files)
    assert {(one.state, one.counts) for one in all_deliveries(platform)} == {
        (State.ARCHIVED, Counts(received=1, accepted=1))
    }
    assert len({one.publication for one in all_deliveries(platform)}) == 1


def test_an_unreadable_file_can_be_sent_again(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv.zip"
    file.write_bytes(zip_of([("a.csv", GOOD), ("folder/", b"")]))
    run_files(platform, [file])
    run_files(platform, [file])
    assert [one.state for one in all_deliveries(platform)] == [State.REFUSED] * 2


COLUMNS = {
    "id": ["a", "b"],
    "value": pa.array([Decimal("1.125"), None], pa.decimal128(9, 3)),
    "count": pa.array([1, 2], pa.int16()),
    "ratio": [0.5, 1e300],
    "read_at": pa.array([datetime(2026, 3, 1, 9, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
    "day": [date(2026, 3, 1), None],
    "sound": [True, None],
    "note": pa.array(["a", "b"]).dictionary_encode(),
}


def test_typed_columns_of_parquet_are_taken(platform: Platform, tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "readings.parquet")
    run_files(platform, [tmp_path / "readings.parquet"])
    one = the_one(platform)
    assert one.counts == Counts(received=2, accepted=2), (one.note, one.reasons)
    assert proof.faults(platform, "readings") == []


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("count", ["1", "2"]),  # a number in text is text
        ("value", [1.0005, 2.0]),  # more digits than the column has
        ("sound", [0, 1]),
        ("day", pa.array([0, 1], pa.timestamp("s"))),
        ("note", [["a"], []]),
        ("ratio", [float("nan"), 1.0]),
    ],
)
def test_parquet_is_judged_as_strictly_as_json(
    platform: Platform, tmp_path: Path, column: str, values: list[object]
) -> None:
    pq.write_table(pa.table(COLUMNS | {column: values}), tmp_path / "readings.parquet")
    run_files(platform, [tmp_path / "readings.parquet"])
    one = the_one(platform)
    assert one.state is State.HELD, one.note
    assert {reason.column for reason in one.reasons if reason.code in {"wrong_type", "bad_format"}} == {column}
    assert proof.faults(platform, "readings") == []


def run_one(platform: Platform, place: Path, content: bytes) -> Delivery:
    place.write_bytes(content)
    run_files(platform, [place])
    return the_one(platform)


def test_a_record_of_thousands_of_strange_names_needs_no_more_memory(platform: Platform, tmp_path: Path) -> None:
    names = ",".join(f'"k{number}":{number}' for number in range(3_000))
    records = [f'{{"id":"r{number}",{names},"k1":2}}' for number in range(200)]
    one = run_one(platform, tmp_path / "readings.json", f"[{','.join(records)}]".encode())
    assert (one.state, one.counts) == (State.HELD, Counts(received=200, held=200)), one.note
    assert {"unknown_column", "twin_key"} <= {reason.code for reason in one.reasons}


@pytest.mark.parametrize(
    ("text", "code"),
    [("transaction_id,status\nx,y\n", "missing_value"), ("transaction_id,items,name\nx,y,z\n", "wrong_type")],
)
def test_lines_of_text_for_a_contract_of_objects_are_held(
    platform: Platform, tmp_path: Path, text: str, code: str
) -> None:
    one = run_one(platform, tmp_path / "sales_batch_1.json", text.encode())
    assert one.state is State.HELD, one.note
    assert (code, "items") in {(reason.code, reason.column) for reason in one.reasons}
    assert "missing_column" in one.held_for
    assert proof.faults(platform, "sales") == []


def test_what_needs_more_memory_than_there_is_fails_alone(tmp_path: Path) -> None:
    make_flows(tmp_path / "project")
    little = open_project(tmp_path / "project", memory_bytes=1 << 20)  # the least that an engine is given: 96 MiB
    try:
        items = ",".join(["{}"] * 200_000)
        document = f'{{"transactions": [{{"items": [{items}]}}]}}'
        (tmp_path / "sales_batch_1.json").write_text(document)
        (made,) = make_sales(tmp_path / "made", count=20, seed=1).files
        run_files(little, [tmp_path / "sales_batch_1.json", made])
        first, second = all_deliveries(little)
        assert (first.state, second.state) == (State.FAILED, State.ARCHIVED), (first.note, second.note)
        assert "memory_limit" in first.note
    finally:
        little.close()


class Signalling(io.BytesIO):
    """A file during whose reading the process is told to stop."""

    def read(self, size: int | None = -1, /) -> bytes:
        signal.raise_signal(signal.SIGTERM)
        return super().read(size)


@pytest.mark.usefixtures("platform")
def test_a_signal_breaks_no_parse_off() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        table = csv.read_csv(Signalling(b"a\n" + b"1\n" * 1_000_000))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert table.num_rows == 1_000_000
    assert heard
