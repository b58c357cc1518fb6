"""Kills a repair of held rows again and again, and compares what comes of it with a repair that nobody killed.

`python -m tests.harness.kills_of_decisions --kills 200 --seed 1` kills by SIGKILL at random moments, `--points` at
every fault point once: while the document of a decision is kept, proposed, voted on, executed, checked, published and
archived. Rows are released, corrected and rejected, some of a case at a time, a new contract is accepted, and a change
of rules is agreed to. After each project is done the digests are those of the unkilled repair, no row is there twice,
counts balance, every decision was executed once, and the contracts and parameters that were agreed to are in force.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness import proof
from tests.harness.changed_rules import WITH_SHOP
from tests.harness.kills import LEASE_S, MOST_TRIES, compare, in_child
from tests.harness.office import ANY_SHARE, LIMIT, RULES, Office
from tests.harness.project import LANDING
from tests.harness.small import FLOW, TASKS, contract, rows_of, write_flow

from headgate import pipeline
from headgate.core.cases import Act, Case, CaseKind, Decision, DecisionState
from headgate.core.flow_files import CONTRACT_FILE
from headgate.deciding.changes import plan_change
from headgate.deciding.desk import under_way
from headgate.deciding.execution import execute_due
from headgate.deciding.votes import agree, propose
from headgate.serve.agreed_contracts import contracts_beside
from headgate.serve.case_rows import page

WIDE = "wide"  # the flow whose contract changes
RULED = "ruled"  # the flow whose contract and parameter change
TOGETHER = 2  # rows of one decision
A_CHAIN = 5  # kills of one project at fault points
TABLES = ("quarantine/rows", "quarantine/outcomes", "silver/rows", "gold/days")
POINTS = (
    "after document",
    "after proposal",
    "after vote",
    "before execution",
    "after execution",
    "before contract",
    "after contract",
    "before manifest",
    "after manifest",
    "after check",
    "after review",
    "before intent",
    "after intent",
    *(
        f"{when} shop/{table}"
        for table in TABLES
        for when in ("before commit of", "before log entry of", "after commit of")
    ),
    "before completion",
    "after completion",
    "after archive",
    "after checkpoint",
    "after anchor",
    "after receipts",
)
POINTS_OF_CHANGES = ("before enactment", "after enactment")  # a chain of their own: a change is enacted once


@dataclass(slots=True)
class Tally:
    """What the harness came to."""

    projects: int = 0
    kills: int = 0
    missed: list[str] = field(default_factory=list)  # fault points that no repair reached
    wrong: list[str] = field(default_factory=list)


def make_project(folder: Path, seed: int) -> None:
    """A project with two deliveries whose rows wait in cases, one of a flow whose columns are new, and two people."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    office = Office(folder, budget={"lease_s": LEASE_S})
    wide = FLOW.replace("*.json", "wide-*.json")
    write_flow(office.project, wide, contract_text=contract(), files=TASKS, name=WIDE)
    ruled = FLOW.replace("*.json", "ruled-*.json") + ANY_SHARE + LIMIT
    write_flow(office.project, ruled, contract_text=contract(rules=RULES), files=TASKS, name=RULED)
    office.write(flow=FLOW.replace("*.json", "[0-9]*.json") + ANY_SHARE + LIMIT)
    office.deliver(*rows_of("w1", "w2", tier="gold"), name="wide-1.json")
    office.deliver(*rows_of("r1", "r2", shop="here"), *rows_of("r3", amount=101), name="ruled-1.json")
    for part in ("x", "y"):
        rows = [*rows_of(*(f"{part}{number}" for number in range(5)))]
        rows += rows_of(*(f"{part}a{number}" for number in range(6)), amount=102)
        rows += rows_of(*(f"{part}b{number}" for number in range(3)), amount=4)
        rows += rows_of(f"{part}0")  # a duplicate
        chance.shuffle(rows)
        office.deliver(*rows)
    office.close()


def repair(folder: Path) -> None:
    """What people and a server do, from wherever the last one was killed, until no row waits."""
    office = Office(folder, budget={"lease_s": LEASE_S}).open()
    try:
        execute_due(office.desk)  # as a run does first
        pipeline.resume(office.platform)
        while True:
            pipeline.work(office.platform)
            change_rules(office)
            cases = sorted((case for case in office.cases() if not waits(case)), key=lambda case: case.id)
            if not cases:
                return
            for case in cases:
                decide(office, case)
            office.execute()
            office.now = LANDING  # so that a row tells the same time whichever round it is decided in
            pipeline.resume(office.platform)  # what waits for another contract goes on
    finally:
        office.close()


def change_rules(office: Office) -> None:
    """Propose the change of rules, where it is neither in force nor under way."""
    if office.platform.flows[RULED].contract.version == "1.0.0" and not office.cases(kind=CaseKind.CHANGE):
        planned = plan_change(office.desk, RULED, contract=WITH_SHOP, values={"limit": "101"})
        propose(office.desk, planned, by=office.people["ada"], reason="the shop is told now")


def waits(case: Case) -> bool:
    """Whether a drift goes on by itself, with the change of rules."""
    return case.kind is CaseKind.DRIFT and case.flow == RULED


def decide(office: Office, case: Case) -> Decision:
    """The next decision on a case: some rows are released, some corrected, the others rejected."""
    decision = under_way(office.desk, case)
    if decision is None and case.kind is CaseKind.DRIFT:
        decision = office.proposed(case, Act.ACCEPT)
    elif decision is None:
        rows = [one.row for one in page(office.platform, case, most=TOGETHER)]
        done = case.rows - case.left
        if done == 0:
            decision = office.proposed(case, Act.RELEASE, rows=rows)
        elif done == TOGETHER:
            decision = office.proposed(case, Act.CORRECT, edits={row: {"amount": str(row * 2 + 1)} for row in rows})
        else:
            decision = office.proposed(case, Act.REJECT)
    for name in ("ada", "bob"):
        account = office.people[name]
        if decision.state is DecisionState.PROPOSED and account.id not in decision.editors:
            decision = agree(office.desk, decision, by=account, digest=decision.digest)
    return decision


def examine(folder: Path, place: Path) -> None:
    """Write what a project came to, and what does not hold."""
    office = Office(folder).open()
    try:
        came = proof.outcome(office.platform)
        executed = Counter(
            (event["fields"]["case"], event["fields"]["decision"])
            for event in office.leaves()
            if event["type"] == "decision_executed"
        )
        faults = [fault for flow in office.platform.flows for fault in proof.faults(office.platform, flow)]
        beside = [str(file) for _, file in contracts_beside(office.platform.flows, f".{CONTRACT_FILE}*")]
        faults += [f"{file} is left" for file in beside]
        faults += [f"{key} was executed {count} times" for key, count in executed.items() if count != 1]
        faults += [f"case {case.id} is left open" for case in office.cases()]
        faults += [f"{one} is {one.state}" for one in office.desk.cases.decisions() if one.state != "executed"]
        rules = [office.platform.flows[flow].contract.digest for flow in (WIDE, RULED)]
        rules += [f"{one.number} {one.value} {one.reason}" for one in office.platform.ledger.parameters(RULED)]
        ends = sorted([*rules, *map(repr, came.ends), *(f"{case} {number}" for case, number in executed)])
        place.write_text(json.dumps({"digests": came.digests, "ends": ends, "faults": faults}), encoding="utf-8")
    finally:
        office.close()


class Harness:
    """Copies of one project, killed while they are repaired, and finished."""

    def __init__(self, root: Path, seed: int, *, verbose: bool) -> None:
        """Make the project, and the repair that nobody kills."""
        self._root = root
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._verbose = verbose
        self.tally = Tally()
        in_child(lambda: make_project(root / "made", seed))
        folder = self._project()
        began = time.perf_counter()
        in_child(lambda: repair(folder))
        self.duration_s = time.perf_counter() - began
        self.baseline = self._examined(folder)
        faults = self.baseline["faults"]
        assert isinstance(faults, list)
        self.tally.wrong += [f"unkilled: {fault}" for fault in faults]

    def at_points(self, points: Sequence[str]) -> None:
        """One project: a repair ends at each of the points, the last one goes to its end."""
        folder = self._project()
        for point in points:
            if in_child(lambda: repair(folder), point=point):
                self.tally.kills += 1
            else:
                self.tally.missed.append(point)
        self._finish(folder, f"points {points}")

    def at_random(self, most: int) -> int:
        """One project, killed at random moments until it is done or `most` kills are spent; the kills."""
        folder = self._project()
        moments: list[float] = []
        while len(moments) < min(most, MOST_TRIES):
            moment = self._random.uniform(0, self.duration_s * 1.1)
            if not in_child(lambda: repair(folder), kill_after_s=moment):
                break
            moments.append(round(moment, 3))
            self.tally.kills += 1
        self._finish(folder, f"kills after {moments} s")
        return len(moments)

    def _project(self) -> Path:
        self.tally.projects += 1
        folder = self._root / f"project-{self.tally.projects}"
        shutil.copytree(self._root / "made", folder)
        return folder

    def _examined(self, folder: Path) -> dict[str, object]:
        place = folder / "examined.json"
        in_child(lambda: examine(folder, place))
        report: dict[str, object] = json.loads(place.read_text(encoding="utf-8"))
        return report

    def _finish(self, folder: Path, name: str) -> None:
        in_child(lambda: repair(folder))
        wrong = compare(name, self._examined(folder), self.baseline)
        self.tally.wrong += wrong
        if self._verbose or wrong:
            sys.stdout.write("\n".join([f"{name}: {'BROKEN' if wrong else 'kept'}", *wrong]) + "\n")
        shutil.rmtree(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0, help="at random moments")
    parser.add_argument("--points", action="store_true", help="at every fault point once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Path(folder), given.seed, verbose=given.verbose)
        sys.stdout.write(f"an unkilled repair takes {harness.duration_s:.2f} s\n")
        if given.points:
            for start in range(0, len(POINTS), A_CHAIN):
                harness.at_points(POINTS[start : start + A_CHAIN])
            harness.at_points(POINTS_OF_CHANGES)
        left = given.kills
        while left > 0:
            left -= max(harness.at_random(min(left, 5)), 1)
        tally = harness.tally
    missed = f"; not reached: {tally.missed}" if tally.missed else ""
    sys.stdout.write(f"{tally.projects} projects, {tally.kills} kills, {len(tally.wrong)} faults{missed}\n")
    return 1 if tally.wrong or tally.missed else 0


if __name__ == "__main__":
    sys.exit(main())
