"""What was held before there were cases: `doctor` tells it, and checking it again opens them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from tests.harness import proof
from tests.harness.office import LIMIT, Office, counted
from tests.harness.small import FLOW, rows_of

from headgate import operations, pipeline
from headgate.core.cases import Act, CaseKind
from headgate.core.errors import UsageError
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.serve.doctor import Finding, examine


def finding(office: Office) -> Finding:
    found = examine(
        office.platform, keys=office.project / "keys", require=lambda _platform, _flow: None, cases=office.desk.cases
    )
    return next(one for one in found if one.check == "cases")


def forgotten(office: Office) -> None:
    """The ledger as an earlier version left it."""
    (place,) = office.project.rglob("ledger.db")
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute("DELETE FROM cases")


def again(office: Office, one: Delivery) -> Delivery:
    operations.reprocess(office.platform, one, values={})
    pipeline.work(office.platform)
    return office.delivery(one.id)


def test_held_rows(office: Office) -> None:
    office.deliver(*rows_of("a"))
    origin = office.deliver(*rows_of("b"), *rows_of("c", "d", amount=102))
    assert finding(office).ok
    forgotten(office)
    told = finding(office)
    assert told.found == f"2 rows of 1 deliveries wait in no case, such as those of {origin.id}"
    assert f"headgate reprocess {origin.id}" in told.next
    assert counted(again(office, origin)) == (3, 1, 2, 0, 0)
    assert finding(office).ok
    office.settle(office.case(), Act.RELEASE)
    assert counted(office.delivery(origin.id)) == (3, 3, 0, 0, 0)
    assert proof.faults(office.platform, "shop") == []


def test_a_delivery_that_is_held_as_a_whole(office: Office) -> None:
    office.write(flow=FLOW + "check: {accept_at_least: 1}\n" + LIMIT)
    origin = office.deliver(*rows_of("a"), *rows_of("b", amount=102))
    assert origin.state is DeliveryState.HELD
    forgotten(office)
    assert origin.id in finding(office).found
    with pytest.raises(UsageError, match="is held; only what is archived"):
        operations.reprocess(office.platform, origin, values={"limit": "500"})
    assert again(office, origin).state is DeliveryState.HELD
    (case,) = office.cases(kind=CaseKind.DELIVERY)
    assert (case.delivery, finding(office).ok) == (origin.id, True)
    assert proof.faults(office.platform, "shop") == []
    office.write(flow=FLOW + "check: {accept_at_least: 0}\n" + LIMIT)
    assert again(office, office.delivery(origin.id)).state is DeliveryState.ARCHIVED
    assert [one.kind for one in office.cases()] == [CaseKind.ROWS]
    assert proof.faults(office.platform, "shop") == []
