"""The path of deliveries where something fails on the way: what is done again, what fails alone, what waits."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.project import all_deliveries, arrived, run_files
from tests.harness.small import (
    FLOW,
    ROWS,
    TASKS,
    contract,
    open_small,
    rows_of,
    shop,
    table_rows,
    write_flow,
    write_rows,
)

from headgate import operations, pipeline
from headgate.core.errors import TransientError
from headgate.core.platform import Platform
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState as State
from headgate.publish.compaction import compact
from headgate.testing import Fault, faulty

Shop = Callable[..., Platform]


@pytest.fixture
def opened() -> Iterator[list[Platform]]:
    """Platforms of a test, closed at its end."""
    platforms: list[Platform] = []
    yield platforms
    for platform in platforms:
        platform.ledger.close()


@pytest.fixture
def open_shop(tmp_path: Path, opened: list[Platform]) -> Shop:
    def call(**budget: Any) -> Platform:  # noqa: ANN401  any setting by its name
        opened.append(shop(tmp_path / "project", **budget))
        return opened[-1]

    return call


def two_files(folder: Path) -> list[Path]:
    return [write_rows(folder / "in", f"{name}.json", rows_of(f"{name}1", f"{name}2")) for name in "ab"]


def states(platform: Platform) -> list[State]:
    return [one.state for one in all_deliveries(platform)]


def day_sums(platform: Platform) -> list[int]:
    return [int(amount) for (amount,) in table_rows(platform, "shop/gold/days", "amount")]


def broken(platform: Platform, port: str, *faults: Fault) -> Platform:
    """The platform with a port that fails; nothing is waited for between tries."""
    return replace(platform, random=lambda: -0.5, **{port: faulty(getattr(platform, port), *faults)})


# ── Faults of storage and database ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("after", [False, True], ids=["not done", "done unheard"])
@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("vault", "put_all"),
        ("tables", "snapshot"),
        ("ledger", "open_publication"),
        ("tables", "commit"),
        ("ledger", "complete_publication"),
        ("ledger", "archive"),
        ("ledger", "put_checkpoint"),
        ("anchor", "append"),
        ("secrets", "sign"),
        ("ledger", "leaves"),
        ("receipts", "put"),
    ],
)
def test_one_fault_changes_nothing(open_shop: Shop, tmp_path: Path, port: str, method: str, *, after: bool) -> None:
    platform = open_shop()
    run_files(broken(platform, port, Fault(method=method, after=after)), two_files(tmp_path))
    assert states(platform) == [State.ARCHIVED] * 2
    assert day_sums(platform) == [4]
    assert proof.faults(platform, "shop") == []


@pytest.mark.parametrize(
    ("port", "method", "left"),
    [
        ("ledger", "complete_publication", State.PUBLISHING),
        ("tables", "commit", State.PUBLISHING),
        ("ledger", "archive", State.PUBLISHED),
        ("receipts", "put", State.ARCHIVED),
    ],
)
def test_what_does_not_answer_for_long_is_told_and_the_next_run_finishes(
    open_shop: Shop, tmp_path: Path, port: str, method: str, left: State
) -> None:
    """Deliveries of an open publication never fail: their rows may be in a table already."""
    platform = open_shop()
    faults = [Fault(method=method, call=call) for call in range(1, pipeline.TRIES + 1)]
    with pytest.raises(TransientError, match=method):
        run_files(broken(platform, port, *faults), two_files(tmp_path))
    assert states(platform) == [left] * 2
    assert pipeline.resume(platform)
    pipeline.work(platform)
    assert states(platform) == [State.ARCHIVED] * 2
    assert day_sums(platform) == [4]
    assert proof.faults(platform, "shop") == []


def test_a_delivery_fails_where_its_tables_do_not_answer_and_can_be_retried(open_shop: Shop, tmp_path: Path) -> None:
    platform = open_shop()
    faults = [Fault(method="snapshot", call=call) for call in range(1, 2 * pipeline.TRIES + 1)]
    run_files(broken(platform, "tables", *faults), two_files(tmp_path))
    first, second = all_deliveries(platform)
    assert (first.state, first.tries, second.state) == (State.FAILED, 1, State.ARCHIVED)
    assert "snapshot" in first.note
    operations.retry(platform, [first])
    pipeline.work(platform)
    assert states(platform) == [State.ARCHIVED] * 2
    assert proof.faults(platform, "shop") == []


def test_a_publication_that_another_process_holds_is_left_to_it(open_shop: Shop, tmp_path: Path) -> None:
    platform = open_shop()
    faults = [Fault(method="complete_publication", call=call) for call in range(1, pipeline.TRIES + 1)]
    with pytest.raises(TransientError):
        run_files(broken(platform, "ledger", *faults), two_files(tmp_path))
    other = platform.ledger.acquire("flow:shop", "another", ttl_s=60)
    assert other is not None
    assert not pipeline.resume(platform)
    assert states(platform) == [State.PUBLISHING] * 2
    platform.ledger.release(other)
    assert pipeline.resume(platform)
    assert states(platform) == [State.ARCHIVED] * 2


def test_an_open_publication_of_a_flow_that_is_gone_stops_nobody(open_shop: Shop, tmp_path: Path) -> None:
    platform = open_shop()
    faults = [Fault(method="complete_publication", call=call) for call in range(1, pipeline.TRIES + 1)]
    with pytest.raises(TransientError):
        run_files(broken(platform, "ledger", *faults), two_files(tmp_path))
    assert pipeline.resume(replace(platform, flows={}))
    assert states(platform) == [State.PUBLISHING] * 2


# ── Stages and leases ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_checked_delivery_whose_stage_is_gone_is_checked_again(open_shop: Shop, tmp_path: Path) -> None:
    platform = open_shop(batch_deliveries=1)
    pipeline.take_in(arrived(two_files(tmp_path)), platform, "r-1")
    while pipeline.check_next(platform):
        pass
    first, _ = all_deliveries(platform)
    shutil.rmtree(str(first.facts["stage"]))
    pipeline.work(platform)
    assert states(platform) == [State.ARCHIVED] * 2
    assert day_sums(platform) == [4]
    assert proof.faults(platform, "shop") == []


def test_a_checked_delivery_is_checked_again_under_a_new_contract(
    open_shop: Shop, tmp_path: Path, opened: list[Platform]
) -> None:
    platform = open_shop()
    rows = [*rows_of("a1"), *rows_of("a2", amount=-1)]
    pipeline.take_in(arrived([write_rows(tmp_path, "a.json", rows)]), platform, "r-1")
    assert pipeline.check_next(platform)
    stricter = "      - {id: amount_above_zero, type: custom, engine: headgate, implementation: amount > 0}"
    text = contract(rules=stricter).replace("version: 1.0.0", "version: 2.0.0")
    write_flow(
        tmp_path / "project",
        FLOW.replace('"*.json"}', '"*.json"}\ncheck: {accept_at_least: 0}'),
        contract_text=text,
        files=TASKS,
    )
    opened.append(open_small(tmp_path / "project"))
    pipeline.work(opened[-1])
    (one,) = all_deliveries(opened[-1])
    assert one.counts is not None
    assert (one.state, one.counts.accepted, one.counts.held) == (State.ARCHIVED, 1, 1)


def test_a_delivery_of_a_flow_that_is_gone_fails_with_its_name(open_shop: Shop, tmp_path: Path) -> None:
    platform = open_shop()
    pipeline.take_in(arrived(two_files(tmp_path)), platform, "r-1")
    pipeline.work(replace(platform, flows={}))
    assert {(one.state, one.note) for one in all_deliveries(platform)} == {
        (State.FAILED, "there is no flow shop in this project")
    }


def test_a_flow_that_another_process_settles_is_left_to_it(open_shop: Shop, tmp_path: Path) -> None:
    platform = open_shop()
    pipeline.take_in(arrived(two_files(tmp_path)), platform, "r-1")
    assert pipeline.check_next(platform)
    other = platform.ledger.acquire("flow:shop", "another", ttl_s=60)
    assert other is not None
    assert not pipeline.settle_next(platform.flows["shop"], platform)
    platform.ledger.release(other)
    assert pipeline.settle_next(platform.flows["shop"], platform)
    assert not pipeline.settle_next(platform.flows["shop"], platform)
    assert states(platform) == [State.ARCHIVED] * 2


SOUND = """\
      - id: sound
        type: custom
        engine: headgate
        implementation: {python: "checks.py:sound", reads: [amount]}"""
RAISES_BELOW_ZERO = """
import pyarrow.compute as pc

def sound(batch):
    if pc.any(pc.less(batch["amount"], 0)).as_py():
        raise ValueError("below zero")
    return pc.greater(batch["amount"], 0)
"""


# ── One bad delivery among good ones ─────────────────────────────────────────────────────────────────────────────────
def test_a_delivery_that_breaks_a_task_fails_alone(tmp_path: Path, opened: list[Platform]) -> None:
    days = "SELECT day, sum(amount) AS amount, max(CAST(kind AS INTEGER)) AS kind FROM rows GROUP BY day"
    write_flow(tmp_path / "p", FLOW, contract_text=contract(), files={"tasks/rows.sql": ROWS, "tasks/days.sql": days})
    opened.append(open_small(tmp_path / "p"))
    kinds = {"a": "1", "b": "no number", "c": "3"}
    files = [write_rows(tmp_path, f"{name}.json", rows_of(name, kind=kind)) for name, kind in kinds.items()]
    run_files(opened[-1], files)
    first, second, third = all_deliveries(opened[-1])
    assert [one.state for one in (first, second, third)] == [State.ARCHIVED, State.FAILED, State.ARCHIVED]
    assert "no number" in second.note
    assert day_sums(opened[-1]) == [2]


def test_those_that_break_no_task_are_published_by_halves(tmp_path: Path, opened: list[Platform]) -> None:
    days = "SELECT day, sum(amount) AS amount, max(CAST(kind AS INTEGER)) AS kind FROM rows GROUP BY day"
    write_flow(tmp_path / "p", FLOW, contract_text=contract(), files={"tasks/rows.sql": ROWS, "tasks/days.sql": days})
    opened.append(open_small(tmp_path / "p"))
    kinds = ["1", "2", "3", "4", "5", "no number", "7", "8"]
    run_files(
        opened[-1], [write_rows(tmp_path, f"{at}.json", rows_of(f"x{at}", kind=kind)) for at, kind in enumerate(kinds)]
    )
    assert [one.state for one in all_deliveries(opened[-1])].count(State.ARCHIVED) == 7
    found = opened[-1].ledger.publications("shop")
    assert [len(one.deliveries) for one in found] == [4, 1, 2]


@pytest.mark.parametrize(("budget", "parts"), [({"batch_deliveries": 1}, 2), ({"batch_bytes": 1}, 2), ({}, 1)])
def test_files_are_landed_some_at_a_time(open_shop: Shop, tmp_path: Path, budget: dict[str, int], parts: int) -> None:
    landed = pipeline.take_in(arrived(two_files(tmp_path)), open_shop(**budget), "r-1")
    assert len(landed) == 2
    assert len({one.landed_at for one in landed}) == parts


def test_a_delivery_that_breaks_a_check_fails_alone(tmp_path: Path, opened: list[Platform]) -> None:
    write_flow(
        tmp_path / "p", FLOW, contract_text=contract(rules=SOUND), files={**TASKS, "checks.py": RAISES_BELOW_ZERO}
    )
    opened.append(open_small(tmp_path / "p"))
    amounts = {"a": 1, "b": -1, "c": 2, "d": 3, "e": 4}
    run_files(
        opened[-1],
        [write_rows(tmp_path, f"{name}.json", rows_of(name, amount=amount)) for name, amount in amounts.items()],
    )
    found = all_deliveries(opened[-1])
    assert [one.state for one in found] == [State.ARCHIVED, State.FAILED, *[State.ARCHIVED] * 3]
    assert "ValueError: below zero" in found[1].note
    assert day_sums(opened[-1]) == [10]


# ── Flows that read others, and small files ──────────────────────────────────────────────────────────────────────────
def test_compaction_joins_files_and_changes_no_row(
    open_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = open_shop(batch_deliveries=1)
    monkeypatch.setattr(pipeline, "COMPACT_EVERY", 3)
    for name in "abcd":
        run_files(platform, [write_rows(tmp_path, f"{name}.json", rows_of(f"{name}1", f"{name}2"))])
    rows = platform.tables.snapshot("shop/silver/rows")
    assert rows is not None
    assert (len(rows.files.paths), rows.rows) == (2, 8)  # three joined, and the one that came after
    assert day_sums(platform) == [8]
    assert proof.faults(platform, "shop") == []


def test_a_compaction_that_fails_harms_nothing(open_shop: Shop, tmp_path: Path) -> None:
    platform = open_shop()
    run_files(platform, two_files(tmp_path))
    compact(
        platform.flows["shop"], broken(platform, "tables", Fault(method="compact"), Fault(method="compact", call=2))
    )
    assert proof.faults(platform, "shop") == []


# ── Flows that read each other's tables ──────────────────────────────────────────────────────────────────────────────
PEOPLE = """
      - {name: id, required: true, primaryKey: true, relationships: [{to: customers.name}]}
      - {name: amount, logicalType: integer}
      - {name: day, logicalType: date}
      - {name: kind}
"""


def write_readers(project: Path, *, tasks: dict[str, str], flow: str = FLOW, columns: str = PEOPLE) -> None:
    """`shop`, which reads the table `customers` that the flow `people` publishes."""
    write_flow(project, flow.replace("*.json", "sale*.json"), contract_text=contract(columns=columns), files=tasks)
    people = contract(columns="\n      - {name: name, required: true, primaryKey: true}\n", record="customers")
    write_flow(project, 'source: {files: "people*.json"}', contract_text=people, name="people")


def test_a_delivery_waits_for_a_table_that_was_never_published(tmp_path: Path, opened: list[Platform]) -> None:
    write_readers(tmp_path / "p", tasks=TASKS)
    opened.append(open_small(tmp_path / "p"))
    run_files(opened[-1], [write_rows(tmp_path, "sale.json", rows_of("ada", "bob"))])
    (sale,) = all_deliveries(opened[-1])
    assert (sale.state, sale.held_for) == (State.HELD, ("table_missing",))
    run_files(opened[-1], [write_rows(tmp_path, "people.json", [{"name": "ada"}, {"name": "bob"}])])
    assert states(opened[-1]) == [State.ARCHIVED] * 2
    assert day_sums(opened[-1]) == [2]


def test_a_table_of_the_same_name_in_the_own_flow_is_not_the_one_waited_for(
    tmp_path: Path, opened: list[Platform]
) -> None:
    flow = FLOW.replace("days: {key: [day]}", "customers: {key: [id]}").replace("days.sql", "customers.sql")
    tasks = {"tasks/rows.sql": ROWS, "tasks/customers.sql": "SELECT id, sum(amount) AS amount FROM rows GROUP BY id"}
    write_readers(tmp_path / "p", tasks=tasks, flow=flow)
    opened.append(open_small(tmp_path / "p"))
    run_files(opened[-1], [write_rows(tmp_path, "sale.json", rows_of("ada"))])
    assert [one.held_for for one in all_deliveries(opened[-1])] == [("table_missing",)]


@pytest.mark.parametrize("names", ["ada bob", "ada eve"], ids=["known", "one unknown"])
def test_who_reads_a_table_waits_for_deliveries_of_it(tmp_path: Path, opened: list[Platform], names: str) -> None:
    """Both came; the reader's is older and checked first, and sees the table as the younger one leaves it."""
    write_readers(tmp_path / "p", tasks=TASKS, flow=FLOW + "check: {accept_at_least: 0.5}\n")
    opened.append(open_small(tmp_path / "p", batch_deliveries=1))
    sale = write_rows(tmp_path, "sale.json", rows_of(*names.split()))
    people = write_rows(tmp_path, "people.json", [{"name": "ada"}, {"name": "bob"}])
    run_files(opened[-1], [sale, people])
    assert states(opened[-1]) == [State.ARCHIVED] * 2
    first, _ = all_deliveries(opened[-1])
    unknown = [(told.code, told.column, told.rows) for told in first.reasons]
    assert unknown == ([("unknown_reference", "id", 1)] if "eve" in names else [])
    assert first.counts is not None
    assert first.counts.held == len(unknown)


def test_a_task_reads_the_table_of_another_flow(tmp_path: Path, opened: list[Platform]) -> None:
    days = "SELECT day, count(*) AS amount FROM rows JOIN people.customers AS c ON c.name = rows.id GROUP BY day"
    usual = contract()
    write_readers(tmp_path / "p", tasks={**TASKS, "tasks/days.sql": days})
    (tmp_path / "p" / "flows" / "shop" / "contract.odcs.yaml").write_text(usual)
    opened.append(open_small(tmp_path / "p"))
    run_files(opened[-1], [write_rows(tmp_path, "sale.json", rows_of("ada", "eve"))])
    (sale,) = all_deliveries(opened[-1])
    assert sale.state is State.FAILED
    assert "people.customers, which was never published" in sale.note
    run_files(opened[-1], [write_rows(tmp_path, "people.json", [{"name": "ada"}])])
    operations.retry(opened[-1], [sale])
    pipeline.work(opened[-1])
    assert day_sums(opened[-1]) == [1]
