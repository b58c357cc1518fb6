"""Measures the product and its peers, keeps the figures under `results/` and writes `RESULTS.md`.

Run: `python -m benchmarks.run [SCENARIO ...] [--records 100000] [--runs 5] [--only NAME,NAME] [--json]`
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from benchmarks.environment import peer_versions, peers_python, product_versions
from benchmarks.machine import this_machine
from benchmarks.results import Result, load, render, save, table
from benchmarks.scenarios import SCENARIOS, Options

HERE = Path(__file__).parent
USUAL = ("compare", "growth", "many", "startup")  # the big document is asked for by name: it wants 20 GB of disk
TITLES = {
    "compare": "One document of nested sales",
    "growth": "Ten times the records",
    "document": "One very large document",
    "many": "Many small files",
    "startup": "Starting the command",
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"of {', '.join(SCENARIOS)}; default {' '.join(USUAL)}")
    parser.add_argument("--records", type=int, default=100_000, help="of the comparison; the others are multiples")
    parser.add_argument("--runs", type=int, default=5, help="of each contestant, in turn")
    parser.add_argument("--only", default="", help="contestants of the comparison, separated by commas")
    parser.add_argument("--input", type=Path, help="a document for the comparison instead of a generated one")
    parser.add_argument("--json", action="store_true", help="print the results as JSON instead of tables")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="folder for inputs, outputs, peers")
    parser.add_argument("--dry", action="store_true", help="print only: keep no results")
    parsed = parser.parse_args(arguments)
    if unknown := set(parsed.scenario) - set(SCENARIOS):
        parser.error(f"unknown scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    if min(parsed.records, parsed.runs) < 1:
        parser.error(f"--records {parsed.records} and --runs {parsed.runs} must be 1 or more")
    return parsed


def measure(name: str, options: Options) -> Result:
    machine = this_machine()
    taken_at = datetime.now(UTC).isoformat(timespec="minutes")
    entries, findings = SCENARIOS[name](options)
    versions = {"Product": product_versions()}
    if name == "compare" and options.peers_python:
        versions["Peers"] = peer_versions(options.peers_python)
    return Result(
        name=name,
        title=TITLES[name],
        taken_at=taken_at,
        machine=machine,
        versions=versions,
        entries=entries,
        findings=findings,
    )


def main(arguments: Sequence[str]) -> None:
    parsed = parse(arguments)
    names = parsed.scenario or list(USUAL)
    work: Path = parsed.work
    work.mkdir(parents=True, exist_ok=True)
    options = Options(
        records=parsed.records,
        runs=parsed.runs,
        work=work.resolve(),
        peers_python=peers_python(work.resolve()) if "compare" in names else None,
        only=frozenset(filter(None, parsed.only.split(","))),
        given=parsed.input.resolve() if parsed.input else None,
    )
    results = []
    for name in names:
        results.append(measure(name, options))
        if not parsed.dry:
            save(results[-1], HERE / "results")
            (HERE / "RESULTS.md").write_text(render(load(HERE / "results")), encoding="utf-8")
    if parsed.json:
        print(msgspec.json.encode(results).decode())
    else:
        print("\n\n".join("\n".join(table(result)) for result in results))


if __name__ == "__main__":
    main(sys.argv[1:])
