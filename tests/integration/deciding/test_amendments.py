"""Rows that people release, correct or reject: published once; the origin's balance moves, receipts follow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.office import LIMIT, RULES, Office, counted
from tests.harness.project import all_deliveries, arrived
from tests.harness.small import FLOW, contract, rows_of, table_rows, write_rows

from headgate import operations, pipeline
from headgate.archive.signer import public_keys
from headgate.archive.step import receipt_name
from headgate.cli.run_output import total_of
from headgate.core.cases import Act, CaseState, DecisionState
from headgate.core.errors import ConflictError, UsageError
from headgate.core.receipts import verify_receipt
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.deciding.execution import execute_due
from headgate.deciding.plan import ALL, plan
from headgate.deciding.proposal import Edit
from headgate.deciding.rehearsal import Stopped
from headgate.deciding.votes import propose
from headgate.serve.case_rows import page

SILVER = "shop/silver/rows"
OUTCOMES = "shop/quarantine/outcomes"


def receipts(office: Office, one: Delivery) -> list[dict[str, Any]]:
    """The bodies of its receipts, each verified."""
    keys = public_keys(office.platform.secrets)
    bodies = []
    for issued in office.platform.ledger.receipts([one.id]):
        with office.platform.receipts.open(receipt_name(issued)) as stream:
            bodies.append(dict(verify_receipt(stream.read(), keys).body))
    return bodies


def reasons(one: Delivery) -> dict[tuple[str, str], int]:
    """Rows by verdict and code."""
    return {(told.verdict, told.code): told.rows for told in one.reasons}


def published(office: Office) -> list[tuple[str, int]]:
    return table_rows(office.platform, SILVER, "id, amount")


def assert_sound(office: Office) -> None:
    assert proof.faults(office.platform, "shop") == []


def test_released_rows_are_published_under_their_origin(office: Office) -> None:
    origin = office.deliver(*rows_of("a"), *rows_of("b", "c", amount=102), *rows_of("d", amount=4))
    assert reasons(origin) == {("held", "over_limit"): 2, ("held", "not_odd"): 3}
    made = office.settle(office.case(), Act.RELEASE)
    after = office.delivery(origin.id)
    assert counted(made) == (2, 2, 0, 0, 0)
    assert counted(after) == (4, 3, 1, 0, 0)
    assert reasons(after) == {("accepted", "over_limit"): 2, ("accepted", "not_odd"): 2, ("held", "not_odd"): 1}
    assert after.counts is not None
    assert after.counts.warned == 2
    assert table_rows(office.platform, SILVER, "id, amount, _delivery, _row, _amendment") == [
        ("a", 1, origin.id, 1, None),
        ("b", 102, origin.id, 2, made.id),
        ("c", 102, origin.id, 3, made.id),
    ]
    assert table_rows(office.platform, OUTCOMES, "_delivery, _row, outcome, _amendment") == [
        (origin.id, 2, "released", made.id),
        (origin.id, 3, "released", made.id),
    ]
    assert [case.code for case in office.cases()] == ["not_odd"]
    assert_sound(office)


def test_a_receipt_follows_for_the_origin_before_that_of_the_amendment(office: Office) -> None:
    origin = office.deliver(*rows_of("b", "c", amount=102))
    made = office.settle(office.case(), Act.RELEASE, rows=[1])
    first, second = receipts(office, origin)
    (own,) = receipts(office, made)
    assert (first["counts"]["published"], first["counts"]["held"]) == (0, 2)
    assert (second["counts"]["published"], second["counts"]["held"], second["amendments"]) == (1, 1, [made.id])
    assert own["amends"]["delivery"] == origin.id
    assert own["decided"]["votes"] == [office.people["ada"].id]
    assert "because" not in str(own)
    issued = office.platform.ledger.receipts([origin.id, made.id])
    indices = {one.delivery: one.event_index for one in issued}
    assert indices[origin.id] < indices[made.id]


def test_corrected_rows_are_published_as_proposed(office: Office) -> None:
    origin = office.deliver(*rows_of("b", "c", amount=102))
    made = office.settle(office.case(), Act.CORRECT, edits={2: {"amount": "77", "kind": None}})
    assert (counted(made), counted(office.delivery(origin.id))) == ((1, 1, 0, 0, 0), (2, 1, 1, 0, 0))
    assert table_rows(office.platform, SILVER, "id, amount, kind, _row") == [("c", 77, None, 2)]
    assert table_rows(office.platform, OUTCOMES, "_row, outcome") == [(2, "corrected")]
    assert reasons(office.delivery(origin.id)) == {("held", "over_limit"): 1, ("held", "not_odd"): 1}
    assert office.case().left == 1
    assert_sound(office)


def test_rejected_rows_stay_out_and_are_counted_so(office: Office) -> None:
    origin = office.deliver(*rows_of("a"), *rows_of("b", "c", amount=102))
    made = office.settle(office.case(), Act.REJECT, rows=[3])
    after = office.delivery(origin.id)
    assert (counted(made), counted(after)) == ((1, 0, 0, 1, 0), (3, 1, 1, 1, 0))
    assert reasons(after)[("rejected", "discarded")] == 1
    assert reasons(after)[("held", "over_limit")] == 1
    assert published(office) == [("a", 1)]
    assert table_rows(office.platform, OUTCOMES, "_row, outcome") == [(3, "discarded")]
    assert_sound(office)


def test_some_rows_of_a_case_leave_the_others_in_it(office: Office) -> None:
    office.deliver(*rows_of("a", "b", "c", "d", "e", amount=102))
    case = office.case()
    office.settle(case, Act.RELEASE, rows=[1])
    office.settle(case, Act.REJECT, rows=[3])
    office.settle(case, Act.CORRECT, edits={5: {"amount": "5"}})
    now = office.case()
    assert (now.id, now.rows, now.left, now.state) == (case.id, 5, 2, CaseState.OPEN)
    office.settle(case, Act.RELEASE)
    assert office.cases() == []
    (closed,) = office.cases(state=CaseState.CLOSED)
    assert (closed.left, closed.note) == (0, "all its rows are decided")
    assert published(office) == [("a", 102), ("b", 102), ("d", 102), ("e", 5)]
    assert counted(all_deliveries(office.platform)[0]) == (5, 4, 0, 1, 0)
    assert_sound(office)


def test_a_correction_that_still_fails_is_told_and_stays(office: Office) -> None:
    office.deliver(*rows_of("a", "b", amount=102))
    edits = [Edit(row=1, values={"amount": "104"}), Edit(row=2, values={"amount": "7"})]
    planned = plan(office.desk, office.case(), Act.CORRECT, edits=edits)
    assert (planned.asked, planned.rows) == (2, 1)
    assert planned.rehearsal is not None
    assert dict(planned.rehearsal.codes) == {"over_limit": 1, "not_odd": 1}
    (told,) = planned.rehearsal.shown
    assert isinstance(told, Stopped)
    assert (told.row, [reason["value"] for reason in told.reasons]) == (1, ["104", "104"])
    assert set(planned.document.records) == {"2"}
    with pytest.raises(UsageError, match=r"none of the 1 rows would pass: .*over_limit on 1"):
        plan(office.desk, office.case(), Act.CORRECT, edits=edits[:1])
    office.settle(office.case(), Act.CORRECT, edits={1: {"amount": "104"}, 2: {"amount": "7"}})
    assert published(office) == [("b", 7)]
    assert office.case().left == 1
    assert_sound(office)


def test_what_passed_when_it_was_planned_may_meet_a_key_when_it_is_published(office: Office) -> None:
    """Votes bind contract and parameters, not what others publish meanwhile: such a row stays held, and it is told."""
    origin = office.deliver(*rows_of("a", "b", amount=102))
    office.decided(office.case(), Act.RELEASE)
    office.deliver(*rows_of("b", amount=3), *rows_of("a", amount=102, kind="z"))
    (done,) = office.execute()
    pipeline.work(office.platform)
    made = office.delivery(done.amendment or "")
    assert counted(made) == (2, 1, 1, 0, 0)
    assert reasons(made)[("held", "key_conflict")] == 1
    assert counted(office.delivery(origin.id)) == (2, 1, 1, 0, 0)
    assert published(office) == [("a", 102), ("b", 3)]
    assert office.cases(delivery=origin.id)[0].left == 1
    assert_sound(office)


def test_a_corrected_row_may_be_a_duplicate(office: Office) -> None:
    origin = office.deliver(*rows_of("a"), *rows_of("a", amount=102))
    made = office.settle(office.case(), Act.CORRECT, edits={2: {"amount": "1"}})
    assert (counted(made), counted(office.delivery(origin.id))) == ((1, 0, 0, 0, 1), (2, 1, 0, 0, 1))
    assert table_rows(office.platform, OUTCOMES, "_row, outcome") == [(2, "duplicate")]
    assert_sound(office)


def test_a_conflict_of_keys_is_never_released(office: Office) -> None:
    office.deliver(*rows_of("a"), *rows_of("a", amount=3))
    case = office.case("key_conflict")
    with pytest.raises(UsageError, match="two rows of one key cannot both stand"):
        plan(office.desk, case, Act.RELEASE)
    assert office.desk.cases.decisions() == []
    office.settle(case, Act.CORRECT, edits={2: {"id": "b"}})
    assert published(office) == [("a", 1), ("b", 3)]
    assert_sound(office)


def test_a_rule_that_rejects_is_not_waived_but_corrected(office: Office) -> None:
    """A row that two rules judge: what a person may waive is only what holds."""
    rules = RULES.replace("value: not_odd}", "value: not_odd}, {property: consequence, value: reject}", 1)
    office.write(contract_text=contract(rules=rules).replace("1.0.0", "1.1.0"))
    origin = office.deliver(*rows_of("a", amount=101), *rows_of("b", amount=102))
    assert counted(origin) == (2, 0, 1, 1, 0)
    assert office.case().rows == 1
    with pytest.raises(UsageError, match="none of the 1 rows would pass"):
        plan(office.desk, office.case(), Act.CORRECT, edits=[Edit(row=1, values={"amount": "102"})])


@pytest.mark.parametrize(
    ("act", "options", "said"),
    [
        (Act.RELEASE, {"selection": replace(ALL, rows=(1, 7))}, "row 7 does not wait in this case"),
        (Act.REJECT, {"selection": replace(ALL, rows=(0,))}, "no row of case"),
        (Act.RELEASE, {"edits": [Edit(row=1, values={"amount": "1"})]}, "for a correction only"),
        (Act.REJECT, {"every": {"amount": "1"}}, "for a correction only"),
        (Act.CORRECT, {}, "what shall stand there"),
        (Act.CORRECT, {"edits": [Edit(row=7, values={"amount": "1"})]}, "no row of case"),
        (
            Act.CORRECT,
            {"edits": [Edit(row=1, values={"amount": "1"}), Edit(row=7, values={"amount": "1"})]},
            "row 7 does not wait in this case",
        ),
        (
            Act.CORRECT,
            {"edits": [Edit(row=1, values={"amount": "1"}), Edit(row=1, values={"amount": "3"})]},
            "row 1 is edited twice",
        ),
        (Act.CORRECT, {"edits": [Edit(row=1, record="{")]}, "cannot be read"),
        (Act.CORRECT, {"edits": [Edit(row=1, record="[1]")]}, "is not an object"),
        (Act.CORRECT, {"edits": [Edit(row=1, values={"amount": "seven"})]}, "takes a number"),
        (Act.CORRECT, {"edits": [Edit(row=1, values={"prize": "7"})]}, "no column 'prize'"),
    ],
)
def test_what_cannot_be_planned_says_why(office: Office, act: Act, options: dict[str, Any], said: str) -> None:
    office.deliver(*rows_of("a", amount=102))
    with pytest.raises(UsageError, match=said):
        plan(office.desk, office.case(), act, **options)
    assert office.desk.cases.decisions() == []


def test_all_selected_rows_get_one_value(office: Office) -> None:
    office.deliver(*rows_of("a", "b", "c", amount=102))
    planned = plan(office.desk, office.case(), Act.CORRECT, selection=ALL, every={"amount": "9"})
    assert planned.rows == 3
    decision = propose(office.desk, planned, by=office.people["ada"], reason="nine")
    assert decision.needed == 1


def test_the_same_repair_again_and_again_changes_nothing_more(office: Office) -> None:
    """100 times: proposing, executing, publishing and reprocessing what is done already."""
    origin = office.deliver(*rows_of("a"), *rows_of("b", "c", amount=102))
    case = office.case()
    planned = plan(office.desk, case, Act.RELEASE)
    first = office.decided(case, Act.RELEASE)
    office.execute()
    pipeline.work(office.platform)
    before = proof.digests(office.platform)
    refused = 0
    for _ in range(100):
        with pytest.raises(ConflictError):
            propose(office.desk, planned, by=office.people["bob"], reason="again")
        with pytest.raises(ConflictError):
            office.desk.cases.execute(case.id, 1, problem="", parameters={}, size_bytes=1, at=office.now)
        refused += 1
        assert execute_due(office.desk) == []
        pipeline.work(office.platform)
    assert refused == 100
    assert [one.number for one in office.desk.cases.decisions()] == [first.number]
    assert len(all_deliveries(office.platform)) == 2
    assert proof.digests(office.platform) == before
    for _ in range(3):
        operations.reprocess(office.platform, office.delivery(origin.id), values={})
        pipeline.work(office.platform)
        assert counted(office.delivery(origin.id)) == (3, 3, 0, 0, 0)
        assert proof.digests(office.platform, "silver", "gold") == {
            name: value for name, value in before.items() if "quarantine" not in name
        }
    assert_sound(office)


def test_a_case_of_rows_does_not_outlive_its_publication(office: Office) -> None:
    office.deliver(*rows_of("a", amount=102))
    office.settle(office.case(), Act.RELEASE)
    (case,) = office.cases(state=None)
    with pytest.raises(ConflictError, match="is closed: all its rows are decided"):
        plan(office.desk, case, Act.RELEASE)


# ── A delivery that is held as a whole ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("act", [Act.RELEASE, Act.REJECT])
@pytest.mark.parametrize("kind", ["delivery", "drift"])
def test_a_delivery_held_as_a_whole(office: Office, kind: str, act: Act) -> None:
    office.write(flow=FLOW + LIMIT)
    rows = rows_of("a", "b", "c", amount=101) + rows_of("d")
    if kind == "drift":
        rows = rows_of("a", "b", surprise=1)
    origin = office.deliver(*rows)
    assert origin.state is DeliveryState.HELD
    (case,) = office.cases()
    assert (case.kind, case.rows, case.rule) == (kind, len(rows), "delivery")
    with pytest.raises(UsageError, match="not corrected one by one"):
        plan(office.desk, case, Act.CORRECT, every={"amount": "1"})
    after = office.settle(case, act)
    assert (after.id, after.state) == (origin.id, DeliveryState.ARCHIVED)
    if act is Act.REJECT:
        assert counted(after) == (len(rows), 0, 0, len(rows), 0)
        assert published(office) == []
        assert office.cases() == []
        assert receipts(office, after)[-1]["discarded"] is True
        operations.reprocess(office.platform, after, values={})
        pipeline.work(office.platform)
        assert counted(office.delivery(origin.id)) == counted(after)
    elif kind == "delivery":
        assert counted(after) == (4, 1, 3, 0, 0)
        assert office.case().left == 3
        office.settle(office.case(), Act.RELEASE)
        assert counted(office.delivery(origin.id)) == (4, 4, 0, 0, 0)
    else:
        assert counted(after) == (2, 2, 0, 0, 0)
    assert_sound(office)


def test_a_released_delivery_by_command_ends_what_people_were_at(office: Office) -> None:
    office.write(flow=FLOW + LIMIT)
    origin = office.deliver(*rows_of("a", "b", amount=101))
    (case,) = office.cases()
    office.decided(case, Act.REJECT)
    operations.release(office.platform, origin, reason="by hand")
    assert [one.state for one in office.execute()] == [DecisionState.VOID]
    pipeline.work(office.platform)
    assert counted(office.delivery(origin.id)) == (2, 0, 2, 0, 0)
    assert [one.code for one in office.cases()] == ["over_limit"]
    assert_sound(office)


def test_a_delivery_without_a_row_that_is_held_has_a_case_with_none(office: Office) -> None:
    """Nothing of nothing was accepted: 0/0 is held."""
    origin = office.deliver()
    assert (origin.state, counted(origin)) == (DeliveryState.HELD, (0, 0, 0, 0, 0))
    (case,) = office.cases()
    assert (case.rows, page(office.platform, case)) == (0, [])
    assert office.settle(case, Act.RELEASE).state is DeliveryState.ARCHIVED
    assert office.cases() == []
    assert_sound(office)


def test_what_people_let_go_is_left_out_of_the_sums_of_a_run(office: Office) -> None:
    """Its rows were received before: a report, and what `run` says, would count them twice."""
    office.deliver(*rows_of("a", "b", amount=102))
    office.decided(office.case(), Act.RELEASE)
    office.execute()
    file = write_rows(office.folder / "later", "later.json", rows_of("c", "d", "e"))
    result = operations.run(office.platform, arrived([file]), reports=office.folder / "reports")
    assert [one.kind for one in result.deliveries] == ["amendment", "file"]
    assert total_of(result).received == 3
    ((_, _, document),) = result.reports
    told = json.loads(document.read_text(encoding="utf-8"))["figures"]
    assert (told["balance"]["received"], len(told["deliveries"])) == (3, 1)
    office.deliver(*rows_of("f", amount=102))
    office.decided(office.cases()[0], Act.RELEASE)
    office.execute()
    assert operations.run(office.platform, [], reports=office.folder / "reports").reports == ()
