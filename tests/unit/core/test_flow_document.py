"""Flows from their files, and those that are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from headgate.core.contract_document import read_contract
from headgate.core.errors import FlowError, NotFoundError
from headgate.core.flow import Escalation, Flow, NewVersion, ParameterDeclaration, ReviewPolicy, Target, Task
from headgate.core.flow_document import read_flow
from headgate.core.yaml_text import read_yaml

CASES: Any = read_yaml((Path(__file__).parent / "cases" / "flow_problems.yaml").read_bytes(), name="cases").value
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
  - name: sales
    properties:
      - {name: id, required: true, primaryKey: true}
      - {name: a, logicalType: integer, required: true}
      - {name: day, logicalType: date, required: true}
"""
ROWS = b"SELECT id, a, day, _delivery, _row, _record FROM accepted"
FILES = {
    "contract.odcs.yaml": CONTRACT.encode(),
    "rates.csv": b"x,y\n1,2\n",
    "checks.py": b"",
    "tasks/rows.sql": ROWS,
    "tasks/children.sql": b"SELECT * EXCLUDE (_record) FROM accepted",
    "tasks/days.sql": b"SELECT day, count(*) AS n FROM rows GROUP BY day",
    "tasks/few.sql": b"SELECT day FROM accepted",
    "tasks/drop.sql": b"DROP TABLE rows",
    "tasks/other.sql": b"SELECT * FROM elsewhere",
    "tasks/limit.sql": b"SELECT day FROM rows WHERE a > $limit",
    "tasks/score.py": b"def score(rows): return rows",
    "more/rows.sql": ROWS,
    "rows.sql": ROWS,
}


def read(text: str, *, more: str = "", files: Mapping[str, bytes] | None = None) -> Flow:
    contract = CONTRACT + (f"    {more}\n" if more else "")
    found = {**FILES, **(files or {}), "flow.yaml": text.encode(), "contract.odcs.yaml": contract.encode()}
    return read_flow("shop", found.__getitem__)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    with pytest.raises(FlowError) as caught:
        read(case["text"], more=case.get("contract", ""))
    told = [str(problem).removeprefix("flow.yaml:") for problem in caught.value.problems]
    assert len(told) == len(case["problems"]), told
    assert all(part in problem for part, problem in zip(case["problems"], told, strict=True)), told


def test_a_source_is_enough() -> None:
    flow = read("source: {files: '*.csv'}")
    assert flow.name == "shop"
    assert flow.folder == PurePosixPath("shop")
    assert (flow.source.files, flow.source.records, flow.source.new_version) == (("*.csv",), None, NewVersion.HOLD)
    assert (flow.source.salvage, flow.source.schedule, flow.source.max_unpacked_bytes) == (False, None, 64 << 30)
    assert (flow.checking.accept_at_least, flow.checking.all_or_nothing, flow.checking.drift) == (
        Decimal("0.95"),
        False,
        "hold",
    )
    assert flow.review == ReviewPolicy()
    assert (flow.tasks, flow.parameters, flow.quarantine_days) == ((), (), None)
    assert flow.targets == (Target(name="sales", layer="silver", key=("id",)),)
    assert flow.record_table == "sales"


def test_everything_that_can_be_said() -> None:
    flow = read(
        """
source:
  files: [a_*.json, "b_*.json"]
  records: data.rows
  new_version: replace
  stated_count: n
  schedule: "0 2 * * *"
  salvage: true
  max_unpacked: 500 MiB
check: {accept_at_least: 0.90, all_or_nothing: true, drift: warn}
tasks: [tasks/children.sql, tasks/rows.sql, tasks/days.sql, "tasks/score.py:score"]
targets:
  silver:
    children: {key: [id, a]}
    rows: {key: [id]}
  gold:
    days: {key: [day], window: month(day), reach: 2}
    score: {key: [id]}
review: {votes: 2, votes_above: {rows: 100, votes: 3}, within: 4h, rule_changes: 2,
  escalate: {to: [operator, anna], again: 2h}}
retention: {quarantine: 2y}
""",
    )
    assert flow.source.files == ("a_*.json", "b_*.json")
    assert (flow.source.records, flow.source.new_version, flow.source.stated_count) == ("data.rows", "replace", "n")
    assert (flow.source.schedule, flow.source.salvage) == ("0 2 * * *", True)
    assert flow.source.max_unpacked_bytes == 500 << 20
    assert (flow.checking.accept_at_least, flow.checking.all_or_nothing, flow.checking.drift) == (
        Decimal("0.90"),
        True,
        "warn",
    )
    assert [task.name for task in flow.tasks] == ["children", "rows", "days", "score"]
    assert flow.tasks[3] == Task(name="score", file="tasks/score.py", function="score")
    assert flow.target("rows") == Target(name="rows", layer="silver", key=("id",))
    assert flow.target("days") == Target(name="days", layer="gold", key=("day",), window="month(day)", reach=2)
    assert flow.record_table == "rows"
    assert flow.review == ReviewPolicy(
        votes=2,
        votes_above_rows=100,
        votes_above=3,
        within_s=14_400,
        rule_changes=2,
        escalate=Escalation(to=("operator", "anna"), again_s=7_200),
    )
    assert flow.quarantine_days == 730


@pytest.mark.parametrize(
    ("targets", "record"),
    [
        ("rows: {key: [id]}, children: {key: [id, a]}", "rows"),
        ("children: {key: [id, a]}, rows: {key: [id]}", "rows"),
        ("children: {key: [a]}, rows: {key: [day]}", "children"),
        ("children: {key: [a]}, rows: {key: [day], record: true}", "rows"),
    ],
)
def test_the_record_table_is_the_one_with_the_key_or_the_one_that_says_so(targets: str, record: str) -> None:
    text = (
        f"source: {{files: '*.csv'}}\ntasks: [tasks/children.sql, tasks/rows.sql]\ntargets: {{silver: {{{targets}}}}}"
    )
    children = b"SELECT * FROM accepted"
    assert read(text, files={"tasks/children.sql": children}).record_table == record


@pytest.mark.parametrize(
    ("declared", "kind", "default"),
    [
        ("{type: integer, default: 5}", "integer", "5"),
        ("{type: 'decimal(12, 2)', default: '2500'}", "decimal(12,2)", "2500.00"),
        ("{type: text, default: abc}", "text", "abc"),
        ("{type: date, default: 2026-01-02}", "date", "2026-01-02"),
        ("{type: boolean, default: true}", "boolean", "true"),
        ("{type: list(text), default: [a, é]}", "list(text)", '["a", "é"]'),
        ("{type: 'list(decimal(4,1))', default: ['1.5', '2']}", "list(decimal(4,1))", '["1.5", "2.0"]'),
        ("{type: 'map(text, integer)', default: {b: 2, a: 1}}", "map(text,integer)", '{"a": 1, "b": 2}'),
        ("{type: 'map(text, boolean)', default: {a: true}}", "map(text,boolean)", '{"a": true}'),
    ],
)
def test_parameters_in_canonical_text(declared: str, kind: str, default: str) -> None:
    (found,) = read(f"source: {{files: '*.csv'}}\nparameters: {{p: {declared}}}").parameters
    assert (found.type, found.default) == (kind, default)


def test_a_parameter_with_limits_and_words() -> None:
    text = "{type: 'decimal(9,2)', default: '5', min: '0', max: '10', unit: EUR, about: A limit.}"
    assert read(f"source: {{files: '*.csv'}}\nparameters: {{p: {text}}}").parameters == (
        ParameterDeclaration(
            name="p", type="decimal(9,2)", default="5.00", minimum="0.00", maximum="10.00", unit="EUR", about="A limit."
        ),
    )


def test_a_table_parameter_and_its_file() -> None:
    text = "{type: table, file: rates.csv, key: [x, day date], value: 'y decimal(18, 8)', missing: no_price}"
    flow = read(f"source: {{files: '*.csv'}}\nparameters: {{rates: {text}}}")
    (found,) = flow.parameters
    assert (found.key, found.value, found.missing) == (("x", "day date"), ("y", "decimal(18,8)"), "no_price")
    assert (found.file, found.default) == ("rates.csv", None)
    assert flow.files["rates.csv"] == FILES["rates.csv"]


def test_the_digest_is_over_all_files_that_are_named() -> None:
    text = "source: {files: '*.csv'}\ntasks: [tasks/rows.sql]\ntargets: {silver: {rows: {key: [id]}}}"
    plain = read(text)
    assert read(text).digest == plain.digest
    assert set(plain.files) == {"flow.yaml", "tasks/rows.sql"}
    assert read(f"{text}\n# words").digest != plain.digest
    assert read(text, files={"tasks/rows.sql": ROWS + b" WHERE a > 1"}).digest != plain.digest
    assert read(text, files={"tasks/days.sql": b"SELECT 1"}).digest == plain.digest


def test_a_contract_that_was_read_before_is_taken() -> None:
    contract = read_contract(CONTRACT.encode(), name="c")
    files = {"flow.yaml": b"source: {files: '*.csv'}"}
    assert read_flow("shop", files.__getitem__, contract=contract).contract is contract


def test_a_flow_without_its_files_says_what_to_do() -> None:
    for files in ({}, {"flow.yaml": b"source: {files: '*.csv'}"}):
        with pytest.raises(NotFoundError, match="headgate init"):
            read_flow("shop", files.__getitem__)


def test_tables_of_other_flows_are_told() -> None:
    tasks = "tasks: [tasks/rows.sql, tasks/days.sql, tasks/named.sql, tasks/score.py:score]"
    gold = "days: {key: [day]}, named: {key: [name]}, score: {key: [id]}"
    sql = (
        b"WITH rows AS (SELECT * FROM people.names) "
        b"SELECT r.name, d.n FROM rows AS r JOIN days AS d USING (day) JOIN tax.rates USING (day)"
    )
    found = read(
        f"source: {{files: '*.csv'}}\n{tasks}\ntargets: {{silver: {{rows: {{key: [id]}}}}, gold: {{{gold}}}}}",
        files={"tasks/named.sql": sql},
    )
    assert set(found.foreign) == {"people.names", "tax.rates"}


def test_without_validation_the_same_flow_is_read() -> None:
    text = "source: {files: '*.csv'}\ntasks: [tasks/rows.sql]\ntargets: {silver: {rows: {key: [id]}}}"
    files = {**FILES, "flow.yaml": text.encode()}
    assert read_flow("shop", files.__getitem__, validate=False) == read_flow("shop", files.__getitem__)


def test_the_schema_describes_every_key_for_editors() -> None:
    text = resources.files("headgate.core").joinpath("schemas/flow.schema.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    for name, section in schema["properties"].items():
        assert section["title"], name
        assert section["description"], name
        for key, entry in section.get("properties", {}).items():
            assert entry["title"], f"{name}.{key}"
            assert entry["description"], f"{name}.{key}"


UNSHAPED = [
    "source: {files: 5}",
    "source: {files: '*.csv', max_unpacked: lots}",
    "source: {files: '*.csv'}\ntargets: {silver: {a: 5}}",
    "source: {files: '*.csv'}\ntasks: [5]",
    "source: {files: '*.csv'}\nparameters: [a]",
    "source: {files: '*.csv'}\nreview: {within: 4 hours}",
    "source: {files: '*.csv'}\nretention: {quarantine: 2m}",
    "source: {files: '*.csv'}\ncheck: {accept_at_least: x}",
]


@pytest.mark.parametrize("text", UNSHAPED)
def test_shapes_are_looked_at_without_the_schema_too(text: str) -> None:
    """A flow that passed before is read without the schema; it may have been edited since."""
    files = {**FILES, "flow.yaml": text.encode()}
    with pytest.raises(FlowError, match=r"flow\.yaml has \d problem"):
        read_flow("shop", files.__getitem__, validate=False)
