"""Several processes at once, and processes that are killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.merkle import root
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Arrival
from headgate.core.states import DeliveryState
from headgate.core.tree_hash import root_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def crowd(job: str, place: Path, numbers: Sequence[int]) -> list[Any]:
    """What each process printed."""
    crowd_of = "tests.integration.adapters.ledger_crowd"
    command = [sys.executable, "-m", crowd_of, job, str(place), json.dumps(list(numbers))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def fill(place: Path, count: int) -> None:
    arrivals = [
        Arrival(flow=f"f{n % 3}", name=f"{n}", origin="o", sender="s", sha256=f"{n:064x}", size_bytes=1, form={})
        for n in range(count)
    ]
    ledger = SqliteLedger(f"sqlite:///{place}")
    ledger.register(arrivals, run="r", at=datetime(2026, 3, 1, tzinfo=UTC))
    ledger.close()


def check_log(ledger: SqliteLedger) -> list[dict[str, Any]]:
    leaves = list(ledger.leaves())
    assert root(len(leaves), ledger.nodes) == root_of(leaves)
    return [json.loads(leaf) for leaf in leaves]


def test_ten_processes_open_a_new_ledger_and_register(place: Path) -> None:
    results = crowd("register", place, range(10))
    ledger = SqliteLedger(f"sqlite:///{place}")
    entered = ledger.deliveries(DeliveryFilter())
    numbers = [delivery.landing_number for delivery in entered]
    assert numbers == list(range(1, len(entered) + 1))
    assert sorted({number for result in results for number in result}) == numbers
    landed = [delivery for delivery in entered if delivery.state is DeliveryState.LANDED]
    assert len({delivery.sha256 for delivery in entered}) == len(landed) == 110
    events = check_log(ledger)
    assert [event["delivery"] for event in events[::2]] == [delivery.id for delivery in entered]
    assert [event["type"] for event in events[1::2]] == [delivery.state.value for delivery in entered]
    ledger.close()


def test_four_processes_never_claim_the_same(place: Path) -> None:
    fill(place, 200)
    results = crowd("claim", place, range(4))
    claimed = [id_ for ids, _ in results for id_ in ids]
    fences = [number for _, numbers in results for number in numbers]
    ledger = SqliteLedger(f"sqlite:///{place}")
    everything = ledger.deliveries(DeliveryFilter())
    assert sorted(claimed) == sorted(delivery.id for delivery in everything)
    assert len(everything) == 200
    assert len(set(fences)) == len(fences)
    assert {delivery.state for delivery in everything} == {DeliveryState.CHECKED}
    assert sum(event["type"] == "checked" for event in check_log(ledger)) == 200
    ledger.close()


def test_a_kill_within_advance_leaves_all_or_nothing(place: Path) -> None:
    fill(place, 30)
    tried = range(0, 400, 11)
    printed = crowd("advance-and-die", place, tried)
    state, size, dead = ["landed"], 60, 0
    lived = False
    for line in printed:
        if line == "lived":
            lived = True
            continue
        if lived:
            assert line[0] != state
            assert line[1] == size + 30
        else:
            assert line[:2] == [state, size]
            dead += 1
        assert line[2]
        assert len(line[0]) == 1
        (state, size), lived = line[:2], False
    # an update, an event and a node each, what their triggers ask, and some more
    assert 3 * 30 < 11 * dead < 400
    assert printed.count("lived") == len(tried) - dead
