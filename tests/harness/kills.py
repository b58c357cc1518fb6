"""Kills a run again and again, lets the next one go on, and compares what comes out with a run that nobody killed.

`python -m tests.harness.kills --kills 200 --seed 1` kills by SIGKILL at random moments, `--points` at every fault
point once. After each project is done: every row is in silver once, digests are those of the unkilled run, counts
balance, the log fits its anchor, receipts verify, and no delivery is left on its way.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness import proof
from tests.harness.project import LANDING, arrived, make_project, make_sales, open_project

from headgate import pipeline
from headgate.core.faults import VARIABLE

FILES = 5
ROWS = 400  # in all files together
LEASE_S = 0.5  # a dead process holds its leases no longer
TOGETHER = 3  # deliveries a batch, so that a run makes several publications
MOST_TRIES = 60  # processes for one project

TABLES = tuple(
    ["quarantine/rows", "silver/items", "silver/transactions"]
    + [f"gold/{name}" for name in ("anomalies", "categories", "customers", "daily", "monthly", "products")],
)
POINTS = (
    "after landing",
    "before manifest",
    "after manifest",
    "after check",
    "after review",
    "before intent",
    "after intent",
    *(
        f"{when} sales/{table}"
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


@dataclass(slots=True)
class Tally:
    """What the harness came to."""

    projects: int = 0
    kills: int = 0
    missed: list[str] = field(default_factory=list)  # fault points that no run reached
    wrong: list[str] = field(default_factory=list)


def make_input(folder: Path, seed: int) -> list[Path]:
    """Files of sales in landing order: with duplicates across, a changed version, and one that is held."""
    made = make_sales(folder / "first", count=ROWS, seed=seed, files=FILES, defects=0.04)
    first, *others = made.files
    changed = folder / "second" / first.name
    changed.parent.mkdir()
    document = json.loads(first.read_bytes())
    dropped = document["transactions"].pop(3)
    document["transactions"][0]["shipping"]["address"] = f"{dropped['shipping']['address']} b"
    document["transaction_count"] -= 1
    changed.write_text(json.dumps(document), encoding="utf-8")
    held = folder / "third" / "sales_batch_20200101_000000.json"
    held.parent.mkdir()
    held.write_bytes(others[-1].read_bytes().replace(b'"transaction_count":', b'"transaction_count":9'))
    return [first, *others[:2], held, changed, *others[2:]]


def run_once(folder: Path, files: Sequence[Path]) -> None:
    """What a command does: finish what is open, take in, work."""
    platform = open_project(folder, clock=lambda: LANDING, batch_deliveries=TOGETHER, lease_s=LEASE_S)
    try:
        pipeline.resume(platform)
        pipeline.take_in(arrived(files), platform, "r-1")
        pipeline.work(platform)
    finally:
        platform.ledger.close()


def in_child(action: Callable[[], None], *, point: str | None = None, kill_after_s: float | None = None) -> bool:
    """Run in a forked process; True where it was killed. RuntimeError where it failed by itself.

    The parent never opens an engine, a table or a ledger, so that a child begins with no thread of theirs.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        if point is not None:
            os.environ[VARIABLE] = point
        try:
            action()
        except BaseException:  # noqa: BLE001  whatever it is, the parent must hear of it and the child must end here
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status) != 0:
        raise RuntimeError(f"the run failed by itself, with status {os.WEXITSTATUS(status)}; its error stands above")
    return False


def examine(folder: Path, place: Path) -> None:
    """Write what a project came to, and what does not hold."""
    platform = open_project(folder, clock=lambda: LANDING)
    try:
        came = proof.outcome(platform)
        report = {"digests": came.digests, "ends": [repr(end) for end in came.ends], "faults": proof.faults(platform)}
        place.write_text(json.dumps(report), encoding="utf-8")
    finally:
        platform.ledger.close()


def examined(folder: Path) -> dict[str, object]:
    """The same, read in another process."""
    place = folder / "examined.json"
    in_child(lambda: examine(folder, place))
    report: dict[str, object] = json.loads(place.read_text(encoding="utf-8"))
    return report


def compare(name: str, report: dict[str, object], baseline: dict[str, object]) -> list[str]:
    """Sentences about what differs from the unkilled run."""
    faults = report["faults"]
    assert isinstance(faults, list)
    wrong = [f"{name}: {fault}" for fault in faults]
    wrong += [
        f"{name}: {part} differ: {report[part]} not {baseline[part]}"
        for part in ("digests", "ends")
        if report[part] != baseline[part]
    ]
    return wrong


class Harness:
    """Projects of one input, killed and finished."""

    def __init__(self, root: Path, seed: int, *, verbose: bool) -> None:
        """Generate the input and make the run that nobody kills."""
        self._root = root
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._verbose = verbose
        self.tally = Tally()
        self.files: list[Path] = []
        self._generate(seed)
        self.duration_s, self.baseline = self._unkilled()

    def _generate(self, seed: int) -> None:
        place = self._root / "files.json"
        in_child(lambda: self._write_names(place, seed))
        self.files = [Path(name) for name in json.loads(place.read_text(encoding="utf-8"))]

    def _write_names(self, place: Path, seed: int) -> None:
        place.write_text(json.dumps([str(file) for file in make_input(self._root / "in", seed)]), encoding="utf-8")

    def _unkilled(self) -> tuple[float, dict[str, object]]:
        folder = self._project()
        began = time.perf_counter()
        in_child(lambda: run_once(folder, self.files))
        duration_s = time.perf_counter() - began
        report = examined(folder)
        self.tally.wrong += [f"unkilled: {fault}" for fault in report["faults"]]  # type: ignore[attr-defined]
        return duration_s, report

    def _project(self) -> Path:
        self.tally.projects += 1
        return make_project(self._root / f"project-{self.tally.projects}", "sales")

    def at_points(self, points: Sequence[str]) -> None:
        """One project: a run ends at each of the points, the last one goes to its end."""
        folder = self._project()
        for point in points:
            if in_child(lambda: run_once(folder, self.files), point=point):
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
            if not in_child(lambda: run_once(folder, self.files), kill_after_s=moment):
                break
            moments.append(round(moment, 3))
            self.tally.kills += 1
        self._finish(folder, f"kills after {moments} s")
        return len(moments)

    def _finish(self, folder: Path, name: str) -> None:
        in_child(lambda: run_once(folder, self.files))
        wrong = compare(name, examined(folder), self.baseline)
        self.tally.wrong += wrong
        if self._verbose or wrong:
            sys.stdout.write("\n".join([f"{name}: {'BROKEN' if wrong else 'kept'}", *wrong]) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0, help="at random moments")
    parser.add_argument("--points", action="store_true", help="at every fault point once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Path(folder), given.seed, verbose=given.verbose)
        sys.stdout.write(f"an unkilled run takes {harness.duration_s:.2f} s\n")
        if given.points:
            for start in range(3):  # one chain each, so that a point is met in different publications
                harness.at_points(POINTS[start::3])
        left = given.kills
        while left > 0:
            left -= harness.at_random(min(left, 5))
        tally = harness.tally
    missed = f"; not reached: {tally.missed}" if tally.missed else ""
    sys.stdout.write(f"{tally.projects} projects, {tally.kills} kills, {len(tally.wrong)} faults{missed}\n")
    return 1 if tally.wrong or tally.missed else 0


if __name__ == "__main__":
    sys.exit(main())
