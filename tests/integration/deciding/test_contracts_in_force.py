"""A contract that was agreed to is put in force, wherever a process was killed; and never over somebody's own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from tests.harness.office import Office
from tests.harness.project import all_deliveries
from tests.harness.small import FLOW, contract, rows_of

from headgate import pipeline
from headgate.cli.running_project import execute_decided
from headgate.cli.watch_loop import runs
from headgate.core.cases import Act, CaseKind, Decision, DecisionState
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.states import DeliveryState
from headgate.deciding.desk import read_kept
from headgate.deciding.drift import agreed_beside, put_in_force
from headgate.deciding.in_force import lay_beside
from headgate.deciding.plan import plan
from headgate.deciding.votes import agree, propose
from headgate.serve.agreed_contracts import LEFT, contracts_beside
from headgate.serve.doctor import Finding, examine
from headgate.settings import read_settings


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """One delivery that waits since it has a column more."""
    made = Office(tmp_path).write(contract_text=contract(), flow=FLOW)
    assert made.deliver(*rows_of("a", "b", tier="gold")).state is DeliveryState.HELD
    yield made
    made.close()


def place(office: Office) -> Path:
    return office.project / "flows" / "shop" / CONTRACT_FILE


def accepted(office: Office) -> Decision:
    return office.decided(office.cases(kind=CaseKind.DRIFT)[0], Act.ACCEPT)


def killed(office: Office, decided: Decision | None = None) -> Decision:
    """What a process leaves that is killed between the ledger and the folder."""
    decision = decided or accepted(office)
    document, size = read_kept(office.platform, decision.digest)
    assert not lay_beside(office.platform, document)
    office.now = decision.due_at or office.now
    office.desk.cases.execute(decision.case, decision.number, problem="", parameters={}, size_bytes=size, at=office.now)
    office.open()
    assert "tier" not in place(office).read_text()
    return decision


def agreed_text(office: Office, decision: Decision) -> str:
    return read_kept(office.platform, decision.digest)[0].contract_text or ""


def beside(office: Office, pattern: str = f".{CONTRACT_FILE}*") -> list[Path]:
    return [file for _, file in contracts_beside(office.platform.flows, pattern)]


def finding(office: Office) -> Finding:
    found = examine(
        office.platform, keys=office.project / "keys", require=lambda _platform, _flow: None, cases=office.desk.cases
    )
    return next(one for one in found if one.check == "contracts")


def test_the_next_start_puts_it_in_force(office: Office) -> None:
    decision = killed(office)
    assert finding(office).next.startswith("`headgate run`")
    (done,) = office.execute()
    assert (done.case, done.number, done.state) == (decision.case, decision.number, DecisionState.EXECUTED)
    assert place(office).read_text() == agreed_text(office, decision)
    assert finding(office).ok
    pipeline.work(office.platform)
    assert [one.state for one in all_deliveries(office.platform)] == [DeliveryState.ARCHIVED]
    assert (office.execute(), beside(office)) == ([], [])


def test_the_line_ends_of_a_text_are_its_own(office: Office) -> None:
    case = office.cases(kind=CaseKind.DRIFT)[0]
    text = (plan(office.desk, case, Act.ACCEPT).document.contract_text or "").replace("\n", "\r\n")
    decision = propose(
        office.desk, plan(office.desk, case, Act.ACCEPT, contract=text), by=office.people["ada"], reason="so"
    )
    if decision.state is DecisionState.PROPOSED:
        decision = agree(office.desk, decision, by=office.people["bob"], digest=decision.digest)
    killed(office, decision)
    assert len(office.execute()) == 1
    assert place(office).read_bytes() == text.encode()


def test_what_was_held_once_more_meanwhile_goes_on(office: Office) -> None:
    killed(office)
    pipeline.work(office.platform)  # as `headgate retry` does, which executes no decision
    assert office.cases(kind=CaseKind.DRIFT)
    assert office.execute()
    pipeline.work(office.platform)
    assert [one.state for one in all_deliveries(office.platform)] == [DeliveryState.ARCHIVED]
    assert not office.cases()


def test_a_command_sees_that_a_contract_is_left(office: Office) -> None:
    killed(office)
    assert execute_decided(read_settings(office.project, {}), office.platform) == 1
    assert "tier" in place(office).read_text()


@pytest.mark.parametrize("by_hand", ["# somebody was here\n", "description: {purpose: other}\n"])
def test_what_somebody_wrote_since_stands_and_is_told_once(
    office: Office, by_hand: str, caplog: pytest.LogCaptureFixture
) -> None:
    decision = killed(office)
    changed = place(office).read_text().replace("version: 1.0.0", "version: 1.0.1") + by_hand
    place(office).write_text(changed)
    with caplog.at_level(logging.WARNING, logger="headgate"):
        assert office.open().execute() == []
        assert office.execute() == []
    assert [record.__dict__["case"] for record in caplog.records] == [decision.case]
    assert place(office).read_text() == changed
    (kept,) = beside(office, LEFT)
    assert kept.read_text() == agreed_text(office, decision)
    assert str(kept) in finding(office).found


def test_who_goes_back_by_hand_is_not_overruled(office: Office) -> None:
    before = place(office).read_text()
    accepted(office)
    office.execute()
    assert "tier" in place(office).read_text()
    place(office).write_text(before)
    office.open()
    assert office.execute() == []
    assert place(office).read_text() == before


def test_a_contract_changed_since_it_was_shown_voids_the_decision(office: Office) -> None:
    accepted(office)
    changed = place(office).read_text() + "# somebody was here\n"
    place(office).write_text(changed)  # the process that executes has the old one in memory
    (ended,) = office.execute()
    assert ended.state is DecisionState.VOID
    assert "was changed since it was shown" in ended.note
    assert (place(office).read_text(), beside(office)) == (changed, [])


def test_a_folder_that_cannot_be_written_voids_the_decision(office: Office) -> None:
    decision = accepted(office)
    flow = office.platform.flows["shop"]
    agreed_beside(flow, agreed_text(office, decision)).with_suffix(".part").mkdir()
    (ended,) = office.execute()
    assert ended.state is DecisionState.VOID
    assert "cannot be written into the folder of flow shop" in ended.note


def test_the_text_of_a_decision_that_did_not_come_about_is_removed(office: Office) -> None:
    decision = accepted(office)
    assert not lay_beside(office.platform, read_kept(office.platform, decision.digest)[0])
    office.desk.cases.end(
        decision.case, decision.number, DecisionState.WITHDRAWN, note="no", by=office.people["ada"].id, at=office.now
    )
    assert office.execute() == []
    assert (beside(office), "tier" in place(office).read_text()) == ([], False)


def test_putting_in_force_twice_changes_nothing(office: Office) -> None:
    decision = accepted(office)
    office.execute()
    document = read_kept(office.platform, decision.digest)[0]
    before = place(office).stat()
    assert put_in_force(office.platform, document).contract.digest == office.platform.flows["shop"].contract.digest
    assert place(office).stat() == before


def test_a_watcher_takes_up_what_a_killed_process_left(office: Office) -> None:
    killed(office)
    settings, stop = read_settings(office.project, {}), Event()
    for result in runs(office.platform, settings, [], stop, decided=lambda: 0):
        assert [one.name for one in result.deliveries] == ["1.json"]
        stop.set()
    assert office.cases(kind=CaseKind.DRIFT)  # held once more: nothing was put in force
