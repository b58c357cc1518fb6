"""Share of the branches of core, the steps and the pipeline that the tests take, from coverage's own figures.

`coverage json -q -o - | python -m tests.harness.branches --least 95` tells what each module misses, and ends with 1
where the share over all of them is less. Coverage's own `--fail-under` counts lines too, which are the easier ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

STEPS = ("land", "check", "review", "transform", "publish", "archive")
PLACES = ("src/headgate/core/", *(f"src/headgate/{step}/" for step in STEPS), "src/headgate/pipeline.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """Branches of one module."""

    module: str
    taken: int
    all: int
    missing: tuple[tuple[int, int], ...]  # line -> line; a negative one is a way out of the function at that line


def branches_of(report: Mapping[str, Any], places: Iterable[str] = PLACES) -> list[Branches]:
    """Figures of the modules under the places, out of `coverage json`; a place that it does not know is an error."""
    found: list[Branches] = []
    for place in places:
        files = {name: file for name, file in report["files"].items() if name.startswith(place)}
        if not files:
            raise SystemExit(f"coverage knows no module under {place}. Next: look at its settings in pyproject.toml.")
        found += [
            Branches(
                module=name,
                taken=file["summary"]["covered_branches"],
                all=file["summary"]["num_branches"],
                missing=tuple((start, end) for start, end in file["missing_branches"]),
            )
            for name, file in files.items()
        ]
    return found


def share(found: Iterable[Branches]) -> float:
    """Per cent of the branches that were taken; 100 where there are none."""
    listed = list(found)
    every = sum(one.all for one in listed)
    return 100 * sum(one.taken for one in listed) / every if every else 100.0


def lines(found: Iterable[Branches]) -> list[str]:
    """A line for each module that misses some, the worst first, and one for all."""
    listed = list(found)
    short = sorted((share([one]), one.module, one) for one in listed if one.missing)
    told = [
        f"{percent:6.2f} %  {module}  {one.taken}/{one.all}  {', '.join(f'{a}->{b}' for a, b in one.missing)}"
        for percent, module, one in short
    ]
    taken, every = sum(one.taken for one in listed), sum(one.all for one in listed)
    return [*told, f"{share(listed):6.2f} %  of the branches of core, the steps and the pipeline  {taken}/{every}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--least", type=float, default=95.0, help="per cent")
    least: float = parser.parse_args().least
    found = branches_of(json.load(sys.stdin))
    sys.stdout.write("\n".join(lines(found)) + "\n")
    if share(found) < least:
        sys.stdout.write(f"less than the {least:g} % that are asked for\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
