"""Compares what a run said of generated sales with the answer key that lies beside them.

`python -m tests.harness.answer_key --seeds 20 --count 5000` scores so many runs; it fails where a defect that a rule
decides was missed, a clean row was stopped, or a statistical kind stays under 0.95 in precision or recall.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from tests.harness.project import all_deliveries, make_project, make_sales, open_project, run_files
from tests.harness.small import table_rows

from headgate.core.naming import quarantine_table
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.generate.answers import Answer, AnswerHeader, read_header
from headgate.generate.defects import FileDefect

FIRST_SEED = 5_000
"""Of the scored runs: anomalies were tuned on 1000 to 1009 only."""

LEAST = 0.95  # precision and recall of statistical kinds
FILES = 3  # with defective rows
FILE_ROWS = 120  # of files that are defective as a whole
STATISTICAL = ("high_amount", "burst", "odd_hour", "repeated_card", "odd_price")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What quarantine says of one row."""

    verdict: str
    codes: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Score:
    """Figures of one run or of several together."""

    expected: Counter[str] = field(default_factory=Counter)  # by kind; rows or files
    caught: Counter[str] = field(default_factory=Counter)
    claimed: Counter[str] = field(default_factory=Counter)  # anomalies by kind
    clean: int = 0
    wrong: list[str] = field(default_factory=list)  # a sentence for each failure

    def add(self, other: Score) -> None:
        """Join the figures of another run."""
        self.expected += other.expected
        self.caught += other.caught
        self.claimed += other.claimed
        self.clean += other.clean
        self.wrong += other.wrong

    def recall(self, kind: str) -> float:
        """Share of the injected rows that were found."""
        return self.caught[kind] / self.expected[kind] if self.expected[kind] else 1.0

    def precision(self, kind: str) -> float:
        """Share of the claimed anomalies that were injected."""
        return self.caught[kind] / self.claimed[kind] if self.claimed[kind] else 1.0

    @property
    def passed(self) -> bool:
        """Whether every promise is kept."""
        statistical = all(min(self.recall(kind), self.precision(kind)) >= LEAST for kind in STATISTICAL)
        return not self.wrong and statistical

    def lines(self) -> Iterable[str]:
        """The figures as text, a kind a line."""
        for kind in self.expected:
            recall = f"{kind:18} {self.caught[kind]:6}/{self.expected[kind]:<6} recall {self.recall(kind):.4f}"
            yield f"{recall} precision {self.precision(kind):.4f}" if kind in STATISTICAL else recall
        yield f"{'clean rows':18} {self.clean:6}"
        yield from self.wrong[:40]


def read_answers(place: Path) -> tuple[AnswerHeader, list[Answer]]:
    """The answer key of a run."""
    first, *lines = place.read_bytes().splitlines()
    header = read_header(first)
    assert header is not None
    return header, [msgspec.json.decode(line, type=Answer) for line in lines]


def score(platform: Platform, answers: Path) -> Score:
    """Figures of one run whose files were all taken in."""
    header, expected = read_answers(answers)
    deliveries = {one.name: one for one in all_deliveries(platform)}
    told = _quarantined(platform)
    anomalies = _anomalies(platform)
    result = Score(claimed=Counter(anomalies.values()))
    whole = {answer.file for answer in expected if answer.record is None}
    rows = [answer for answer in expected if answer.record is not None and answer.file not in whole]
    for answer in expected:
        if answer.record is None:
            _score_file(result, answer, deliveries)
    for answer in rows:
        _score_row(result, answer, told.get((deliveries[answer.file].id, answer.record or 0)), anomalies)
    marked = {(answer.file, answer.record) for answer in rows}
    for file in header.files:
        if file.name in whole:
            continue
        one = deliveries[file.name]
        if one.state is not DeliveryState.ARCHIVED:
            result.wrong.append(f"{file.name} is {one.state}: {one.held_for} {one.note}")
            continue
        result.clean += file.records - sum(name == file.name for name, _ in marked)
        stopped = {row: what for (id_, row), what in told.items() if id_ == one.id}
        result.wrong += [
            f"{file.name} row {row} is clean, was {what.verdict}: {sorted(what.codes)}"
            for row, what in stopped.items()
            if (file.name, row) not in marked
        ]
    return result


def _score_row(result: Score, answer: Answer, told: Told | None, anomalies: dict[str, str]) -> None:
    result.expected[answer.kind] += 1
    if answer.decided_by == "statistics":
        if told is not None:
            result.wrong.append(f"{answer.file} row {answer.record} ({answer.kind}) was {told.verdict}: {told.codes}")
        result.caught[answer.kind] += anomalies.get(answer.transaction_id or "") == answer.code
        return
    if told is not None and answer.code in told.codes and told.verdict == answer.verdict:
        result.caught[answer.kind] += 1
        return
    found = "accepted" if told is None else f"{told.verdict} {sorted(told.codes)}"
    result.wrong.append(
        f"{answer.file} row {answer.record} {answer.column}: {answer.code} {answer.verdict} expected, {found} found",
    )


def _score_file(result: Score, answer: Answer, deliveries: dict[str, Delivery]) -> None:
    result.expected[answer.kind] += 1
    one = deliveries[answer.file]
    told = {*one.held_for, str(one.facts.get("refused")), *(reason.code for reason in one.reasons)}
    stopped = one.state in {DeliveryState.HELD, DeliveryState.REFUSED} and answer.code in told
    # UTF-16 and UTF-32 are Unicode: such a file is read, and only Latin-1 and its like are no JSON text
    read = answer.kind == FileDefect.WRONG_ENCODING and answer.encoding == "utf-16"
    if stopped or (read and one.state is DeliveryState.ARCHIVED):
        result.caught[answer.kind] += 1
    else:
        result.wrong.append(f"{answer.file} ({answer.kind} {answer.encoding or ''}) is {one.state}: {told} {one.note}")


def _quarantined(platform: Platform) -> dict[tuple[str, int], Told]:
    rows = table_rows(platform, quarantine_table("sales"), "_delivery, _row, verdict, [r.code FOR r IN reasons]")
    return {(id_, row): Told(verdict=verdict, codes=frozenset(codes)) for id_, row, verdict, codes in rows}


def _anomalies(platform: Platform) -> dict[str, str]:
    return dict(table_rows(platform, "sales/gold/anomalies", "transaction_id, kind"))


def run_seed(seed: int, *, count: int, defects: float, folder: Path) -> Score:
    """Generate, run and score one seed: files with defective rows, then sound and defective files."""
    total = Score()
    damaged = tuple(FileDefect)
    rows = make_sales(folder / "rows", count=count, seed=seed, files=FILES, defects=defects)
    files = make_sales(
        folder / "files", count=FILE_ROWS * (1 + len(damaged)), seed=seed, files=1 + len(damaged), file_defects=damaged
    )
    for number, made in enumerate((rows, files)):
        platform = open_project(make_project(folder / str(number), "sales"))
        try:
            run_files(platform, made.files)
            total.add(score(platform, made.answers))
        finally:
            platform.ledger.close()
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="runs to score")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first run")
    parser.add_argument("--count", type=int, default=5_000, help="sales a run")
    parser.add_argument("--defects", type=float, default=0.04, help="share of the rows with a defect")
    given = parser.parse_args()
    total = Score()
    for seed in range(given.first, given.first + given.seeds):
        with tempfile.TemporaryDirectory() as folder:
            one = run_seed(seed, count=given.count, defects=given.defects, folder=Path(folder))
        sys.stdout.write(f"seed {seed}: {'kept' if one.passed else 'BROKEN'}\n")
        total.add(one)
    sys.stdout.write("\n".join(total.lines()) + "\n")
    return 0 if total.passed else 1


if __name__ == "__main__":
    sys.exit(main())
