"""What a contract says beside its rules; its identity; and what is left out where it was checked before."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import contract_schema
from headgate.core.contract import Contract, Kind, Leniency
from headgate.core.contract_document import contract_digest, read_contract
from headgate.core.contract_properties import LENIENCIES
from headgate.core.errors import ContractError

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: shop\nversion: 1.2.3\nstatus: active\n"


def read(more: str = "", properties: str = "[{name: a}]", *, validate: bool = True) -> Contract:
    text = f"{HEAD}{more}\nschema: [{{name: rows, properties: {properties}}}]\n"
    return read_contract(text.encode(), name="c.yaml", validate=validate)


def test_names_version_status() -> None:
    found = read("name: Shop\ndescription: {purpose: What is sold.}")
    assert (found.id, found.name, found.version, found.status) == ("shop", "Shop", "1.2.3", "active")
    assert (found.api_version, found.record, found.description) == ("v3.1.0", "rows", "What is sold.")
    assert read().name == "shop"


def test_status_is_active_where_v3_2_names_none() -> None:
    head = HEAD.replace("v3.1.0", "v3.2.0").replace("status: active", "")
    text = f"{head}schema: [{{name: r, properties: [{{name: a}}]}}]"
    assert read_contract(text.encode(), name="c").status == "active"


def test_columns_with_their_types() -> None:
    found = read(
        properties="""
  - {name: d, physicalName: D X, logicalType: number, physicalType: "decimal( 12 , 2 )", description: money}
  - {name: n, logicalType: number, physicalType: DOUBLE}
  - {name: i, logicalType: integer, logicalTypeOptions: {format: u8}}
  - {name: t, logicalType: timestamp, logicalTypeOptions: {timezone: true, defaultTimezone: Europe/Berlin}}
  - {name: day, logicalType: date, logicalTypeOptions: {format: d/M/yyyy}}
  - {name: c, logicalType: object, classification: personal, properties: [{name: e}]}
  - {name: l, logicalType: array, items: {logicalType: object, properties: [{name: q, tags: [personal]}]}}
""".replace("\n", " ")
        .replace("  - ", ", ")
        .replace(", ", "[", 1)
        + "]",
    )
    exact, number, small, moment, day, customer, lines = found.columns
    assert (exact.kind, exact.precision, exact.scale, exact.source_name) == (Kind.DECIMAL, 12, 2, "D X")
    assert exact.description == "money"
    assert number.kind is Kind.NUMBER
    assert small.integer_format == "u8"
    assert (moment.offset_required, moment.default_timezone) == (True, "Europe/Berlin")
    assert day.date_format == "d/M/yyyy"
    assert [column.path for column in customer.walk() if column.personal] == ["c", "c.e"]
    assert [column.path for column in lines.walk()] == ["l", "l[]", "l[].q"]
    assert found.column("l[].q").personal
    assert not lines.personal


@pytest.mark.parametrize("name", sorted(LENIENCIES))
def test_each_leniency_is_read(name: str) -> None:
    arguments: dict[str, tuple[str, str | tuple[str, ...]]] = {
        "unit_suffix": ("{unit_suffix: km}", "km"),
        "boolean_words": ("{boolean_words: [ja, nein]}", ("ja", "nein")),
    }
    written, argument = arguments.get(name, (name, None))
    found = read(properties=f"[{{name: a, customProperties: [{{property: lenient, value: [{written}]}}]}}]")
    assert found.columns[0].lenient == (Leniency(name=name, argument=argument),)


def test_service_levels_team_and_support() -> None:
    found = read(
        """
slaProperties:
  - {property: latency, value: 26, unit: h, element: rows.a, description: Not older.}
  - {property: freshness, value: 0.5, unit: d, element: "rows.a, b"}
  - {property: frequency, value: 1, unit: d}
  - {property: retention, value: 10, unit: y}
  - {property: generalAvailability, value: soon}
team: {name: t, members: [{username: o, role: owner}, {username: s, role: sender}]}
support: [{channel: mail, url: "mailto:o@example.org"}]
""",
        "[{name: a, logicalType: timestamp}, {name: b, logicalType: date}]",
    )
    assert [(level.column, level.limit_s) for level in found.freshness] == [
        ("a", Decimal(93_600)),
        ("a", Decimal(43_200)),
        ("b", Decimal(43_200)),
    ]
    assert (found.frequency_s, found.retention_days) == (Decimal(86_400), 3650)
    assert found.team == (("o", "owner"), ("s", "sender"))
    assert found.support == (("mail", "mailto:o@example.org"),)


@pytest.mark.parametrize(
    ("level", "part"),
    [
        ("{property: latency, value: 1, unit: h}", "no column is named"),
        ("{property: latency, value: 1, unit: h, element: rows.b}", "'rows.b' is no column"),
        ("{property: retention, value: 1, unit: m}", "the unit is 'm'"),
        ("{property: retention, value: long, unit: y}", "`value` is 'long'"),
    ],
)
def test_service_levels_that_say_nothing(level: str, part: str) -> None:
    with pytest.raises(ContractError, match=part):
        read(f"slaProperties: [{level}]")


def test_variables_of_v3_2_are_filled_outside_of_rules() -> None:
    text = HEAD.replace("v3.1.0", "v3.2.0") + "domain: ${AREA}\ndescription: {purpose: 'In ${AREA}.'}\n"
    text += "schema: [{name: rows, properties: [{name: a, description: 'by ${AREA}'}]}]"
    found = read_contract(text.encode(), name="c", variables={"AREA": "Spain"})
    assert (found.description, found.columns[0].description) == ("In Spain.", "by Spain")


def test_in_v3_1_such_a_text_is_a_text() -> None:
    assert read("description: {purpose: 'In ${AREA}.'}").description == "In ${AREA}."


# ── Identity ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_comments_layout_and_order_of_keys_do_not_change_the_identity() -> None:
    other = (
        "# words\nstatus: active\nversion: 1.2.3\nid: shop\nkind: DataContract\napiVersion: v3.1.0\n"
        "schema:\n  - properties:\n      - name: a   # a column\n    name: rows\n"
    )
    assert read_contract(other.encode(), name="other.yaml").digest == read().digest


def test_every_change_of_content_changes_the_identity() -> None:
    contents = ["", "name: x", "name: y", "description: {purpose: x}", "tags: [x]", "price: {priceAmount: 1.5}",
                "price: {priceAmount: 1.50}", "price: {priceAmount: 9007199254740993}"]  # fmt: skip
    assert len({read(content).digest for content in contents}) == len(contents)


def test_a_number_is_not_its_text() -> None:
    assert contract_digest({"a": Decimal("0.2")}) != contract_digest({"a": "0.2"})
    assert contract_digest({"a": 2**60}) != contract_digest({"a": str(2**60)})


@given(st.permutations(["a: 1", "b: 2.50", "c: [x, y]", "d: {e: true}"]))
def test_the_digest_follows_from_the_content(lines: list[str]) -> None:
    more = f"customProperties: [{{property: mine, value: {{{', '.join(lines)}}}}}]"
    assert (
        read(more, validate=False).digest
        == read(
            "customProperties: [{property: mine, value: {a: 1, b: 2.50, c: [x, y], d: {e: true}}}]", validate=False
        ).digest
    )


# ── The schema ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_without_validation_the_same_contract_is_read() -> None:
    assert read(validate=False) == read()


def test_without_validation_an_unknown_key_passes_and_a_wrong_rule_does_not() -> None:
    read(properties="[{name: a, requird: true}]", validate=False)
    with pytest.raises(ContractError, match="severity"):
        read(properties="[{name: a, quality: [{metric: nullValues, mustBe: 0, severity: bad}]}]", validate=False)


def test_the_package_still_needs_mending() -> None:
    """Where this fails the package has mended its schema: take `_mend_missing_logical_type` out."""
    text = resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    branches = [branch.get("if", {}) for branch in json.loads(text)["$defs"]["SchemaBaseProperty"]["allOf"]]
    kinds = [branch.get("properties", {}).get("logicalType", {}).get("const") for branch in branches]
    new = [branch for branch, kind in zip(branches, kinds, strict=True) if kind in {"map", "vector"}]
    assert len(new) == 2
    assert all("required" not in branch for branch in new)


def test_each_version_has_a_schema_of_its_own() -> None:
    old, new = (contract_schema.schema_of(version) for version in contract_schema.VERSIONS)
    assert "enum" not in old["$defs"]["SchemaBaseProperty"]["properties"]
    assert "enum" in new["$defs"]["SchemaBaseProperty"]["properties"]
    assert "status" in old["required"]
    assert "status" not in new["required"]


def test_reading_brings_no_heavy_library_along() -> None:
    """Importing takes none of them; a contract without SQL that is known is read without them too."""
    text = f"{HEAD}schema: [{{name: r, properties: [{{name: a}}]}}]".encode()
    code = (
        "import sys; from headgate.core.contract_document import read_contract; "
        f"read_contract({text!r}, name='c', validate=False); "
        "print([name for name in ('pydantic', 'open_data_contract_standard', 'jsonschema_rs', 'sqlglot', 'pyarrow') "
        "if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_service_level_with_a_unit_of_no_time_is_refused() -> None:
    days = "slaProperties: [{property: latency, value: 2, unit: d, element: rows.a}]"
    when = "[{name: a, logicalType: date}]"
    assert [one.column for one in read(days, when).freshness] == ["a"]
    with pytest.raises(ContractError, match="the unit is 'moons'"):
        read(days.replace("unit: d", "unit: moons"), when)
