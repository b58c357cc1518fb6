"""Amendments that are due at once take the steps as one batch; what comes of it is what comes of them one by one."""

from __future__ import annotations

import pytest
from tests.harness import proof
from tests.harness.office import Office, counted
from tests.harness.project import arrived
from tests.harness.small import rows_of, table_rows, write_rows

from headgate import pipeline
from headgate.core import overlay
from headgate.core.cases import Act, DecisionState
from headgate.core.parameters import vault_name
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState

SILVER, OUTCOMES = "shop/silver/rows", "shop/quarantine/outcomes"


@pytest.fixture(params=["together", "one by one"])
def alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether each is to go by itself."""
    if request.param == "one by one":
        monkeypatch.setattr(overlay, "ROWS_TOGETHER", 0)
    return bool(request.param == "one by one")


def many(office: Office, count: int) -> list[Delivery]:
    """Deliveries of a row that is sound and one that is over the limit."""
    files = [
        write_rows(office.folder / "in", f"{number}.json", [*rows_of(f"a{number}"), *rows_of(f"b{number}", amount=103)])
        for number in range(count)
    ]
    taken = pipeline.take_in(arrived(files), office.platform, "r-many")
    pipeline.work(office.platform)
    return [office.delivery(one.id) for one in taken]


def executed(office: Office) -> list[Delivery]:
    """The amendments that are due, in landing order."""
    done = office.execute()
    assert {one.state for one in done} == {DecisionState.EXECUTED}
    made = [office.delivery(one.amendment or "") for one in done]
    return sorted(made, key=lambda one: one.landing_number)


def publications(office: Office) -> int:
    return len(office.platform.ledger.publications("shop"))


def test_amendments_of_many_deliveries(office: Office, alone: bool) -> None:  # noqa: FBT001  a fixture
    origins = many(office, 6)
    acts = (Act.RELEASE, Act.CORRECT, Act.REJECT) * 2
    for case, act in zip(sorted(office.cases(), key=lambda case: str(case.delivery)), acts, strict=True):
        office.decided(case, act, edits={2: {"amount": "7"}} if act is Act.CORRECT else None)
    made, before = executed(office), publications(office)
    pipeline.work(office.platform)
    assert publications(office) == before + (6 if alone else 1)
    assert [counted(office.delivery(one.id))[0] for one in made] == [1] * 6
    after = sorted((office.delivery(one.id) for one in origins), key=lambda one: one.id)
    assert [counted(one) for one in after] == [(2, 2, 0, 0, 0), (2, 2, 0, 0, 0), (2, 1, 0, 1, 0)] * 2
    by_origin = {one.origin: one.id for one in made}
    assert table_rows(office.platform, OUTCOMES, "_delivery, _row, outcome, _amendment") == sorted(
        (one.id, 2, word, by_origin[one.id])
        for one, word in zip(after, ("released", "corrected", "discarded") * 2, strict=True)
    )
    amounts = table_rows(office.platform, SILVER, "amount", order="amount")
    assert amounts == [(1,)] * 6 + [(7,)] * 2 + [(103,)] * 2
    assert all(len(office.platform.ledger.receipts([one.id])) == 2 for one in origins)
    assert office.cases() == []
    assert proof.faults(office.platform, "shop") == []


def test_two_amendments_of_one_delivery_do_not_go_together(office: Office) -> None:
    """The second is judged after what the first did to their delivery."""
    origin = office.deliver(*rows_of("a", amount=103), *rows_of("b", amount=4))
    many(office, 1)
    for case in office.cases():
        office.decided(case, Act.RELEASE)
    made, before = executed(office), publications(office)
    pipeline.work(office.platform)
    assert len(made) == 3
    assert publications(office) == before + 2
    assert counted(office.delivery(origin.id)) == (2, 2, 0, 0, 0)
    assert proof.faults(office.platform, "shop") == []


def test_keys_that_meet_in_amendments(office: Office, alone: bool) -> None:  # noqa: ARG001, FBT001  a fixture
    many(office, 2)
    for case in office.cases():
        office.decided(case, Act.CORRECT, edits={2: {"amount": "7", "id": "b9", "kind": case.delivery}})
    executed(office)
    pipeline.work(office.platform)
    assert len(table_rows(office.platform, SILVER, "id")) == 3
    assert [case.left for case in office.cases()] == [1]
    assert proof.faults(office.platform, "shop") == []


def test_one_whose_document_was_changed_stops_alone(office: Office, alone: bool) -> None:  # noqa: ARG001, FBT001  a fixture
    many(office, 4)
    for case in office.cases():
        office.decided(case, Act.RELEASE)
    made = executed(office)
    place = office.project / "vault" / vault_name(made[1].sha256)
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().replace(b"release", b"reject "))
    pipeline.work(office.platform)
    states = [office.delivery(one.id).state for one in made]
    assert states == [DeliveryState.ARCHIVED, DeliveryState.FAILED, DeliveryState.ARCHIVED, DeliveryState.ARCHIVED]
    assert "was changed in the vault" in (office.delivery(made[1].id).note or "")
    assert [case.left for case in office.cases()] == [1]
    assert [fault.split()[0] for fault in proof.faults(office.platform, "shop")] == [made[1].name]  # it failed, no more


def test_one_whose_delivery_is_gone_stops_alone(office: Office, alone: bool) -> None:  # noqa: ARG001, FBT001  a fixture
    origins = {one.id: one for one in many(office, 4)}
    for case in office.cases():
        office.decided(case, Act.RELEASE)
    made = executed(office)
    (office.project / "vault" / vault_name(origins[made[2].origin or ""].sha256)).unlink()
    pipeline.work(office.platform)
    states = [office.delivery(one.id).state for one in made]
    assert states == [DeliveryState.ARCHIVED, DeliveryState.ARCHIVED, DeliveryState.FAILED, DeliveryState.ARCHIVED]
    assert len(table_rows(office.platform, SILVER, "id")) == 7


def test_a_contract_that_changed_stops_all_that_were_agreed_under_the_other(office: Office) -> None:
    many(office, 3)
    for case in office.cases():
        office.decided(case, Act.RELEASE)
    made = executed(office)
    place = next((office.project / "flows" / "shop").glob("contract*"))
    place.write_text(place.read_text().replace("1.0.0", "1.1.0"))
    office.open()
    pipeline.work(office.platform)
    assert {office.delivery(one.id).state for one in made} == {DeliveryState.FAILED}
    assert all("was agreed under contract" in (office.delivery(one.id).note or "") for one in made)
    assert len(table_rows(office.platform, SILVER, "id")) == 3
