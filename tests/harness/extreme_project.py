"""A project at its extremes: forty flows, three hundred columns, hostile and endless words, 5,000 deliveries."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

from tests.harness.project import open_project, run_files
from tests.harness.shown_project import NOW, StandingClock

from headgate.core.platform import Platform
from headgate.core.records import Arrival, Counts, Move, ReasonCount
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState as State

FLOWS, COLUMNS, DELIVERIES = 40, 300, 5_000
HTML = "<script>alert('x')</script><img src=x onerror=alert(1)>"
RTL = "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"
LONG = "Donaudampfschiff" * 30
FILE = f"hostile_{HTML.replace('/', '')}\u202egnp.csv"


def make_extreme_project(folder: Path) -> tuple[Platform, StandingClock]:
    """Write the project: `hostile` has a file of 300 columns, `busy` 5,000 files, `empty` one of no row."""
    folder.mkdir(parents=True)
    (folder / "headgate.toml").write_text('[project]\nname = "extreme"\n[run]\nmemory_limit = "2 GiB"\n')
    _flow(folder, "hostile", "hostile_*.csv", [f"c{place}" for place in range(COLUMNS)], words=f"{HTML} {RTL} {LONG}")
    for name in ("busy", "empty", *(f"flow-{place:02}-{'of-many' * (place % 4)}" for place in range(FLOWS - 3))):
        _flow(folder, name, f"{name}_*.csv", ["id", "value"], words="One of many.")
    clock = StandingClock()
    platform = open_project(folder, clock=clock)
    place = folder / "in" / FILE
    place.parent.mkdir()
    values = [HTML, RTL.replace("\u202c", ""), LONG, *(f"v{place}" for place in range(COLUMNS - 3))]
    lines = [",".join(f"c{place}" for place in range(COLUMNS))]
    lines += [",".join([f"k{row}", *values[1:]]) for row in range(40)] + [",".join(["", *values[1:]])] * 2
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    none = folder / "in" / "empty_1.csv"
    none.write_text("id,value\n")
    run_files(platform, [place, none])
    _fill(platform, clock)
    clock.now = NOW
    return platform, clock


def _flow(folder: Path, name: str, files: str, columns: list[str], *, words: str) -> None:
    place = folder / "flows" / name
    place.mkdir(parents=True)
    (place / "flow.yaml").write_text(f"source: {{files: '{files}'}}\n")
    described = words.replace("'", "''")
    lines = [f"      - {{name: {columns[0]}, required: true, primaryKey: true, description: '{described}'}}"]
    lines += [f"      - {{name: {column}, description: '{described[:80]}'}}" for column in columns[1:]]
    (place / "contract.odcs.yaml").write_text(
        "apiVersion: v3.1.0\nkind: DataContract\n"
        f"id: {name}\nname: '{described[:200]}'\nversion: 1.0.0\nstatus: active\n"
        f"description: {{purpose: '{described}'}}\n"
        f"schema:\n  - name: rows\n    logicalType: object\n    properties:\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )


def _fill(platform: Platform, clock: StandingClock) -> None:
    """Deliveries of the flow `busy` over two weeks, as a publication leaves them."""
    reason = ReasonCount(verdict="held", code="missing_value", column="id", rule="id.required", rows=2)
    for start in range(0, DELIVERIES, 500):
        at = NOW - timedelta(days=13 - 13 * start // DELIVERIES, minutes=30)
        clock.now = at
        arrivals = [
            Arrival(
                flow="busy",
                name=f"busy_{number}.csv",
                origin="in",
                sender="shop",
                sha256=hashlib.sha256(f"{number}".encode()).hexdigest(),
                size_bytes=1000 + number,
                form={"format": "csv"},
            )
            for number in range(start, start + 500)
        ]
        entered = platform.ledger.register(arrivals, run="r-busy", at=at)
        counts = Counts(received=100, accepted=97, held=2, rejected=1)
        moved = [replace(one, counts=counts, reasons=(reason,), publication=1) for one in entered]
        for seconds, state in enumerate((State.CHECKED, State.PUBLISHING, State.PUBLISHED, State.ARCHIVED), 1):
            moved = [replace(one, state=state) for one in moved]
            fence = platform.ledger.acquire("flow:busy", platform.owner, ttl_s=60)
            moves = [Move(after=one) for one in moved]
            platform.ledger.advance(moves, at=at + timedelta(seconds=seconds), fence=fence)
