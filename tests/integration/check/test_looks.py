"""The quick look passes exactly those rows about which the close look has nothing to say.

A row whose names are unlike those of the first records is looked at closely though it is sound: that costs time and
changes nothing. So the first records are the ones that are looked at, or only one direction is asserted.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.harness.looks import quick_look
from tests.harness.project import make_sales

from headgate.adapters.duckdb_engine import DuckDBEngine
from headgate.check.plan import SUSPECTS, CheckPlan
from headgate.check.plan_sql import write_plan
from headgate.check.shapes import learn_shapes
from headgate.core.contract import Contract
from headgate.core.contract_document import read_contract
from headgate.core.flow import ParameterDeclaration
from headgate.core.ports import Engine
from headgate.project import load_flow
from headgate.wiring import shipped_flows

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
VALUES: list[Any] = [
    None, "", "x", "7", 7, 0, -1, 2.5, 1e300, 12345678901234567890, True, [], {}, [None], [5], [[]], [{}], {"a": 1},
    "2026-11-20T07:41:09Z", "EUR", "T20261120-00001", "a@example.org", Decimal("0.001"),
]  # fmt: skip
ABSENT, TWIN, STRANGE = object(), object(), object()
NESTED = b"""
apiVersion: v3.1.0
kind: DataContract
id: nested
version: 1.0.0
status: active
schema:
  - name: nested
    logicalType: object
    properties:
      - {name: id, logicalType: integer, required: true}
      - name: free
        logicalType: object
        properties: [{name: a}, {name: b, logicalType: object, properties: [{name: c}]}]
      - name: must
        logicalType: object
        required: true
        properties: [{name: a}, {name: l, logicalType: array, items: {logicalType: integer}}]
      - {name: half, logicalType: object, properties: [{name: a, required: true}, {name: n, logicalType: number}]}
      - name: words
        logicalType: array
        logicalTypeOptions: {minItems: 1, uniqueItems: true}
        items: {logicalType: string}
      - name: rows
        logicalType: array
        items:
          logicalType: object
          properties:
            - {name: a}
            - {name: deep, logicalType: object, properties: [{name: x, logicalType: integer}]}
            - {name: list, logicalType: array, items: {logicalType: object, properties: [{name: y}]}}
      - name: grid
        logicalType: array
        items: {logicalType: array, items: {logicalType: object, properties: [{name: g, logicalType: integer}]}}
"""
NESTED_RECORD: dict[str, Any] = {
    "id": 1,
    "free": {"a": "x", "b": {"c": "y"}},
    "must": {"a": "x", "l": [1, 2]},
    "half": {"a": "x", "n": 1.5},
    "words": ["p", "q"],
    "rows": [{"a": "x", "deep": {"x": 1}, "list": [{"y": "z"}]}, {"a": None, "deep": None, "list": []}],
    "grid": [[{"g": 1}], []],
}


class Looker:
    """One engine that looks at records both ways."""

    def __init__(self, folder: Path, contract: Contract, parameters: tuple[ParameterDeclaration, ...] = ()) -> None:
        self.engine: Engine = DuckDBEngine(
            memory_limit_bytes=300 << 20, threads=2, scratch=str(folder), readable=[str(folder)]
        )
        self._folder = folder
        self._contract = contract
        self._plan: CheckPlan = write_plan(contract, parameters)
        self._values = {"total_tolerance": Decimal("0.01"), "amount_limit": Decimal("2500.00")}

    def disagreements(self, texts: list[str], usual: list[str]) -> list[tuple[str, bool, list[str]]]:
        """Records of which the two looks say different things; `usual` are those that shapes are learnt from."""
        values: dict[str, Any] = {name: self._values[name] for name in self._plan.parameters if name in self._values}
        values |= learn_shapes(self.engine, self._plan, self._contract, pa.record_batch({"raw": pa.array(usual)}))
        ways = [self._looked(texts, values, typed=typed) for typed in (False, True)]
        (sound, text_alone), (sound_typed, typed_first) = ways
        self.engine.register(SUSPECTS, text_alone)
        bound = {name: value for name, value in values.items() if name in self._values}
        listed = f"SELECT _row, [r.path || ' ' || r.code FOR r IN reasons] FROM ({self._plan.close})"
        told = dict(self.engine.rows(listed, bound))
        # from text an unusual record is looked at closely though nothing is wrong with it; typed it need not be
        assert [texts[row] for row in sound if sound_typed[row] and told[row]] == []
        assert [texts[row] for row in sound if sound[row] and not sound_typed[row]] == []
        both = {row for row in sound if sound[row]}
        assert _rows(typed_first, both) == _rows(text_alone, both)
        return [(text, sound[row], told[row]) for row, text in enumerate(texts) if sound[row] is not (not told[row])]

    def _looked(self, texts: list[str], values: dict[str, Any], *, typed: bool) -> tuple[dict[int, bool], pa.Table]:
        """Which rows the quick look passes, and all rows as staged, each with its text."""
        files = quick_look(
            self.engine,
            self._plan,
            self._contract,
            _input(texts),
            values,
            self._folder,
            typed=typed,
            keep_text=True,
        )
        tables = [pq.read_table(file.path) for file in files]
        staged = pa.concat_tables(tables, promote_options="permissive").sort_by("_row")  # some say: never NULL
        return dict(zip(staged["_row"].to_pylist(), staged["_ok"].to_pylist(), strict=True)), staged


def _rows(staged: pa.Table, wanted: set[int]) -> list[dict[str, Any]]:
    return [row for row in staged.to_pylist() if row["_row"] in wanted]


def _input(texts: list[str]) -> pa.Table:
    rows = len(texts)
    return pa.table(
        {
            "_n": pa.array([1] * rows, pa.int64()),
            "_row": pa.array(range(rows), pa.int64()),
            "_offset": pa.array([0] * rows, pa.int64()),
            "_length": pa.array([0] * rows, pa.int32()),
            "_now": pa.array([NOW] * rows, pa.timestamp("us", tz="UTC")),
            "raw": pa.array(texts),
        },
    )


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a record where something can be changed."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*path, key)
        yield from places(child, (*path, key))


def changed(record: dict[str, Any], path: tuple[Any, ...], change: object) -> str:
    """The record's text with one place changed, left out, twice there, or with a strange name beside it."""
    other = copy.deepcopy(record)
    holder: Any = other
    for key in path[:-1]:
        holder = holder[key]
    if change is ABSENT:
        del holder[path[-1]]
    elif change is STRANGE and isinstance(holder, dict):
        holder["strange"] = 1
    elif change is TWIN and isinstance(holder, dict):
        text = written(other)
        pair = f"{written(path[-1])}: {written(holder[path[-1]])}"
        return text.replace(pair, f"{pair}, {pair}", 1)
    elif change is not TWIN and change is not STRANGE:
        holder[path[-1]] = change
    return written(other)


def written(value: object) -> str:
    """JSON text; decimals with the digits they have."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value)


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Looker, list[dict[str, Any]]]]:
    folder = tmp_path_factory.mktemp("sales")
    flow = load_flow(shipped_flows() / "sales")
    made = make_sales(folder / "in", count=300, seed=11, defects=0.3)
    looker = Looker(folder, flow.contract, flow.parameters)
    looker.engine.register("param_fx_rates", _rates())
    document = json.loads(made.files[0].read_bytes(), parse_float=Decimal)
    yield looker, document["transactions"]
    looker.engine.close()


def _rates() -> pa.Table:
    kinds = {"currency": pa.string(), "day": pa.date32(), "rate": pa.decimal128(18, 8)}
    options = pyarrow.csv.ConvertOptions(column_types=kinds, include_columns=list(kinds))
    return pyarrow.csv.read_csv(shipped_flows() / "sales" / "fx_rates.csv", convert_options=options)


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looker]:
    looker = Looker(tmp_path_factory.mktemp("nested"), read_contract(NESTED, name="nested.yaml"))
    yield looker
    looker.engine.close()


def test_generated_sales(sales: tuple[Looker, list[dict[str, Any]]]) -> None:
    looker, records = sales
    texts = [written(record) for record in records]
    for start in range(0, len(texts), 200):
        some = texts[start : start + 200]
        assert looker.disagreements(some, some) == []


CHANGES = st.sampled_from([*VALUES, ABSENT, TWIN, STRANGE])


# a batch of records is one example: shrinking it would take minutes and tell no more
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(data=st.data())
def test_changed_sales(data: st.DataObject, sales: tuple[Looker, list[dict[str, Any]]]) -> None:
    looker, records = sales
    texts = []
    for _ in range(150):
        record = records[data.draw(st.integers(0, len(records) - 1))]
        options = list(places(record))
        texts.append(changed(record, options[data.draw(st.integers(0, len(options) - 1))], data.draw(CHANGES)))
    assert looker.disagreements(texts, texts) == []


def test_every_place_of_a_nested_record_with_every_value(nested: Looker) -> None:
    texts = [
        changed(NESTED_RECORD, place, change)
        for place in places(NESTED_RECORD)
        for change in (*VALUES, ABSENT, TWIN, STRANGE)
    ]
    usual = [written(NESTED_RECORD), '{"id": 1, "must": {}}', '{"id": 1, "must": {"a": "x"}, "half": {}, "rows": [{}]}']
    found = nested.disagreements([*usual, *texts], usual)
    assert [one for one in found if one[1]] == []
    assert usual[0] not in {text for text, _, _ in found}
    assert len(found) < len(texts) / 5


def test_what_is_no_record(nested: Looker) -> None:
    texts = ["5", '"x"', "null", "true", "[]", "[{}]", "{}"]
    assert nested.disagreements(texts, ["{}"]) == []
