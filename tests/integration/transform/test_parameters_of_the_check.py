"""A parameter that changes between check and publication: rules and tasks of a delivery use the same version."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.harness.project import all_deliveries, arrived, make_project, make_sales, open_project

from headgate import operations, pipeline
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.wiring import shipped_flows

SILVER = "sales/silver/transactions"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return list(make_sales(tmp_path / "made", count=90, seed=3, files=3).files)


def check_all(platform: Platform) -> None:
    while pipeline.check_next(platform):
        pass


def halve_rates(platform: Platform, folder: Path) -> None:
    """Enter a second version of the rates: half of each."""
    lines = (shipped_flows() / "sales" / "fx_rates.csv").read_text().splitlines()
    heads = lines[0].split(",")
    place = heads.index("rate")
    changed = [line.split(",") for line in lines[1:]]
    for cells in changed:
        cells[place] = f"{Decimal(cells[place]) / 2:.8f}"
    path = folder / "halved.csv"
    path.write_text("\n".join([lines[0], *(",".join(cells) for cells in changed)]) + "\n")
    operations.change_parameter(platform, "sales", "fx_rates", str(path), set_by="proof", reason="halved")


def in_euros(platform: Platform) -> dict[str, Decimal]:
    """Sum of `total_eur` over sums in euros, by delivery: 1 under the first rates, 0.5 under the second."""
    snapshot = platform.tables.snapshot(SILVER)
    assert snapshot is not None
    engine = platform.engine()
    engine.register("silver", snapshot.files)
    found = engine.rows("SELECT _delivery, sum(total_eur) / sum(total) FROM silver WHERE currency = 'EUR' GROUP BY ALL")
    engine.close()
    return {id_: round(Decimal(str(factor)), 3) for id_, factor in found}


def test_tasks_use_the_version_that_the_rows_were_checked_under(files: list[Path], tmp_path: Path) -> None:
    platform = open_project(make_project(tmp_path / "project", "sales"))
    pipeline.take_in(arrived(files[:1]), platform, "r-1")
    check_all(platform)
    halve_rates(platform, tmp_path)
    pipeline.work(platform)
    (one,) = all_deliveries(platform)
    assert one.state is DeliveryState.ARCHIVED
    assert one.parameters["fx_rates"] == 1
    assert in_euros(platform) == {one.id: 1}
    platform.close()


def test_what_was_checked_under_other_versions_is_published_after_it(files: list[Path], tmp_path: Path) -> None:
    platform = open_project(make_project(tmp_path / "project", "sales"))
    pipeline.take_in(arrived(files[:1]), platform, "r-1")
    check_all(platform)
    halve_rates(platform, tmp_path)
    pipeline.take_in(arrived(files[1:]), platform, "r-1")
    check_all(platform)
    pipeline.work(platform)
    deliveries = all_deliveries(platform)
    assert [(one.publication, one.parameters["fx_rates"]) for one in deliveries] == [(1, 1), (2, 2), (2, 2)]
    first, *others = (one.id for one in deliveries)
    assert in_euros(platform) == {first: 1} | dict.fromkeys(others, Decimal("0.5"))
    platform.close()


def test_landing_order_goes_before_sharing_a_stage(files: list[Path], tmp_path: Path) -> None:
    """The second was checked again under newer rates: the third, though staged beside the first, does not pass it."""
    platform = open_project(make_project(tmp_path / "project", "sales"))
    pipeline.take_in(arrived(files), platform, "r-1")
    check_all(platform)
    _first, second, _third = all_deliveries(platform)
    fence = platform.ledger.acquire("flow:sales", platform.owner, ttl_s=30)
    assert fence is not None
    platform.ledger.advance(
        [Move(after=replace(second, state=DeliveryState.LANDED), event="stage_lost")], at=platform.clock(), fence=fence
    )
    platform.ledger.release(fence)
    halve_rates(platform, tmp_path)
    check_all(platform)
    pipeline.work(platform)
    found = platform.ledger.deliveries(DeliveryFilter(flow="sales"))
    assert [one.state for one in found] == [DeliveryState.ARCHIVED] * 3
    assert [one.publication for one in found] == [1, 2, 3]
    platform.close()
