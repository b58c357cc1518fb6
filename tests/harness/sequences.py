"""Random sequences of what can happen to a project; after each step everything that must hold is looked at.

`python -m tests.harness.sequences --runs 200 --seed 1`. Steps: deliveries one or several at once, changed versions,
releases of held deliveries, reprocessings under other parameters, failures and retries, the same bytes again, decisions
of people on all or some of the rows of a case, some too late, some on rows that another was first to decide. After each
no delivery is left failed, the counts balance, the tables alone prove it, and gold is what its tasks make of the whole
of silver. Each run also takes its files in once more in other batches and windows, and in another order.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.harness import proof
from tests.harness.project import LANDING, all_deliveries, arrived, make_project, make_sales, open_project, run_files
from tests.harness.recompute import gold_faults

from headgate import operations, pipeline
from headgate.core.accounts import Account
from headgate.core.cases import Act, CaseFilter, CaseKind, DecisionState
from headgate.core.errors import ConflictError, UsageError
from headgate.core.overlay import is_amendment
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.roles import Grant, Role
from headgate.core.states import DeliveryState
from headgate.deciding.desk import Desk
from headgate.deciding.execution import execute_due
from headgate.deciding.plan import ALL, Plan, plan
from headgate.deciding.proposal import Edit
from headgate.deciding.votes import agree, propose
from headgate.generate.defects import Defect
from headgate.people import People, add_account
from headgate.serve.case_rows import Selection, page
from headgate.settings import read_settings
from headgate.wiring import open_accounts, open_cases, open_upload_links

FILES = 8
ROWS = 640  # in all of them
DAYS = 150  # five months, so that what reaches over months is met
CUSTOMERS = 20
STEPS = 8
LATE = 0.15  # of decisions, whose delivery is checked again before they are published
STALE = 0.3  # of decisions, after which another is proposed that was planned before them, of the same rows
NO_CONFLICT = frozenset(Defect) - {Defect.KEY_CONFLICT}
"""Kinds with which no key has two contents: any order of landing then gives the same tables."""


@dataclass(slots=True)
class Happenings:
    """One project and what may still happen to it."""

    platform: Platform
    random: random.Random
    fresh: list[Path]  # not yet delivered
    known: list[Path]  # delivered
    folder: Path
    number: int = 0  # of files written here
    steps: list[str] = field(default_factory=list)
    now: datetime = LANDING  # of the people
    corrections: itertools.count[int] = field(default_factory=itertools.count)
    desk: Desk = field(init=False)
    people: list[Account] = field(init=False)

    def __post_init__(self) -> None:
        """Open the desk, and let two people in."""
        settings = read_settings(self.folder / "project", {})
        people = People(accounts=open_accounts(settings), clock=lambda: self.now, random=secrets.token_bytes)
        links = open_upload_links(settings)
        self.desk = Desk(platform=self.platform, cases=open_cases(settings), people=people, links=links)
        grants = [Grant(role=Role.REVIEWER)]
        self.people = [add_account(people, name, grants, by="command") for name in ("ada", "bob", "cyd")]

    def close(self) -> None:
        """Give connections back."""
        self.platform.ledger.close()
        self.desk.cases.close()
        self.desk.links.close()
        self.desk.people.accounts.close()

    def step(self) -> None:
        """Do one thing that can be done now."""
        choices: list[tuple[str, Callable[[], None]]] = []
        if self.fresh:
            choices += [("deliver", self.deliver)] * 3 + [
                ("deliver held", self.deliver_held),
                ("fail", self.fail_and_retry),
            ]
        if self.known:
            choices += [("new version", self.new_version), ("again", self.again)]
        if self._in(DeliveryState.HELD):
            choices += [("release", self.release)] * 2
        if self.desk.cases.cases(CaseFilter(limit=1)):
            choices += [("decide", self.decide)] * 4
        if self._origins():
            choices += [("reprocess", self.reprocess), ("parameter", self.reprocess_under_new_parameter)]
        name, act = self.random.choice(choices)
        self.steps.append(name)
        act()

    def deliver(self) -> None:
        """One file or several at once."""
        count = self.random.randint(1, min(4, len(self.fresh)))
        files, self.fresh = self.fresh[:count], self.fresh[count:]
        self.known += files
        run_files(self.platform, files)

    def deliver_held(self) -> None:
        """A file whose sender counts wrong, so that it is held as a whole."""
        file = self.fresh.pop(0)
        path = self._write(file.name, file.read_bytes().replace(b'"transaction_count":', b'"transaction_count":9'))
        self.known.append(path)
        run_files(self.platform, [path])

    def new_version(self) -> None:
        """A known name with other rows: some gone, one with another total."""
        file = self.random.choice(self.known)
        document = json.loads(file.read_bytes(), parse_float=Decimal)
        rows = document["transactions"]
        kept = [row for row in rows if self.random.random() < 0.9] or rows[:1]
        kept[0]["shipping"]["city"] = f"version {self.number}"
        document |= {"transactions": kept, "transaction_count": len(kept)}
        path = self._write(file.name, json.dumps(document, default=_exact).encode())
        self.known.append(path)
        run_files(self.platform, [path])

    def again(self) -> None:
        """Bytes that came before."""
        run_files(self.platform, [self.random.choice(self.known)])

    def release(self) -> None:
        """Let a held delivery go on."""
        operations.release(self.platform, self.random.choice(self._in(DeliveryState.HELD)), reason="looked at")
        pipeline.work(self.platform)

    def reprocess(self) -> None:
        """Check a delivery again, for itself alone under another limit."""
        values = self.random.choice([{}, {"amount_limit": str(self.random.choice([20, 60, 9000]))}])
        operations.reprocess(self.platform, self.random.choice(self._origins()), values=values)
        pipeline.work(self.platform)

    def reprocess_under_new_parameter(self) -> None:
        """Another limit for all, and one delivery checked again under it."""
        value = str(self.random.choice([100, 500, 2500]))
        operations.change_parameter(self.platform, "sales", "amount_limit", value, set_by="proof", reason="other limit")
        self.reprocess()

    def decide(self) -> None:
        """Two people release, correct or reject some or all rows of a case, or let a held delivery go."""
        case = self.random.choice(self.desk.cases.cases(CaseFilter()))
        selection, edits = ALL, []
        act = self.random.choice(list(Act) if case.kind is CaseKind.ROWS else [Act.RELEASE, Act.REJECT])
        if case.kind is CaseKind.ROWS:
            rows = [one.row for one in page(self.platform, case, most=case.left)]
            chosen = self.random.sample(rows, self.random.randint(1, len(rows)))
            selection = Selection(rows=tuple(sorted(chosen)))
        if act is Act.CORRECT:
            edits = [self._edit(row) for row in chosen]
        self.steps[-1] += f" to {act} {case.code}"
        try:
            planned = plan(self.desk, case, act, selection=selection, edits=edits)
            other = plan(self.desk, case, Act.REJECT)  # of all that waits by now, these rows too
        except UsageError:  # a conflict of keys, a correction that helps nobody, or another contract
            return
        self._settle(planned)
        if self.random.random() < STALE:
            self.steps[-1] += " twice"
            with suppress(ConflictError):  # told who was first
                self._settle(other)
        if self.random.random() < LATE and (origins := [one for one in self._origins() if one.id == case.delivery]):
            operations.reprocess(self.platform, origins[0], values={})  # the amendment comes too late
            self.steps[-1] += " too late"
        pipeline.work(self.platform)

    def _settle(self, planned: Plan) -> None:
        decision = propose(self.desk, planned, by=self.people[0], reason="looked at")
        for account in self.people:
            if decision.state is DecisionState.PROPOSED and account.id not in decision.editors:
                decision = agree(self.desk, decision, by=account, digest=decision.digest)
        self.now += timedelta(minutes=1)
        execute_due(self.desk)

    def _edit(self, row: int) -> Edit:
        number = next(self.corrections)
        values: dict[str, str | None] = self.random.choice(
            [
                {"transaction_id": f"T20260101-{90_000 + number}"},
                {"status": "completed", "tax": "0.00"},
                {"payment.currency": "EUR", "shipping.city": None},
            ]
        )
        return Edit(row=row, values=values)

    def fail_and_retry(self) -> None:
        """The vault loses the bytes for a while, so that the check fails."""
        file = self.fresh.pop(0)
        self.known.append(file)
        landed = pipeline.take_in(arrived([file]), self.platform, "r-1")
        place = self.folder / "project" / "vault" / vault_name(landed[0].sha256)
        aside = place.with_name("aside")
        place.rename(aside)
        pipeline.work(self.platform)
        aside.rename(place)
        operations.retry(self.platform, self._in(DeliveryState.FAILED))
        pipeline.work(self.platform)

    def faults(self) -> list[str]:
        """Everything that does not hold now."""
        return [*proof.faults(self.platform), *gold_faults(self.platform)]

    def _origins(self) -> list[Delivery]:
        return [one for one in self._in(DeliveryState.ARCHIVED) if not is_amendment(one)]

    def _in(self, state: DeliveryState) -> list[Delivery]:
        return [one for one in all_deliveries(self.platform) if one.state is state]

    def _write(self, name: str, content: bytes) -> Path:
        self.number += 1
        path = self.folder / f"written-{self.number}" / name
        path.parent.mkdir()
        path.write_bytes(content)
        return path


def _exact(number: object) -> float:
    assert isinstance(number, Decimal)
    return float(number)  # two decimals: the shortest form has the same digits


def run_sequence(folder: Path, seed: int) -> tuple[list[str], list[str]]:
    """(steps done, what did not hold) of one random sequence."""
    made = make_sales(folder / "in", count=ROWS, files=FILES, seed=seed, defects=0.03, days=DAYS, customers=CUSTOMERS)
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    platform = open_project(make_project(folder / "project", "sales"), batch_deliveries=chance.choice([1, 2, 256]))
    fresh = list(made.files)
    chance.shuffle(fresh)
    run = Happenings(platform=platform, random=chance, fresh=fresh, known=[], folder=folder)
    try:
        for _ in range(STEPS):
            run.step()
            if wrong := run.faults():
                return run.steps, wrong
        return run.steps, []
    finally:
        run.close()


def run_orders(folder: Path, seed: int) -> list[str]:
    """What differs between runs of the same files in other batches, windows and orders."""
    made = make_sales(
        folder / "in",
        count=ROWS,
        files=FILES,
        seed=seed,
        defects=0.02,
        kinds=NO_CONFLICT,
        days=DAYS,
        customers=CUSTOMERS,
    )
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    shuffled = chance.sample(made.files, len(made.files))
    runs: dict[str, tuple[Sequence[Path], int, int]] = {
        "one batch": (made.files, 256, 2 << 20),
        "other batches": (made.files, chance.randint(1, 5), chance.choice([512, 3_000, 60_000])),
        "other order": (shuffled, chance.randint(1, 12), 2 << 20),
    }
    found: dict[str, dict[str, str]] = {}
    ends: dict[str, set[tuple[str, str]]] = {}
    counted: dict[str, object] = {}
    wrong: list[str] = []
    for name, (files, batch, window) in runs.items():
        project = make_project(folder / name.replace(" ", "-"), "sales")
        platform = open_project(project, clock=lambda: LANDING, batch_deliveries=batch, window_bytes=window)
        run_files(platform, files)
        found[name] = proof.digests(platform)
        counted[name] = proof.outcome(platform).ends
        ends[name] = {(one.name, one.state.value) for one in all_deliveries(platform)}
        wrong += [f"{name}: {fault}" for fault in proof.faults(platform)]
        platform.ledger.close()
    wrong += _differing(found, "other batches", ())
    if counted["other batches"] != counted["one batch"]:
        wrong.append(
            f"in other batches deliveries end otherwise: {counted['other batches']} not {counted['one batch']}"
        )
    # which copy of a row is the duplicate depends on the order, and so may a share just at the threshold
    if ends["other order"] == ends["one batch"]:
        wrong += _differing(found, "other order", ("quarantine",))
    return wrong


def _differing(found: dict[str, dict[str, str]], name: str, without: tuple[str, ...]) -> list[str]:
    """Tables whose digest is not that of the first run; quarantine tells of places, which depend on the order."""
    return [
        f"{table}: the digest under {name} differs"
        for table, digest in found["one batch"].items()
        if table.split("/")[1] not in without and found[name].get(table) != digest
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    steps: Counter[str] = Counter()  # by their first word
    broken = 0
    for seed in range(given.seed, given.seed + given.runs):
        with tempfile.TemporaryDirectory() as folder:
            done, wrong = run_sequence(Path(folder) / "a", seed)
            wrong += run_orders(Path(folder) / "b", seed)
        steps.update(step.split()[0] for step in done)
        broken += bool(wrong)
        if wrong:
            sys.stdout.write(f"seed {seed} after {done}:\n  " + "\n  ".join(wrong) + "\n")
    sys.stdout.write(f"{given.runs} runs, {sum(steps.values())} steps {dict(steps)}, {broken} broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
