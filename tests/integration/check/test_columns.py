"""Columns that a delivery does not have at all: no value of them is sound, and no raw record names them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.adapters.duckdb_engine import DuckDBEngine
from headgate.check.columns import missing_columns
from headgate.check.plan import STAGE
from headgate.check.rows import Rows
from headgate.core.contract_document import read_contract
from headgate.core.ports import Engine
from headgate.core.records import StagedFile

CONTRACT = b"""
apiVersion: v3.1.0
kind: DataContract
id: letters
version: 1.0.0
status: active
schema:
  - name: letters
    logicalType: object
    properties:
      - {name: id, logicalType: integer}
      - {name: sent, physicalName: Sent on, logicalType: integer}
      - name: pages
        logicalType: array
        items: {logicalType: object, properties: [{name: width, physicalName: 'w"', logicalType: integer}]}
"""


FILES = [StagedFile(path="", rows=1, size_bytes=1)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = DuckDBEngine(memory_limit_bytes=200 << 20, threads=1, scratch=str(tmp_path), readable=[str(tmp_path)])
    yield made
    made.close()


@pytest.mark.parametrize(
    ("raw", "absent"),
    [
        ('{"id": "x", "Sent on": null, "pages": [{"w\\"": null}]}', ()),
        ('{"id": "x", "sent": 1, "pages": [{"width": 1}]}', ("sent", "pages[].width")),
        ('{"Sent on": "never"}', ("id", "pages", "pages[].width")),
    ],
)
def test_a_column_without_a_value_is_there_under_the_name_of_the_sender(
    engine: Engine, raw: str, absent: tuple[str, ...]
) -> None:
    contract = read_contract(CONTRACT, name="letters.yaml")
    values = "NULL::BIGINT AS id, NULL::BIGINT AS sent, NULL::STRUCT(width BIGINT)[] AS pages"
    engine.define(STAGE, f"SELECT 7 AS _n, {values}, '{raw}' AS _raw")
    with Rows([], contract, print) as rows:
        found = missing_columns(engine, contract, rows, FILES, headers=None)
    assert found == ({7: absent} if absent else {})
