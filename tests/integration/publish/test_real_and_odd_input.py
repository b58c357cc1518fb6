"""Whole runs over real files, and over input that is as odd as senders make it: counts balance, and it publishes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.project import all_deliveries, make_project, make_sales, open_project, run_files
from tests.harness.recompute import gold_faults

from headgate import operations, pipeline
from headgate.core.platform import Platform
from headgate.core.records import Counts, Delivery
from headgate.core.states import DeliveryState as State

DATA = Path(__file__).parents[4] / "shared" / "data"
Open = Callable[..., Platform]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Open]:
    opened: list[Platform] = []

    def make(*flows: str, **settings: Any) -> Platform:  # noqa: ANN401  any setting
        opened.append(open_project(make_project(tmp_path / "project", *flows), **settings))
        return opened[-1]

    yield make
    for platform in opened:
        platform.ledger.close()


def expect_sound(platform: Platform, flow: str) -> None:
    assert proof.faults(platform, flow) == []
    assert gold_faults(platform, flow) == []


def the_one(platform: Platform) -> Delivery:
    (one,) = all_deliveries(platform)
    return one


def counts(one: Delivery) -> Counts:
    assert one.counts is not None
    return one.counts


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here")
@pytest.mark.parametrize(
    ("flow", "name", "rows", "least"),
    [("retail", "online_retail_2010.csv", 5_000, 0.9), ("usedcars", "used_cars_2016_truncated.csv", 18_000, 0.7)],
)
def test_a_real_file(project: Open, flow: str, name: str, rows: int, least: float) -> None:
    platform = project(flow)
    run_files(platform, [DATA / name], flow=flow)
    one = the_one(platform)
    assert counts(one).received > rows, one.note
    if one.state is State.HELD:
        operations.release(platform, one, reason="seen")
        pipeline.work(platform)
        one = the_one(platform)
    assert one.state is State.ARCHIVED, one.held_for
    assert counts(one).accepted > least * counts(one).received, one.reasons
    expect_sound(platform, flow)


def write(folder: Path, content: bytes, name: str = "sales_batch_20261120_060000.json") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def records(tmp_path: Path, count: int, seed: int = 1) -> list[dict[str, Any]]:
    made = make_sales(tmp_path / f"made-{seed}", count=count, seed=seed)
    found: list[dict[str, Any]] = json.loads(made.files[0].read_bytes())["transactions"]
    return found


def document(rows: list[Any], **more: object) -> bytes:
    return json.dumps({"transactions": rows, **more}).encode()


def test_no_record_is_held_and_can_be_released(project: Open, tmp_path: Path) -> None:
    platform = project("sales")
    run_files(platform, [write(tmp_path, b'{"transactions": []}')])
    one = the_one(platform)
    assert (one.state, counts(one), set(one.held_for)) == (State.HELD, Counts(), {"below_threshold", "row_count"})
    expect_sound(platform, "sales")
    operations.release(platform, one, reason="nothing was sold")
    pipeline.work(platform)
    assert the_one(platform).state is State.ARCHIVED
    expect_sound(platform, "sales")


def test_one_record(project: Open, tmp_path: Path) -> None:
    platform = project("sales")
    run_files(platform, [write(tmp_path, document(records(tmp_path, 1)))])
    assert counts(the_one(platform)) == Counts(received=1, accepted=1)
    expect_sound(platform, "sales")


@pytest.mark.parametrize("broken", ["rejected", "held", "no objects", "all strange", "all bare", "twins"])
def test_no_sound_record(project: Open, tmp_path: Path, broken: str) -> None:
    platform = project("sales")
    rows: list[Any] = records(tmp_path, 300)
    if broken == "rejected":
        rows = [row | {"total": "12.50"} for row in rows]
    elif broken == "held":
        rows = [row | {"status": "lost"} for row in rows]
    elif broken == "no objects":
        rows = [None, 5, "x", [], [{}], True, 1e300] * 40
    elif broken == "all strange":
        rows = [row | {"strange": {"deep": [1]}} for row in rows]
    elif broken == "all bare":
        rows = [{}] * 300
    else:
        rows = [rows[0]] * 300
    run_files(platform, [write(tmp_path, document(rows))])
    one = the_one(platform)
    assert counts(one).received == len(rows)
    assert one.state is (State.ARCHIVED if broken == "twins" else State.HELD), (one.note, one.held_for)
    if broken == "twins":
        assert counts(one) == Counts(received=300, accepted=1, duplicate=299)
    if broken == "rejected":
        assert counts(one).rejected == 300
        assert "retyped_column" in one.held_for
    if broken == "all strange":
        assert one.held_for == ("unknown_column",)
    expect_sound(platform, "sales")


def test_more_suspects_than_an_engine_has_memory_for(project: Open, tmp_path: Path) -> None:
    platform = project("sales", memory_bytes=1 << 20)  # the least that an engine is given: 96 MiB
    rows = [row | {"status": "lost"} for row in records(tmp_path, 6_000)]
    run_files(platform, [write(tmp_path, document(rows))])
    one = the_one(platform)
    assert (one.state, counts(one).held) == (State.HELD, 6_000), one.note
    expect_sound(platform, "sales")


def test_only_faults(project: Open, tmp_path: Path) -> None:
    platform = project("sales")
    run_files(platform, [write(tmp_path, b'{"transactions": [{"a": 1, "b" 2}, {"c": oops}]}')])
    one = the_one(platform)
    assert one.state is State.HELD
    assert counts(one).received == counts(one).rejected > 0
    expect_sound(platform, "sales")


def test_no_sales_at_all_in_the_file(project: Open, tmp_path: Path) -> None:
    platform = project("sales")
    contents = [b"", b"   \n", b'{"other": []}', b'{"transactions": 5}', b"\x00\x01\x02", b"<html></html>"]
    files = [write(tmp_path, content, f"sales_batch_2026112{n}_060000.json") for n, content in enumerate(contents)]
    run_files(platform, files)
    assert {one.state for one in all_deliveries(platform)} == {State.REFUSED}
    assert proof.faults(platform) == []


def test_names_and_values_that_look_like_something_else(project: Open, tmp_path: Path) -> None:
    platform = project("sales")
    rows = records(tmp_path, 40)
    for row, text in zip(
        rows, ["'; DROP TABLE x; --", '"', "\\", "\u0000", "ünï 表 😀", "$now", "{}", "%s"] * 5, strict=True
    ):
        row["customer"]["name"] = text
        row["shipping"]["address"] = text * 50
    packed = gzip.compress(document(rows, transaction_count=40), mtime=0)
    run_files(platform, [write(tmp_path, packed, "sales_batch_'; it's \"x\" 表.json.gz")])
    assert counts(the_one(platform)) == Counts(received=40, accepted=40)
    expect_sound(platform, "sales")


CSV = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", Counts()),
        ("536365,85123A,LAMP,6,1/12/2010,2.55,17850,UK\n", Counts(received=1, accepted=1)),
        ('536365,85123A,"A ""B"", C",6,1/12/2010,2.55,17850,UK\n', Counts(received=1, accepted=1)),
        ("536365,85123A,,6,1/12/2010,2.55,,UK\n", Counts(received=1, accepted=1, warned=1)),
        ("536365,85123A,LAMP,6.5,1/12/2010,2.55,17850,UK\n", Counts(received=1, held=1)),
        ("536365,85123A,LAMP,six,31/31/2010,x,17850,UK\n", Counts(received=1, held=1)),
        ("536365,85123A,LAMP\n", Counts(received=1, rejected=1)),
    ],
    ids=["none", "one", "quoted", "warned", "retyped", "all wrong", "ragged"],
)
def test_a_csv_file(project: Open, tmp_path: Path, lines: str, expected: Counts) -> None:
    platform = project("retail")
    run_files(platform, [write(tmp_path, (CSV + lines).encode(), "online_retail_1.csv")], flow="retail")
    one = the_one(platform)
    assert counts(one) == expected, (one.state, one.held_for, one.reasons, one.note)
    expect_sound(platform, "retail")
