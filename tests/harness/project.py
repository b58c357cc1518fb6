"""A project in a temporary folder, driven through the library as the command line drives it."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from headgate import pipeline
from headgate.core.batches import Arrived
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.generate.defects import Defect, FileDefect
from headgate.generate.sales import Generated, SalesOptions, generate_sales
from headgate.project import enter_flows, load_flows
from headgate.settings import FILE, Settings, read_settings
from headgate.wiring import open_platform, shipped_flows

END = datetime(2026, 11, 20, 6, tzinfo=UTC)
"""End of generated data: everything but future dates is earlier."""

LANDING = END + timedelta(hours=2)
"""When deliveries land, so that now() of a rule is the same in every run."""


def ticking(start: datetime = LANDING) -> Callable[[], datetime]:
    """A clock that moves by a millisecond whenever it is asked."""
    count = itertools.count()
    return lambda: start + timedelta(milliseconds=next(count))


def make_project(folder: Path, *flows: str) -> Path:
    """Write headgate.toml and copies of the shipped flows, all of them where none is named."""
    folder.mkdir(parents=True)
    (folder / FILE).write_text('[project]\nname = "proof"\n')
    for source in sorted(shipped_flows().iterdir()):
        if (source / "flow.yaml").exists() and (not flows or source.name in flows):
            shutil.copytree(source, folder / "flows" / source.name)
    return folder


def open_project(
    folder: Path,
    *,
    clock: Callable[[], datetime] | None = None,
    **settings: Any,  # noqa: ANN401  any setting by its name
) -> Platform:
    """The project's platform, contracts and parameters entered; the caller closes its ledger."""
    read = replace(read_settings(folder, {}), **settings)
    return _opened(read, clock or ticking())


def _opened(settings: Settings, clock: Callable[[], datetime]) -> Platform:
    platform = open_platform(settings, load_flows(settings), clock=clock)
    enter_flows(platform)
    return platform


def arrived(files: Sequence[Path], *, flow: str | None = None, again: bool = False) -> list[Arrived]:
    """Files as a sender's folder gives them."""
    return [
        Arrived(path=str(file), name=file.name, size_bytes=file.stat().st_size, flow=flow, again=again)
        for file in files
    ]


def run_files(platform: Platform, files: Sequence[Path], *, run: str = "r-1", flow: str | None = None) -> None:
    """Take files in and take them as far as they go."""
    pipeline.take_in(arrived(files, flow=flow), platform, run)
    pipeline.work(platform)


def all_deliveries(platform: Platform) -> list[Delivery]:
    """Every delivery in landing order."""
    return platform.ledger.deliveries(DeliveryFilter())


def make_sales(
    folder: Path,
    *,
    count: int,
    seed: int,
    files: int = 1,
    defects: float = 0.0,
    kinds: frozenset[Defect] | None = None,
    file_defects: tuple[FileDefect, ...] = (),
    days: int = 30,
    first_number: int = 1,
    customers: int | None = None,
) -> Generated:
    """Generated sales with their answer key, always up to the same moment."""
    options = SalesOptions(
        count=count,
        files=files,
        seed=seed,
        defects=defects,
        kinds=kinds,
        file_defects=file_defects,
        end=END,
        days=days,
        customers=customers,
        first_number=first_number,
    )
    return generate_sales(options, folder, rates=shipped_flows() / "sales" / "fx_rates.csv", progress=_unheard)


def _unheard(done: int) -> None:
    del done
