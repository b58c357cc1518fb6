"""A delivery that is checked again takes along what people decided about its rows."""

from __future__ import annotations

import pytest
from tests.harness import proof
from tests.harness.office import ANY_SHARE, LIMIT, RULES, Office, counted
from tests.harness.project import all_deliveries
from tests.harness.small import FLOW, contract, rows_of, table_rows

from headgate import operations, pipeline
from headgate.core.cases import Act, DecisionState
from headgate.core.errors import UsageError
from headgate.core.states import DeliveryState
from headgate.deciding.plan import plan
from headgate.deciding.proposal import Edit
from headgate.serve.case_rows import one_row
from headgate.serve.delivery_words import tell_state

SILVER = "shop/silver/rows"


def again(office: Office, number: int = 0, **values: str) -> tuple[int, int, int, int, int]:
    """Check a delivery again; how it balances then."""
    one = all_deliveries(office.platform)[number]
    operations.reprocess(office.platform, one, values=values)
    pipeline.work(office.platform)
    after = office.delivery(one.id)
    assert after.state is DeliveryState.ARCHIVED, after.note
    assert proof.faults(office.platform, "shop") == []
    return counted(after)


def published(office: Office) -> list[tuple[str, int, bool]]:
    return table_rows(office.platform, SILVER, "id, amount, _amendment IS NOT NULL")


@pytest.fixture
def decided(office: Office) -> Office:
    """Four rows of one delivery: one sound, one released, one corrected, one rejected."""
    office.deliver(*rows_of("a"), *rows_of("b", "c", "d", amount=102))
    office.settle(office.case(), Act.RELEASE, rows=[2])
    office.settle(office.case(), Act.CORRECT, edits={3: {"amount": "77"}})
    office.settle(office.case(), Act.REJECT)
    return office


def test_decisions_stand_while_their_rules_do(decided: Office) -> None:
    before = proof.digests(decided.platform, "silver", "gold")
    assert again(decided) == (4, 3, 0, 1, 0)
    assert published(decided) == [("a", 1, False), ("b", 102, True), ("c", 77, True)]
    assert proof.digests(decided.platform, "silver", "gold") == before
    assert decided.cases() == []


def test_under_another_value_corrections_and_waivers_are_judged_anew(decided: Office) -> None:
    """The waived rule is the same, so it stays waived; the corrected record is over the new limit."""
    operations.change_parameter(decided.platform, "shop", "limit", "50", set_by="command", reason="less")
    assert again(decided) == (4, 2, 1, 1, 0)
    assert published(decided) == [("a", 1, False), ("b", 102, True)]
    case = decided.case()
    assert case.left == 1
    assert '"amount":77' in (one_row(decided.platform, case, 3).record or "").replace(" ", "")


def test_a_corrected_row_that_is_held_again_is_decided_as_it_stands_now(decided: Office) -> None:
    operations.change_parameter(decided.platform, "shop", "limit", "50", set_by="command", reason="less")
    again(decided)
    decided.settle(decided.case(), Act.RELEASE)
    assert published(decided) == [("a", 1, False), ("b", 102, True), ("c", 77, True)]
    assert proof.faults(decided.platform, "shop") == []
    assert again(decided) == (4, 3, 0, 1, 0)
    assert published(decided) == [("a", 1, False), ("b", 102, True), ("c", 77, True)]


def test_a_corrected_row_that_is_held_again_is_corrected_from_how_it_stands_now(decided: Office) -> None:
    operations.change_parameter(decided.platform, "shop", "limit", "50", set_by="command", reason="less")
    again(decided)
    decided.settle(decided.case(), Act.CORRECT, edits={3: {"amount": "49"}})
    assert table_rows(decided.platform, SILVER, "id, amount, kind") == [("a", 1, "a"), ("b", 102, "a"), ("c", 49, "a")]
    assert again(decided) == (4, 3, 0, 1, 0)
    assert published(decided) == [("a", 1, False), ("b", 102, True), ("c", 49, True)]


def test_a_corrected_row_that_is_held_again_can_be_rejected(decided: Office) -> None:
    operations.change_parameter(decided.platform, "shop", "limit", "50", set_by="command", reason="less")
    again(decided)
    decided.settle(decided.case(), Act.REJECT)
    assert published(decided) == [("a", 1, False), ("b", 102, True)]
    assert again(decided) == (4, 2, 0, 2, 0)


def test_a_released_row_whose_rule_changed_is_held_again_and_can_be_corrected(decided: Office) -> None:
    text = contract(rules=RULES.replace("<= $limit", "< $limit")).replace("1.0.0", "1.1.0")
    decided.write(contract_text=text)
    assert again(decided) == (4, 2, 1, 1, 0)
    assert published(decided) == [("a", 1, False), ("c", 77, True)]
    decided.settle(decided.case(), Act.CORRECT, edits={2: {"amount": "99"}})
    assert published(decided) == [("a", 1, False), ("b", 99, True), ("c", 77, True)]
    assert again(decided) == (4, 3, 0, 1, 0)


def test_a_waiver_goes_with_the_record_that_it_was_given_for(office: Office) -> None:
    """Released although even, then held by another rule and corrected: the new record must be sound by itself."""
    office.deliver(*rows_of("a", amount=4))
    office.settle(office.case("not_odd"), Act.RELEASE)
    operations.change_parameter(office.platform, "shop", "limit", "3", set_by="command", reason="less")
    assert again(office) == (1, 0, 1, 0, 0)

    with pytest.raises(UsageError, match="none of the 1 rows would pass: not_odd on 1"):
        plan(office.desk, office.case(), Act.CORRECT, edits=[Edit(row=1, values={"amount": "2"})])
    office.settle(office.case(), Act.RELEASE)
    assert published(office) == [("a", 4, True)]
    assert again(office) == (1, 1, 0, 0, 0)
    assert proof.faults(office.platform, "shop") == []


def test_values_of_a_delivery_alone_go_on_for_its_amendments(office: Office) -> None:
    office.deliver(*rows_of("a", "b", amount=51))
    assert again(office, limit="50") == (2, 0, 2, 0, 0)
    office.settle(office.case(), Act.RELEASE, rows=[1])
    assert published(office) == [("a", 51, True)]
    assert proof.faults(office.platform, "shop") == []
    assert again(office) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("how", ["same", "other values", "replaced"])
def test_an_amendment_whose_origin_was_judged_again_before_it_was_published(office: Office, how: str) -> None:
    """People decided on what was shown then: nothing is published, the decision is void, and both say why."""
    if how == "replaced":
        office.write(flow=FLOW.replace('"*.json"}', '"*.json", new_version: replace}') + ANY_SHARE + LIMIT)
    origin = office.deliver(*rows_of("a"), *rows_of("b", amount=102), name="x.json")
    office.decided(office.case(), Act.RELEASE)
    (done,) = office.execute()
    if how == "replaced":  # it lands behind the amendment: so that one is on its way when the other is published
        amendment = office.delivery(done.amendment or "")
        newer = office.deliver(*rows_of("a", amount=3), *rows_of("b", amount=102), name="x.json")
        assert office.delivery(amendment.id).state is DeliveryState.SUPERSEDED
        assert counted(newer) == (2, 1, 1, 0, 0)
    else:
        operations.reprocess(office.platform, origin, values={"limit": "101"} if how == "other values" else {})
        pipeline.work(office.platform)
        amendment = office.delivery(done.amendment or "")
        assert amendment.state is DeliveryState.REFUSED
        (voided,) = office.desk.cases.decisions([done.case])
        assert (voided.state, voided.note) == (DecisionState.VOID, amendment.note)
        told = tell_state(amendment, accounts_decide=True)
        assert told is not None
        assert (told.heading, told.next) == ("Not published", "decide on the cases that are open now.")
        assert "Next:" not in told.what
        assert "Next: decide on the case" in amendment.note
        assert table_rows(office.platform, SILVER, "id") == [("a",)]
        assert counted(office.delivery(origin.id)) == (2, 1, 1, 0, 0)
        assert office.case().left == 1
        assert office.settle(office.case(), Act.RELEASE).state is DeliveryState.ARCHIVED
        assert counted(office.delivery(origin.id)) == (2, 2, 0, 0, 0)


def test_a_new_version_takes_the_place_of_the_whole_family(office: Office) -> None:
    office.write(flow=FLOW.replace('"*.json"}', '"*.json", new_version: replace}') + ANY_SHARE + LIMIT)
    origin = office.deliver(*rows_of("a"), *rows_of("b", "c", "d", amount=102), name="x.json")
    made = [
        office.settle(office.case(), Act.RELEASE, rows=[2]),
        office.settle(office.case(), Act.CORRECT, edits={3: {"amount": "7"}}),
        office.settle(office.case(), Act.REJECT, rows=[4]),
    ]
    newer = office.deliver(*rows_of("a"), *rows_of("e", amount=104), name="x.json")
    assert {office.delivery(one.id).state for one in (origin, *made)} == {DeliveryState.SUPERSEDED}
    assert {office.delivery(one.id).superseded_by for one in (origin, *made)} == {newer.id}
    assert published(office) == [("a", 1, False)]
    assert table_rows(office.platform, "shop/quarantine/outcomes") == []
    assert [case.delivery for case in office.cases()] == [newer.id]
    assert proof.faults(office.platform, "shop") == []


def test_a_new_version_voids_what_people_were_at(office: Office) -> None:
    office.write(flow=FLOW.replace('"*.json"}', '"*.json", new_version: replace}') + ANY_SHARE + LIMIT)
    office.deliver(*rows_of("b", amount=102), name="x.json")
    office.decided(office.case(), Act.RELEASE)
    office.deliver(*rows_of("b", amount=104), name="x.json")
    assert office.execute() == []
    assert [one.state for one in office.desk.cases.decisions()] == [DecisionState.VOID]
    assert table_rows(office.platform, SILVER, "id") == []


def test_tables_that_were_set_back_get_the_amended_rows_again(decided: Office) -> None:
    before = proof.digests(decided.platform, "silver", "gold")
    operations.repair(decided.platform, decided.platform.flows["shop"], reason="restored")
    pipeline.work(decided.platform)
    assert proof.digests(decided.platform, "silver", "gold") == before
    assert counted(all_deliveries(decided.platform)[0]) == (4, 3, 0, 1, 0)
    assert proof.faults(decided.platform, "shop") == []


def test_an_amendment_is_not_reprocessed_by_itself(decided: Office) -> None:

    with pytest.raises(UsageError, match=r"its rows are checked again with those of d-"):
        operations.reprocess(decided.platform, all_deliveries(decided.platform)[1], values={})
