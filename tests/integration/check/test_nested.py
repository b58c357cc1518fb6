"""Records with objects and lists, under the sender's own names: what is told of each value, and what is published."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.project import all_deliveries, run_files
from tests.harness.small import contract, open_small, table_rows, write_flow, write_rows

from headgate.core.platform import Platform

COLUMNS = """
      - {name: id, physicalName: Id, required: true, primaryKey: true}
      - {name: price, physicalName: Price, logicalType: number, physicalType: "DECIMAL(9,2)"}
      - name: who
        physicalName: Who
        logicalType: object
        properties:
          - {name: mail, physicalName: eMail}
          - {name: paid, logicalType: number, physicalType: "DECIMAL(7,3)"}
      - name: lines
        logicalType: array
        items:
          logicalType: object
          properties:
            - {name: sku, physicalName: SKU, required: true}
            - {name: n, logicalType: integer, required: true}
      - name: grid
        logicalType: array
        items: {logicalType: array, items: {logicalType: integer}}
"""
SOUND: dict[str, Any] = {
    "Id": "a",
    "Price": 1.25,
    "Who": {"eMail": "a@b.org", "paid": 0.125},
    "lines": [{"SKU": "s", "n": 1}, {"SKU": "t", "n": 2}],
    "grid": [[1, 2], []],
}


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    flow = 'source: {files: "*.json"}\ncheck: {accept_at_least: 0, drift: warn}\n'
    write_flow(tmp_path / "p", flow, contract_text=contract(columns=COLUMNS))
    made = open_small(tmp_path / "p")
    yield made
    made.ledger.close()


def test_values_of_every_depth_are_published_under_our_names(platform: Platform, tmp_path: Path) -> None:
    run_files(platform, [write_rows(tmp_path, "a.json", [SOUND])])
    assert table_rows(platform, "shop/silver/rows", "id, price, who_mail, who_paid, lines, grid") == [
        (
            "a",
            Decimal("1.25"),
            "a@b.org",
            Decimal("0.125"),
            [{"sku": "s", "n": 1}, {"sku": "t", "n": 2}],
            [[1, 2], []],
        )
    ]
    assert proof.faults(platform, "shop") == []


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({"Price": 1.255}, [("wrong_type", "price")]),
        ({"Who": {"eMail": 5, "paid": 0.1255}}, [("wrong_type", "who.mail"), ("wrong_type", "who.paid")]),
        ({"Who": [1]}, [("wrong_type", "who")]),
        (
            {"lines": [{"SKU": "s", "n": 1}, {"n": "2"}]},
            [("missing_value", "lines[].sku"), ("wrong_type", "lines[].n")],
        ),
        ({"lines": {"SKU": "s"}}, [("wrong_type", "lines")]),
        ({"lines": [5]}, [("wrong_type", "lines[]")]),
        ({"grid": [[1], ["x"]]}, [("wrong_type", "grid[][]")]),
        ({"grid": [1]}, [("wrong_type", "grid[]")]),
        ({"grid": [None, [None, 1]]}, []),
        ({"who": {}}, [("unknown_column", "*")]),
    ],
    ids=str,
)
def test_each_fault_is_told_at_its_path(
    platform: Platform, tmp_path: Path, change: dict[str, Any], reasons: list[tuple[str, str]]
) -> None:
    run_files(platform, [write_rows(tmp_path, "a.json", [SOUND, SOUND | {"Id": "b"} | change])])
    (one,) = all_deliveries(platform)
    assert sorted((told.code, told.column) for told in one.reasons) == reasons
    assert proof.faults(platform, "shop") == []


def test_a_column_that_is_named_but_never_sound_is_not_missing(tmp_path: Path) -> None:
    flow = 'source: {files: "*.json"}\ncheck: {accept_at_least: 0}\n'
    write_flow(tmp_path / "p", flow, contract_text=contract(columns=COLUMNS))
    platform = open_small(tmp_path / "p")
    rows = [SOUND | {"Id": name, "Price": "much", "lines": [{"SKU": 5, "n": 1}]} for name in "abc"]
    run_files(platform, [write_rows(tmp_path, "a.json", rows)])
    (named,) = all_deliveries(platform)
    gone = [{key: value for key, value in row.items() if key != "Price"} for row in rows]
    run_files(platform, [write_rows(tmp_path, "b.json", [row | {"Id": f"{row['Id']}2"} for row in gone])])
    absent = all_deliveries(platform)[-1]
    platform.ledger.close()
    assert "missing_column" not in named.held_for
    assert set(named.held_for) == {"retyped_column"}
    assert absent.facts["held"]["missing_column"] == "price"
