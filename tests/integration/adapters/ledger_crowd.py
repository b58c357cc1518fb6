"""Several processes on one ledger: `python -m tests.integration.adapters.ledger_crowd JOB PLACE NUMBERS`.

One for each number; each prints one line of JSON. Imports once and forks, so that they really run at the same moment.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.harness.sql_heard import statements_told

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.merkle import root
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Arrival, Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.core.tree_hash import root_of

AT = datetime(2026, 3, 1, tzinfo=UTC)


def arrival(number: int) -> Arrival:
    return Arrival(
        flow=f"flow-{number % 3}",
        name=f"{number}",
        origin="o",
        sender="s",
        sha256=f"{number:064x}",
        size_bytes=1,
        form={},
    )


def register(ledger: SqliteLedger, number: int) -> Any:  # noqa: ANN401  JSON
    """Half of what each brings, the others bring too."""
    own = range(1000 + number * 10, 1000 + number * 10 + 10)
    entered = [ledger.register([arrival(n), arrival(n % 10)], run=f"r-{number}", at=AT) for n in own]
    return [delivery.landing_number for pair in entered for delivery in pair if delivery.run == f"r-{number}"]


def claim(ledger: SqliteLedger, number: int) -> Any:  # noqa: ANN401  JSON
    """Claim until there is nothing, and check what was claimed."""
    ids: list[str] = []
    fences: list[int] = []
    while found := ledger.claim(f"w-{number}", max_deliveries=7, max_bytes=100, ttl_s=60):
        moves = [Move(after=replace(delivery, state=DeliveryState.CHECKED)) for delivery in found.deliveries]
        ledger.advance(moves, at=AT, fence=found.fence)
        ledger.release(found.fence)
        ids += [delivery.id for delivery in found.deliveries]
        fences.append(found.fence.number)
    return [ids, fences]


def advance_and_die(ledger: SqliteLedger, number: int) -> Any:  # noqa: ANN401  JSON
    """Move all deliveries on and die before statement `number`, those of the triggers and the commit among them."""
    chosen = ledger.deliveries(DeliveryFilter())
    after = DeliveryState.CHECKED if chosen[0].state is DeliveryState.LANDED else DeliveryState.LANDED
    seen = 0

    def die(_: str) -> None:
        nonlocal seen
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    ledger.close()
    with statements_told(die):
        ledger.advance([Move(after=replace(delivery, state=after)) for delivery in chosen], at=AT)
    return "lived"


def look(ledger: SqliteLedger, _: int) -> Any:  # noqa: ANN401  JSON
    """States, number of events, and whether the tree is that of the events."""
    leaves = list(ledger.leaves())
    states = {delivery.state.value for delivery in ledger.deliveries(DeliveryFilter())}
    return [sorted(states), len(leaves), root(len(leaves), ledger.nodes) == root_of(leaves)]


JOBS: dict[str, Callable[[SqliteLedger, int], Any]] = {
    "register": register,
    "claim": claim,
    "advance-and-die": advance_and_die,
    "look": look,
}


def start(job: str, place: str, number: int) -> int:
    """The id of a new process that does the job."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        ledger = SqliteLedger(f"sqlite:///{place}")
        result = JOBS[job](ledger, number)
        ledger.close()
        os.write(1, (json.dumps(result) + "\n").encode())
        code = 0
    finally:
        os._exit(code)


def main(job: str, place: str, numbers: list[int]) -> int:
    """How many failed; of those that are to die, each is looked at before the next."""
    if job != "advance-and-die":
        children = [start(job, place, number) for number in numbers]
        return sum(os.waitpid(pid, 0)[1] != 0 for pid in children)
    for number in numbers:
        os.waitpid(start(job, place, number), 0)
        os.waitpid(start("look", place, number), 0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
