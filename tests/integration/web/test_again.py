"""Running a delivery again from its page: said before, done as said, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.harness.project import make_project, make_sales, open_project, run_files
from tests.integration.web.conftest import Web

from headgate import pipeline
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery, Move
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.states import DeliveryState
from headgate.operations import change_parameter


@pytest.fixture
def landed(tmp_path: Path) -> Path:
    """A project of this test's own, since it is changed."""
    folder = make_project(tmp_path / "project", "sales")
    platform = open_project(folder)
    run_files(platform, make_sales(folder / "in", count=120, seed=5, defects=0.1).files)
    platform.close()
    return folder


@pytest.fixture
def own(make_web: Callable[[], Web]) -> Iterator[Web]:
    made = make_web()
    yield made
    made.site.uploads.close()
    made.site.people.accounts.close()


def only(platform: Platform) -> Delivery:
    (one,) = platform.ledger.deliveries(DeliveryFilter())
    return one


def operator(web: Web) -> tuple[TestClient, dict[str, str]]:
    account = web.account(Grant(role=Role.OPERATOR))
    client = web.signed_in(account)
    text = client.get(f"/deliveries/{only(web.site.platform).id}/again").text
    plan = re.search(r'name="plan" value="(\w+)"', text)
    return client, {"csrf": web.csrf(account), "plan": plan[1] if plan else ""}


def test_what_will_happen_is_said_and_then_happens(own: Web) -> None:
    platform = own.site.platform
    one = only(platform)
    client, form = operator(own)
    text = client.get(f"/deliveries/{one.id}/again").text
    assert "120 rows are checked again under what is in force" in text
    assert "so the same verdicts come out" in text
    answer = client.post(f"/deliveries/{one.id}/again", data=form)
    assert answer.status_code == 303
    assert only(platform).state is DeliveryState.LANDED
    assert "It runs again" in client.get(answer.headers["location"]).text
    pipeline.work(platform)
    after = only(platform)
    assert (after.state, after.counts) == (DeliveryState.ARCHIVED, one.counts)
    text = client.get(f"/deliveries/{one.id}").text
    assert "round 2 of 2" in text
    assert "Download receipt 2" in text


def test_a_plan_that_is_old_does_nothing(own: Web) -> None:
    platform = own.site.platform
    client, form = operator(own)
    reason = "A trial"
    change_parameter(platform, "sales", "amount_limit", "90.00", set_by="ops", reason=reason)
    answer = client.post(f"/deliveries/{only(platform).id}/again", data=form)
    assert answer.status_code == 409
    assert "Nothing was done" in answer.text
    assert "<del>v1</del>" in answer.text
    assert only(platform).state is DeliveryState.ARCHIVED
    assert client.post(f"/deliveries/{only(platform).id}/again", data=form | {"plan": ""}).status_code == 409


def test_the_values_of_its_receipt_can_stand_once_more(own: Web) -> None:
    platform = own.site.platform
    before = only(platform)
    change_parameter(platform, "sales", "amount_limit", "1.00", set_by="ops", reason="A trial")
    client, form = operator(own)
    client.post(f"/deliveries/{before.id}/again", data=form | {"same": "yes"})
    pipeline.work(platform)
    assert only(platform).counts == before.counts


def test_the_second_of_two_clicks_is_told(own: Web) -> None:
    client, form = operator(own)
    place = f"/deliveries/{only(own.site.platform).id}/again"
    assert [client.post(place, data=form).status_code for _ in range(2)] == [303, 409]


def test_a_failed_delivery_is_tried_again(own: Web) -> None:
    platform = own.site.platform
    one = only(platform)
    platform.ledger.advance([Move(after=replace(one, state=DeliveryState.LANDED))], at=platform.clock())
    failed = replace(one, state=DeliveryState.FAILED, note="The disk is full.", tries=4, counts=None)
    platform.ledger.advance([Move(after=failed)], at=platform.clock())
    client, form = operator(own)
    text = client.get(f"/deliveries/{one.id}/again").text
    assert "try 5" in text
    assert "The disk is full." in text
    assert client.post(f"/deliveries/{one.id}/again", data=form).status_code == 303
    assert only(platform).state is DeliveryState.LANDED


def test_who_operates_another_flow_runs_nothing(own: Web) -> None:
    account = own.account(Grant(role=Role.OPERATOR, flow="retail"), Grant(role=Role.AUDITOR))
    client = own.signed_in(account)
    place = f"/deliveries/{only(own.site.platform).id}"
    assert "Run it again" not in client.get(place).text
    assert client.get(f"{place}/again").status_code == 403
    assert client.post(f"{place}/again", data={"csrf": own.csrf(account)}).status_code == 403
