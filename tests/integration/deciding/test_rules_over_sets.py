"""Rows that people let go on are judged against what of their delivery is published, not by themselves alone."""

from __future__ import annotations

import pytest
from tests.harness import proof
from tests.harness.office import LIMIT, RULES, Office, counted
from tests.harness.small import FLOW, ROWS, TASKS, contract, rows_of, table_rows, write_flow

from headgate import operations, pipeline
from headgate.core.cases import Act
from headgate.core.errors import UsageError
from headgate.deciding.plan import plan
from headgate.deciding.proposal import Edit

ANY_SHARE = "check: {accept_at_least: 0}\n"
UNIQUE = "\n      - {{id: once, metric: duplicateValues, arguments: {{properties: [kind], against: {0}}}, mustBe: 0}}"
KINDS = ("delivery", "published")


@pytest.mark.parametrize("against", KINDS)
def test_a_value_that_a_published_row_of_the_same_delivery_has(office: Office, against: str) -> None:
    office.write(contract_text=contract(rules=RULES + UNIQUE.format(against)).replace("1.0.0", "1.1.0"))
    office.deliver(*rows_of("a", kind="x"), *rows_of("b", kind="y", amount=101))
    edit = Edit(row=2, values={"amount": "1", "kind": "x"})
    with pytest.raises(UsageError, match="none of the 1 rows would pass: duplicate_value on 1"):
        plan(office.desk, office.case(), Act.CORRECT, edits=[edit])
    origin = office.settle(office.case(), Act.CORRECT, edits={2: {"amount": "1", "kind": "z"}}).facts["origin"]
    assert counted(office.delivery(origin)) == (2, 2, 0, 0, 0)
    assert proof.faults(office.platform, "shop") == []


@pytest.mark.parametrize("against", KINDS)
def test_a_waived_repetition_stays_waived(office: Office, against: str) -> None:
    office.write(contract_text=contract(rules=RULES + UNIQUE.format(against)).replace("1.0.0", "1.1.0"))
    origin = office.deliver(*rows_of("a", "b", kind="x"))
    assert counted(origin) == (2, 1, 1, 0, 0)
    office.settle(office.case("duplicate_value"), Act.RELEASE)
    operations.reprocess(office.platform, office.delivery(origin.id), values={})
    pipeline.work(office.platform)
    assert counted(office.delivery(origin.id)) == (2, 2, 0, 0, 0)
    assert proof.faults(office.platform, "shop") == []


def test_a_record_table_without_the_column(office: Office) -> None:
    """Then the rows of the amendment are compared with each other alone, and nothing fails."""
    files = {**TASKS, "tasks/rows.sql": ROWS.replace("kind,", "")}
    text = contract(rules=RULES + UNIQUE.format("delivery")).replace("1.0.0", "1.1.0")
    office.write(contract_text=text, files=files)
    office.deliver(*rows_of("a", kind="x"), *rows_of("b", kind="y", amount=101))
    assert office.settle(office.case(), Act.CORRECT, edits={2: {"amount": "1", "kind": "x"}}).state == "archived"


FEW = """
      - id: few
        type: custom
        engine: headgate
        implementation: {python: "checks.py:few", reads: [kind, amount], scope: set, group_by: [kind]}"""
CHECKS = """
import pyarrow as pa

def few(batch):
    kinds = batch["kind"].to_pylist()
    return pa.array([kinds.count(kind) < 3 for kind in kinds], pa.bool_())
"""


def with_groups(office: Office, **files: str) -> None:
    """The flow with a rule in Python: at most two rows of a kind."""
    text = contract(rules=RULES + FEW).replace("1.0.0", "1.1.0")
    office.write(contract_text=text, files={**TASKS, "checks.py": CHECKS, **files})


def test_a_group_that_is_published_already(office: Office) -> None:
    """A row that comes to two that stand is the third; which of other deliveries stand counts for nothing."""
    with_groups(office)
    office.deliver(*rows_of("x", "y", kind="full"))
    office.deliver(
        *rows_of("a", "b", kind="full"), *rows_of("c", "d", kind="free", amount=101), *rows_of("e", kind="z")
    )
    edits = [Edit(row=3, values={"amount": "1", "kind": "full"}), Edit(row=4, values={"amount": "1", "kind": "z"})]
    planned = plan(office.desk, office.case(), Act.CORRECT, edits=edits)
    assert planned.rehearsal is not None
    assert (planned.rehearsal.passing.tolist(), planned.rehearsal.codes) == ([4], (("few", 1),))
    with pytest.raises(UsageError, match="none of the 1 rows would pass: few on 1"):
        plan(office.desk, office.case(), Act.CORRECT, edits=edits[:1])
    made = office.settle(office.case(), Act.CORRECT, edits={4: {"amount": "1", "kind": "z"}})
    assert counted(office.delivery(made.facts["origin"])) == (5, 4, 1, 0, 0)
    operations.reprocess(office.platform, office.delivery(made.facts["origin"]), values={})
    pipeline.work(office.platform)
    assert counted(office.delivery(made.facts["origin"])) == (5, 4, 1, 0, 0)
    assert proof.faults(office.platform, "shop") == []


@pytest.mark.parametrize(
    "task", [ROWS.replace("kind,", ""), ROWS.replace("amount,", "CAST(amount AS DOUBLE) AS amount,")]
)
def test_a_group_that_cannot_be_found_among_published_rows(office: Office, task: str) -> None:
    """Then the rows that are decided on are judged among themselves, and nothing fails."""
    with_groups(office, **{"tasks/rows.sql": task})
    office.deliver(*rows_of("a", "b", kind="full"), *rows_of("c", kind="free", amount=101))
    assert office.settle(office.case(), Act.CORRECT, edits={3: {"amount": "1", "kind": "full"}}).state == "archived"


def test_rows_of_a_group_that_a_python_rule_judges(office: Office) -> None:
    with_groups(office)
    origin = office.deliver(*rows_of("a", "b", "c"), *rows_of("d", kind="y"))
    assert counted(origin) == (4, 1, 3, 0, 0)
    office.settle(office.case("few"), Act.RELEASE, rows=[1])
    assert office.case("few").left == 2
    assert office.settle(office.case("few"), Act.CORRECT, edits={2: {"kind": "z"}}).state == "archived"
    assert table_rows(office.platform, "shop/silver/rows", "id, kind") == [("a", "a"), ("b", "z"), ("d", "y")]
    assert proof.faults(office.platform, "shop") == []


def test_a_reference_that_is_not_found_is_waived_or_corrected_while_its_table_is_there(office: Office) -> None:
    """Another flow's table says which kinds there are."""
    columns = """
      - {name: id, required: true, primaryKey: true}
      - {name: amount, logicalType: integer}
      - {name: day, logicalType: date}
      - {name: kind, relationships: [{to: kinds.name}]}
"""
    kinds = "      - {name: name, required: true, primaryKey: true}\n"
    flow = 'source: {files: "kinds_*.csv"}\n'
    write_flow(
        office.project,
        flow,
        contract_text=contract(columns="\n" + kinds, record="kinds").replace("id: shop", "id: kinds"),
        name="kinds",
    )
    office.write(
        contract_text=contract(columns=columns, rules=RULES).replace("1.0.0", "1.1.0"), flow=FLOW + ANY_SHARE + LIMIT
    )
    office.deliver_bytes("kinds_1.csv", b"name\na\nb\n")
    origin = office.deliver(*rows_of("a"), *rows_of("b", "c", kind="q"))
    assert counted(origin) == (3, 1, 2, 0, 0)
    (case,) = office.cases()
    office.settle(case, Act.CORRECT, edits={2: {"kind": "b"}})
    office.decided(case, Act.RELEASE)
    (done,) = office.execute()
    table, aside = office.project / "lake" / "kinds" / "silver" / "kinds", office.folder / "aside"
    table.rename(aside)
    pipeline.work(office.platform)
    failed = office.delivery(done.amendment or "")
    assert (failed.state, counted(office.delivery(origin.id))) == ("failed", (3, 2, 1, 0, 0))
    assert "cannot be judged: kinds was never published, or is gone" in failed.note
    aside.rename(table)
    operations.retry(office.platform, [failed])
    pipeline.work(office.platform)
    assert table_rows(office.platform, "shop/silver/rows", "id, kind") == [("a", "a"), ("b", "b"), ("c", "q")]
    assert counted(office.delivery(origin.id)) == (3, 3, 0, 0, 0)
    assert proof.faults(office.platform, "shop") == []
