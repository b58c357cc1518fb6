"""The page of a delivery joined with what people decide about it: cases that wait, amendments, what one amends."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from tests.harness.project import make_project, make_sales, open_project, run_files
from tests.integration.web.conftest import Web

from headgate import pipeline
from headgate.core.accounts import Account
from headgate.core.cases import Act, Case, CaseFilter, CaseKind
from headgate.core.ports import DeliveryFilter
from headgate.core.roles import Grant, Role
from headgate.deciding.execution import execute_due
from headgate.deciding.plan import ALL, plan
from headgate.deciding.votes import propose
from headgate.generate.defects import Defect
from headgate.people import add_account
from headgate.serve.deliveries import receipt_file


@pytest.fixture
def landed(tmp_path: Path) -> Path:
    """A project in which rows of one file wait for two reasons, and another file is held as a whole."""
    folder = make_project(tmp_path / "project", "retail", "sales")
    platform = open_project(folder)
    kinds = frozenset({Defect.TOTAL_MISMATCH, Defect.UNKNOWN_CURRENCY})
    run_files(platform, make_sales(folder / "one", count=200, seed=5, defects=0.04, kinds=kinds).files)
    run_files(platform, make_sales(folder / "two", count=60, seed=6, defects=0.3, first_number=900).files)
    platform.close()
    return folder


def cases(web: Web, kind: CaseKind) -> list[Case]:
    return web.site.desk.cases.cases(CaseFilter(kind=kind))


def decide(web: Web, case: Case, by: Account) -> str:
    """Release all rows of a case and publish them; the amendment's id."""
    desk = web.site.desk
    done = propose(desk, plan(desk, case, Act.RELEASE, selection=ALL, edits=[]), by=by, reason="agreed with the shop")
    web.clock.now += timedelta(minutes=5)
    execute_due(desk)
    pipeline.work(web.site.platform)
    return desk.cases.decisions([done.case])[-1].amendment or ""


def read(web: Web, path: str, role: Role = Role.REVIEWER) -> str:
    answer = web.signed_in(web.account(Grant(role=role))).get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text.replace("&nbsp;", " ").replace("\N{NO-BREAK SPACE}", " "))


def test_what_is_held_leads_to_its_case(web: Web) -> None:
    first, *_ = waiting = cases(web, CaseKind.ROWS)
    shown = read(web, f"/deliveries/{first.delivery}")
    for case in waiting:
        assert re.search(rf'href="/cases/{case.id}">Review {case.left} rows?<', shown)
    assert "/inbox?group=" in shown
    assert "No row has been released or corrected yet." in shown
    assert "released rows return as an amendment: 0 so far" in shown
    assert f'href="/cases/{first.id}">See ' in read(web, f"/deliveries/{first.delivery}", Role.AUDITOR)


def test_what_is_held_as_a_whole_names_its_case(web: Web) -> None:
    (case,) = cases(web, CaseKind.DELIVERY)
    shown = read(web, f"/deliveries/{case.delivery}")
    assert f'decide on <a href="/cases/{case.id}">' in shown
    assert f'a reviewer decides on <a href="/cases/{case.id}">' in read(
        web, f"/deliveries/{case.delivery}", Role.AUDITOR
    )


def test_an_amendment_and_its_origin_tell_of_each_other(web: Web) -> None:
    ada = add_account(web.site.people, "ada-7", [Grant(role=Role.REVIEWER)], by="test")
    case = cases(web, CaseKind.ROWS)[0]
    amendment = decide(web, case, ada)
    ledger = web.site.platform.ledger
    (made,) = ledger.deliveries(DeliveryFilter(ids=(amendment,)))
    (origin,) = ledger.deliveries(DeliveryFilter(ids=(case.delivery or "",)))
    shown = read(web, f"/deliveries/{case.delivery}", Role.AUDITOR)
    assert re.search(rf'href="/cases/{case.id}">Released {case.rows} rows?</a>', shown)
    assert "ada-7 proposed; ada-7 agreed" in shown
    told = f"{case.rows} {'row' if case.rows == 1 else 'rows'} came back by 1 amendment"
    assert shown.count(told) == 3  # both descriptions, and the wide picture
    (receipt,) = ledger.receipts((amendment,))
    assert f'href="/deliveries/{amendment}/receipts/{receipt.number}"' in shown
    assert receipt_file(receipt) in read(web, f"/deliveries/{amendment}")
    own = read(web, f"/deliveries/{amendment}", Role.AUDITOR)
    assert f"Amendment of <bdi>{origin.name}</bdi>" in own
    assert f'href="/deliveries/{origin.id}"' in own
    assert "“agreed with the shop”" in own
    assert "came back" not in own
    assert made.sha256 in own
    listed = read(web, "/deliveries", Role.AUDITOR)
    assert f"Amendment of {origin.name}" in listed
    assert re.search(rf"released {case.rows} rows?", listed)


def test_the_overview_tells_a_held_delivery_once(web: Web) -> None:
    (case,) = cases(web, CaseKind.DELIVERY)
    assert case.delivery is not None
    assert case.delivery in read(web, "/", Role.AUDITOR)
    shown = read(web, "/")
    assert "Waits for you" in shown
    assert "1 delivery of sales held as a whole" in shown
    assert f"/deliveries/{case.delivery}" not in shown
