"""A correction of many rows reaches into lists: all elements or those at fault, and the dry run counts them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness import proof
from tests.harness.office import ANY_SHARE, Office, counted
from tests.harness.project import all_deliveries
from tests.harness.small import FLOW, contract

from headgate import pipeline
from headgate.core.cases import Act
from headgate.core.errors import UsageError
from headgate.deciding.desk import document_of
from headgate.deciding.plan import plan
from headgate.deciding.plan_words import tell_plans
from headgate.deciding.proposal import Edit
from headgate.deciding.votes import agree, propose

COLUMNS = """
      - {name: id, required: true, primaryKey: true}
      - {name: day, logicalType: date}
      - name: items
        logicalType: array
        items:
          logicalType: object
          properties:
            - name: unit
              quality: [{id: known, metric: invalidValues, arguments: {validValues: [kg, g]}, mustBe: 0}]
            - {name: pieces, logicalType: integer}
"""
TASKS = {
    "tasks/rows.sql": "SELECT id, day, items, _delivery, _row, _record FROM accepted",
    "tasks/days.sql": "SELECT day, count(*) AS amount FROM rows GROUP BY day",
}


def row(id_: str, *units: str) -> dict[str, Any]:
    return {"id": id_, "day": "2026-11-01", "items": [{"unit": unit, "pieces": 1} for unit in units]}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path).write(contract_text=contract(columns=COLUMNS), flow=FLOW + ANY_SHARE, files=TASKS)
    made.deliver(row("a", "kg"), row("b", "kg", "KG", "l"), row("c", "oz"), row("d", "g", "stone"))
    yield made
    made.close()


def units(office: Office, path: str) -> dict[str, list[str]]:
    """What each row would have by a plan."""
    planned = plan(office.desk, office.case("not_allowed"), Act.CORRECT, every={path: "g"})
    records = [json.loads(record) for record in planned.document.records.values()]
    return {record["id"]: [item["unit"] for item in record["items"]] for record in records}


def test_all_elements_or_those_at_fault(office: Office) -> None:
    assert units(office, "items[].unit") == {"b": ["g", "g", "g"], "c": ["g"], "d": ["g", "g"]}
    assert units(office, "items[!].unit") == {"b": ["kg", "g", "g"], "c": ["g"], "d": ["g", "g"]}


def test_it_is_told_counted_and_published(office: Office) -> None:
    planned = plan(office.desk, office.case("not_allowed"), Act.CORRECT, every={"items[!].unit": "g"})
    assert planned.elements == (2, 1, 1)
    assert tell_plans([planned]) == "3 rows will be released as corrected, 4 elements are set in 3 rows."
    decision = propose(office.desk, planned, by=office.people["ada"], reason="another unit")
    assert len(document_of(office.desk, decision).records) == 3
    agree(office.desk, decision, by=office.people["bob"], digest=decision.digest)
    office.execute()
    pipeline.work(office.platform)
    (origin,) = [one for one in all_deliveries(office.platform) if one.kind == "file"]
    assert counted(origin) == (4, 4, 0, 0, 0)
    assert proof.faults(office.platform, "shop") == []


def test_what_does_not_help_stays_held_and_is_not_counted(office: Office) -> None:
    edits = [Edit(row=3, values={"items[].unit": "g"})]
    planned = plan(office.desk, office.case("not_allowed"), Act.CORRECT, edits=edits)
    assert (planned.rows, planned.elements) == (1, (1,))
    with pytest.raises(UsageError, match="none of the 3 rows would pass: not_allowed on 3"):
        plan(office.desk, office.case("not_allowed"), Act.CORRECT, every={"items[!].unit": "furlong"})
    with pytest.raises(UsageError, match=r"takes a number, 'many' is none"):
        plan(office.desk, office.case("not_allowed"), Act.CORRECT, every={"items[].pieces": "many"})
