"""A project with two weeks of deliveries, whose clock stands still: what pictures of the pages show.

Sales come each day with some faults, a little more of them lately; invoice lines of a shop come on work days. One file
is cut off and sent again, one is held as a whole, one fails, one is under way, one no flow takes. A parameter changed.
People decide on some of it (`shown_people`).
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.harness.project import arrived, make_project, open_project, run_files
from tests.harness.shown_people import act_in

from headgate import pipeline
from headgate.archive.anchoring import anchor
from headgate.core.platform import Platform
from headgate.core.records import Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.generate.defects import FileDefect
from headgate.generate.sales import SalesOptions, generate_sales
from headgate.operations import change_parameter
from headgate.wiring import shipped_flows

NOW = datetime(2026, 11, 20, 9, 42, 10, tzinfo=UTC)
DAYS = 14
RATES = shipped_flows() / "sales" / "fx_rates.csv"


class StandingClock:
    """A present that moves by a little whenever it is asked, and by days when it is told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=37)
        return self.now

    def pass_(self, length: timedelta) -> None:
        """Let time pass."""
        self.now += length


def make_shown_project(folder: Path) -> tuple[Platform, StandingClock]:
    """Write and run the project; the caller closes its platform."""
    clock = StandingClock()
    make_project(folder, "sales", "retail", "usedcars")
    policy = folder / "flows" / "sales" / "flow.yaml"
    policy.write_text(policy.read_text().replace("within: 4h", "within: 20d"))  # no alert for each of two weeks
    (folder / "headgate.toml").write_text('[project]\nname = "shop"\n')
    clock.now = NOW - timedelta(days=DAYS)
    platform = open_project(folder, clock=clock)
    first = 1
    for day in range(DAYS, -1, -1):
        at = (NOW - timedelta(days=day)).replace(hour=8, minute=0, second=14)
        count = 420 + (day * 37) % 90
        clock.now = at
        run_files(platform, [_sales(folder / f"in/{day}", at, count, day, first)], run=f"r-{at:%Y%m%d}")
        first += count
        if at.weekday() < 5:
            clock.now = at + timedelta(minutes=12)
            run_files(platform, [_retail(folder / f"in/{day}", at, 150 + (day * 53) % 60)])
        if day == 3:
            clock.now = at + timedelta(hours=1)
            set_by, reason = "ops-02", "One cent is too little for orders that were split in two."
            change_parameter(platform, "sales", "total_tolerance", "0.02", set_by=set_by, reason=reason)
    _today(folder, platform, clock, first)
    clock.now = NOW - timedelta(seconds=63)
    act_in(platform, folder, clock, clock.pass_)
    late = _retail(folder / "in/late", NOW, 300)
    clock.now = NOW - timedelta(seconds=2)
    pipeline.take_in(arrived([late]), platform, "r-late")
    anchor(platform)
    clock.now = NOW
    return platform, clock


def _sales(folder: Path, at: datetime, count: int, seed: int, first: int, *faults: FileDefect) -> Path:
    options = SalesOptions(
        count=count,
        seed=seed + 1,
        defects=0.02 + (0.012 if seed < 4 else 0.0),
        end=at - timedelta(hours=2),
        days=2,
        first_number=first,
        file_defects=faults,
        customers=120,
    )
    (made,) = generate_sales(options, folder, rates=RATES, progress=lambda _: None).files
    place = folder / f"sales_batch_{at:%Y%m%d_%H%M%S}.json"
    made.rename(place)
    return place


def _retail(folder: Path, at: datetime, count: int, *, priced: int = 0) -> Path:
    """Invoice lines; with `priced` only so many of 41 have a price."""
    place = folder / f"online_retail_{at:%Y%m%d}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    names = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
    things = ("WHITE HANGING LANTERN", "GLASS STAR FROSTED", "RED WOOLLY HOTTIE", "SET 7 NESTING BOXES", "HAND WARMER")
    with place.open("w", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(names)
        for number in range(count):
            invoice = f"{536365 + int(at.timestamp()) // 86_400 % 1000 * 100 + number // 4}"
            price = (
                ""
                if number % 41 == 7 or (priced and number % 41 >= priced)
                else f"{1 + number % 9}.{(number * 7) % 100:02}"
            )
            quantity = 0 if number % 67 == 11 else 1 + number % 12
            stamp = f"{at.day}/{at.month}/{at.year}"
            thing = things[number % len(things)]
            customer = f"{17850 + number % 60}"
            lines.writerow(
                [invoice, f"{85000 + number % 45}", thing, quantity, stamp, price, customer, "United Kingdom"]
            )
    return place


def _today(folder: Path, platform: Platform, clock: StandingClock, first: int) -> None:
    """What is not in order: a file cut off and sent again, one held, one that failed, one nobody takes."""
    clock.now = NOW - timedelta(minutes=50)
    whole = _sales(folder / "in/whole", clock.now, 60, 91, first)
    content = whole.read_bytes()
    broken = folder / "in/broken"
    broken.mkdir()
    (broken / whole.name).write_bytes(content[: len(content) * 2 // 3])
    run_files(platform, [broken / whole.name])
    clock.now += timedelta(minutes=2)
    run_files(platform, [whole])
    clock.now = NOW - timedelta(minutes=41)
    bad = folder / "in/bad/used_cars_2016.csv"
    bad.parent.mkdir(parents=True)
    bad.write_text("dateCrawled,name,seller\n2016-03-24 11:52:17,Golf_3_1.6,privat\n")
    run_files(platform, [bad])
    clock.now = NOW - timedelta(minutes=35)
    run_files(platform, [_retail(folder / "in/priceless", NOW - timedelta(days=DAYS + 6), 120, priced=2)])
    clock.now = NOW - timedelta(minutes=30)
    (folder / "in/notes.txt").write_text("nothing that a flow takes")
    run_files(platform, [folder / "in/notes.txt"])
    clock.now = NOW - timedelta(minutes=4)
    failing = _sales(folder / "in/failing", clock.now, 90, 92, first + 100)
    (one,) = pipeline.take_in(arrived([failing]), platform, "r-failing")
    why = "The engine's memory limit does not suffice. Next: raise memory_limit in headgate.toml."
    failed = replace(one, state=DeliveryState.FAILED, note=why, tries=4)
    platform.ledger.advance([Move(after=failed)], at=clock())
