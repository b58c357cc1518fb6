"""A table that was set back stops the flow that owns it and those that read it, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.harness import proof
from tests.harness.project import arrived, make_project, make_sales, open_project

from headgate import operations
from headgate.core.platform import Platform
from headgate.core.states import DeliveryState as State
from headgate.serve.doctor import examine
from headgate.settings import read_settings
from headgate.wiring import open_cases

READINGS = "properties: [{name: sensor, required: true}, {name: value}]"
RETURNS = (
    "properties: [{name: sale, required: true, relationships: [{to: transactions.transaction_id}]}, {name: value}]"
)
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: %(name)s
version: 1.0.0
status: active
schema: [{name: %(name)s, %(properties)s}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Sales; readings, which stand alone; returns, which must name a published sale."""
    folder = make_project(tmp_path / "project", "sales")
    for name, properties in (("readings", READINGS), ("returns", RETURNS)):
        place = folder / "flows" / name
        place.mkdir()
        (place / "flow.yaml").write_text(f"source: {{files: '{name}*.csv'}}\n")
        (place / "contract.odcs.yaml").write_text(CONTRACT % {"name": name, "properties": properties})
    return folder


@pytest.fixture
def platform(project: Path) -> Iterator[Platform]:
    opened = open_project(project)
    yield opened
    opened.close()


def write(folder: Path, number: int, sale: str) -> list[Path]:
    """A file of each flow, other ones for each number."""
    made = make_sales(folder / f"in-{number}", count=20, seed=number, first_number=100 * number).files[0]
    readings, returns = folder / f"readings-{number}.csv", folder / f"returns-{number}.csv"
    readings.write_text(f"sensor,value\ns{number},1\n")
    returns.write_text(f"sale,value\n{sale},{number}\n")
    return [made, readings, returns]


def run(platform: Platform, project: Path, files: list[Path]) -> operations.RunResult:
    return operations.run(platform, arrived(files), reports=project / "reports")


def states(result: operations.RunResult) -> dict[str | None, State]:
    return {one.flow: one.state for one in result.deliveries}


def set_back(project: Path) -> None:
    log = project / "lake" / "sales" / "silver" / "transactions" / "_delta_log"
    max(log.glob("*.json")).unlink()


@pytest.mark.parametrize("earlier", [0, 1], ids=["its first commit", "its last commit"])
def test_the_owner_and_its_readers_stop_and_others_go_on(
    platform: Platform, project: Path, tmp_path: Path, earlier: int
) -> None:
    for number in range(earlier):
        run(platform, project, write(tmp_path, 3 + number, "T1"))
    first = run(platform, project, write(tmp_path, 1, "T1"))
    assert first.faults == ()
    assert states(first)["sales"] is State.ARCHIVED
    set_back(project)
    reopened = open_project(project)
    second = run(reopened, project, write(tmp_path, 2, "T1"))
    assert states(second) == {"sales": State.CHECKED, "readings": State.ARCHIVED, "returns": State.CHECKED}
    owner, reader = second.faults
    assert "flow sales is stopped" in owner
    assert "doctor --repair sales" in owner
    assert "flow returns is stopped with sales" in reader
    # a watch asks between batches; it leaves them alone too
    watched = operations.run(reopened, [], reports=project / "reports", stop=lambda: False)
    assert states(watched) == {"sales": State.CHECKED, "returns": State.CHECKED}
    operations.repair(reopened, reopened.flows["sales"], reason="set back")
    third = run(reopened, project, [])
    assert third.faults == ()
    assert states(third)["sales"] is State.ARCHIVED
    assert State.CHECKED not in states(third).values()
    for flow in reopened.flows:
        assert proof.faults(reopened, flow) == []
    reopened.close()


def test_a_table_whose_log_cannot_be_read_stops_its_flow(platform: Platform, project: Path, tmp_path: Path) -> None:
    run(platform, project, write(tmp_path, 1, "T1"))
    log = project / "lake" / "sales" / "silver" / "transactions" / "_delta_log"
    (log / f"{1:020}.json").write_text("{garbage")
    reopened = open_project(project)
    result = run(reopened, project, write(tmp_path, 2, "T1"))
    assert states(result)["readings"] is State.ARCHIVED
    assert "the log of table sales/silver/transactions cannot be read" in result.faults[0]
    cases = open_cases(read_settings(project, {}))
    findings = examine(reopened, keys=project / "keys", require=operations.require_tables, cases=cases)
    assert {finding.check for finding in findings if not finding.ok} == {"tables of sales"}
    cases.close()
    reopened.close()
