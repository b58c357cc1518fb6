"""How a reason shows what was found, and where."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from headgate.check.plan import SUSPECTS
from headgate.check.plan_sql import write_plan
from headgate.check.shape_sql import record_type
from headgate.core.contract_document import read_contract

COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "logicalType": "integer", "required": True},
    {
        "name": "o",
        "logicalType": "object",
        "properties": [{"name": "t", "logicalTypeOptions": {"maxLength": 3}, "logicalType": "string"}],
    },
    {
        "name": "rows",
        "logicalType": "array",
        "items": {
            "logicalType": "object",
            "properties": [
                {"name": "n", "logicalType": "integer", "required": True},
                {"name": "list", "logicalType": "array", "items": {"logicalType": "integer"}},
            ],
        },
    },
]


def reasons(record: str) -> list[tuple[str, str, str | None]]:
    """(column, code, value) of a record that nothing was read from: every type is judged by the text alone."""
    document = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "version": "1.0.0", "status": "active"}
    document["schema"] = [{"name": "r", "logicalType": "object", "properties": COLUMNS}]  # type: ignore[assignment]
    contract = read_contract(json.dumps(document).encode(), name="c.json")
    plan = write_plan(contract, ())
    typed = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in record_type(contract.columns))
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE {SUSPECTS} AS SELECT 1 AS _n, 1 AS _row, 0 AS _offset, 0 AS _length, "
            f"now() AS _now, {typed}, false AS _ok, $raw AS _raw",
            {"raw": record},
        )
        (listed,) = connection.execute(f"SELECT reasons FROM ({plan.close})").fetchone()  # type: ignore[misc]
    return [(one["column"], one["code"], one["value"]) for one in listed]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("5", ("", "wrong_type", "5")),
        ('{"id": "x"}', ("id", "wrong_type", "x")),
        ("{}", ("id", "missing_value", None)),
        ('{"o": [1]}', ("o", "wrong_type", "[1]")),
        ('{"rows": [{}, {"n": "seven"}]}', ("rows[1].n", "wrong_type", "seven")),
        ('{"rows": [{"n": true}]}', ("rows[0].n", "wrong_type", "true")),
        ('{"rows": [5]}', ("rows[0]", "wrong_type", "5")),
        ('{"rows": [{"list": [1, "x"]}]}', ("rows[0].list[1]", "wrong_type", "x")),
        ('{"rows": [{"list": {}}]}', ("rows[0].list", "wrong_type", "{}")),
        ('{"strange": 1}', ("strange", "unknown_column", None)),
        ('{"o": {"strange": 1}}', ("o.strange", "unknown_column", None)),
        ('{"rows": [{}, {"strange": 1}]}', ("rows[1].strange", "unknown_column", None)),
        ('{"o": {"t": "a", "t": "b"}}', ("o.t", "twin_key", None)),
    ],
)
def test_where_and_what(record: str, expected: tuple[str, str, str | None]) -> None:
    assert expected in reasons(record)


def test_a_long_value_is_cut() -> None:
    (value,) = [value for column, code, value in reasons(json.dumps({"id": "x" * 500})) if code == "wrong_type"]
    assert value == "x" * 200
