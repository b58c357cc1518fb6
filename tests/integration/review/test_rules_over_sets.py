"""Rules over rows together: unique values, references, Python over groups; and what holds a delivery as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.project import all_deliveries, run_files
from tests.harness.small import FLOW, ROWS, TASKS, contract, open_small, rows_of, write_flow, write_rows

from headgate import operations, pipeline
from headgate.core.platform import Platform
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState as State
from headgate.review import set_rules

ANY_SHARE = "check: {accept_at_least: 0}\n"


class Project:
    """One small flow; each delivery is a file of its own unless it is named."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._platform: Platform | None = None

    def write(
        self, contract_text: str, *, flow: str = FLOW + ANY_SHARE, files: Mapping[str, str] | None = None
    ) -> None:
        write_flow(self._folder / "p", flow, contract_text=contract_text, files={**TASKS, **(files or {})})
        self.close()
        self._platform = open_small(self._folder / "p")

    def deliver(self, *files: list[dict[str, Any]], name: str = "") -> list[Delivery]:
        """The deliveries of files that come together, as they ended."""
        paths = []
        for rows in files:
            self._number += 1
            paths.append(write_rows(self._folder / str(self._number), name or f"{self._number}.json", rows))
        run_files(self.platform, paths)
        return all_deliveries(self.platform)[-len(files) :]

    @property
    def platform(self) -> Platform:
        assert self._platform is not None
        return self._platform

    def close(self) -> None:
        if self._platform is not None:
            self._platform.ledger.close()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.close()


def told(delivery: Delivery) -> dict[str, int]:
    """Rows by reason code."""
    assert delivery.state in {State.ARCHIVED, State.HELD}, delivery.note
    return {reason.code: reason.rows for reason in delivery.reasons}


# ── Unique values ────────────────────────────────────────────────────────────────────────────────────────────────────
UNIQUE = "      - {{id: r, metric: duplicateValues, arguments: {{properties: [{0}], against: {1}}}, mustBe: 0}}"


def test_a_value_that_a_row_of_the_same_delivery_has(project: Project) -> None:
    project.write(contract(rules=UNIQUE.format("kind, amount", "delivery")))
    rows = [
        *rows_of("a", kind="x"),
        *rows_of("b", kind="x"),
        *rows_of("c", kind="x", amount=2),
        *rows_of("d", kind=None),
    ]
    (one,) = project.deliver([*rows, *rows_of("e", kind=None)])
    assert told(one) == {"duplicate_value": 1}
    (later,) = project.deliver(rows_of("f", kind="x"))
    assert told(later) == {}
    together = project.deliver(rows_of("g", kind="y"), rows_of("h", kind="y"))
    assert [told(each) for each in together] == [{}, {}], "whichever deliveries share a batch"


@pytest.mark.parametrize("renamed", ["mail", "who_mail"], ids=["by its own name", "by its path"])
def test_a_value_that_is_published(project: Project, renamed: str) -> None:
    columns = """
      - {name: id, required: true, primaryKey: true}
      - {name: who, logicalType: object, properties: [{name: mail}]}
"""
    flow = FLOW.replace(", tasks/days.sql", "").replace(", gold: {days: {key: [day]}}", "") + ANY_SHARE
    task = f"SELECT id, who.mail AS {renamed}, _delivery, _row, _record FROM accepted"
    text = contract(columns=columns, rules=UNIQUE.format("who.mail", "published"))
    project.write(text, flow=flow, files={"tasks/rows.sql": task})
    (first,) = project.deliver([{"id": "a", "who": {"mail": "m"}}])
    assert told(first) == {}
    (second,) = project.deliver([{"id": "b", "who": {"mail": "m"}}, {"id": "c", "who": {"mail": "n"}}])
    assert told(second) == {"duplicate_value": 1}
    assert second.counts is not None
    assert (second.counts.accepted, second.counts.held) == (1, 1)
    operations.reprocess(project.platform, first, values={})
    pipeline.work(project.platform)
    again = all_deliveries(project.platform)[0]
    assert told(again) == {}, "its own published rows do not count against it"


def test_a_published_value_without_a_column_to_find_it_in(project: Project) -> None:
    project.write(
        contract(rules=UNIQUE.format("kind", "published")),
        files={"tasks/rows.sql": ROWS.replace("kind,", "kind AS sort,")},
    )
    (first,) = project.deliver(rows_of("a"))
    assert first.state is State.ARCHIVED
    (second,) = project.deliver(rows_of("b"))
    assert second.state is State.FAILED
    assert "rule r compares kind with what is published, but the record table has no column kind" in second.note


# ── References ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_missing_table_that_only_warns(project: Project) -> None:
    ours = "customProperties: [{property: ifMissing, value: warn}]"
    columns = f"""
      - {{name: id, required: true, primaryKey: true, relationships: [{{to: customers.name, {ours}}}]}}
      - {{name: amount, logicalType: integer}}
      - {{name: day, logicalType: date}}
      - {{name: kind}}
"""
    project.write(contract(columns=columns))
    (one,) = project.deliver(rows_of("ada"))
    assert one.state is State.ARCHIVED
    assert one.facts["notes"] == ["id.reference: the table customers was never published"]


# ── Python over groups ───────────────────────────────────────────────────────────────────────────────────────────────
GROUPED = """\
      - id: few
        type: custom
        engine: headgate
        implementation: {python: "checks.py:few", reads: [kind, amount], scope: set, group_by: [kind]}"""
FEW = """
import pyarrow as pa
import pyarrow.compute as pc

def few(batch):
    counts = {one["values"]: one["counts"] for one in pc.value_counts(batch["kind"]).to_pylist()}
    rows = batch.to_pylist()
    return pa.array([None if row["amount"] == 0 else counts[row["kind"]] < 3 for row in rows], pa.bool_())
"""


@pytest.mark.parametrize("at_once", [1, 4, 100_000])
def test_a_group_is_given_whole_whatever_is_in_memory_at_once(
    project: Project, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(set_rules, "GROUP_ROWS", at_once)
    monkeypatch.setattr(set_rules, "STREAM_ROWS", 2)
    project.write(contract(rules=GROUPED), files={"checks.py": FEW})
    kinds = {"a": 2, "b": 3, "c": 1, "d": 5}
    rows = [row for kind, count in kinds.items() for row in rows_of(*(f"{kind}{n}" for n in range(count)), kind=kind)]
    rows += [*rows_of("n1", "n2", "n3", "n4", kind=None), *rows_of("z", kind="z", amount=0)]
    (one,) = project.deliver(sorted(rows, key=lambda row: str(row["id"])[::-1]))
    assert told(one) == {"few": 8, "cannot_evaluate": 1}
    assert proof.faults(project.platform, "shop") == []


def test_a_group_is_of_one_delivery_whatever_is_checked_together(project: Project) -> None:
    project.write(contract(rules=GROUPED), files={"checks.py": FEW})
    together = project.deliver(
        rows_of("a", "b", kind="x"), rows_of("c", "d", kind="x"), rows_of("e", "f", "g", kind="x")
    )
    assert [told(one) for one in together] == [{}, {}, {"few": 3}]
    assert proof.faults(project.platform, "shop") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [True]", "its function must give a boolean array of 2 values"),
        ("return pa.array([True])", "its function must give a boolean array of 2 values"),
        ("return pa.array([1, 2])", "its function must give a boolean array of 2 values"),
        ("raise KeyError('x')", "its function raised KeyError: 'x'"),
    ],
)
@pytest.mark.parametrize("scope", ["set", "row"])
def test_a_python_rule_that_breaks_its_promise_fails_the_delivery(
    project: Project, body: str, message: str, scope: str
) -> None:
    rule = GROUPED if scope == "set" else GROUPED.replace(", scope: set, group_by: [kind]", "")
    project.write(contract(rules=rule), files={"checks.py": f"import pyarrow as pa\n\ndef few(batch):\n    {body}\n"})
    (one,) = project.deliver(rows_of("a", "b"))
    assert one.state is State.FAILED
    assert f"rule few: {message}" in one.note


def test_python_looks_at_rows_beside_what_sql_says_of_them(project: Project) -> None:
    """A row may have reasons of both kinds, or of one; NULL is told as what it is."""
    rule = GROUPED.replace(", scope: set, group_by: [kind]", "")
    more = "\n      - {id: small, type: custom, engine: headgate, implementation: amount < 10}"
    again = rule.replace("id: few", "id: more").replace(":few", ":more")
    checks = (
        "import pyarrow as pa\nimport pyarrow.compute as pc\n\n"
        "def few(batch):\n    return pc.less(batch['amount'], 5)\n\n"
        "def more(batch):\n    return pc.not_equal(batch['kind'], 'z')\n"
    )
    project.write(contract(rules=f"{rule}{more}\n{again}"), files={"checks.py": checks})
    rows = [*rows_of("a"), *rows_of("b", amount=7), *rows_of("c", amount=20, kind="z"), *rows_of("d", kind=None)]
    (one,) = project.deliver(rows)
    assert told(one) == {"few": 2, "small": 1, "more": 1, "cannot_evaluate": 1}
    assert one.counts is not None
    assert (one.counts.accepted, one.counts.held) == (1, 3)
    assert proof.faults(project.platform, "shop") == []


# ── What holds a whole delivery ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("status", ["draft", "proposed", "retired"])
def test_a_contract_that_is_not_in_force_publishes_nothing(project: Project, status: str) -> None:
    project.write(contract(status=status))
    (one,) = project.deliver(rows_of("a"))
    assert (one.state, one.held_for) == (State.HELD, ("contract_draft",))


@pytest.mark.parametrize(
    ("policy", "ends", "ids"),
    [
        ("hold", [State.ARCHIVED, State.HELD], 2),
        ("add", [State.ARCHIVED, State.ARCHIVED], 4),
        ("replace", [State.SUPERSEDED, State.ARCHIVED], 2),
    ],
)
def test_a_new_version_of_a_file(project: Project, policy: str, ends: list[State], ids: int) -> None:
    flow = FLOW.replace('"*.json"', f'"*.json", new_version: {policy}')
    project.write(contract(), flow=flow)
    project.deliver(rows_of("a", "b"), name="same.json")
    (second,) = project.deliver(rows_of("c", "d"), name="same.json")
    assert [one.state for one in all_deliveries(project.platform)] == ends
    assert second.held_for == (("new_version",) if policy == "hold" else ())
    rows = project.platform.tables.snapshot("shop/silver/rows")
    assert rows is not None
    assert rows.rows == ids
    assert proof.faults(project.platform, "shop") == []


@pytest.mark.parametrize(("amount", "held"), [(1, ()), (-1, ("not_all_accepted",))])
def test_all_or_nothing(project: Project, amount: int, held: tuple[str, ...]) -> None:
    rule = "      - {id: above, type: custom, engine: headgate, implementation: amount > 0}"
    project.write(contract(rules=rule), flow=FLOW + "check: {accept_at_least: 0, all_or_nothing: true}\n")
    (one,) = project.deliver([*rows_of("a", "b"), *rows_of("c", amount=amount)])
    assert one.held_for == held
    assert one.state is (State.HELD if held else State.ARCHIVED)
