"""What becomes of each kind of value under each type of a contract: the table, the run that proves it, and its page.

`python -m tests.harness.kinds` writes docs/types.md from kinds.yaml.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from tests.harness.looks import quick_look

from headgate.check.plan import STAGE, SUSPECTS
from headgate.check.plan_sql import write_plan
from headgate.check.shapes import learn_shapes
from headgate.core.contract import Contract
from headgate.core.contract_document import read_contract
from headgate.core.ports import Engine, FileSet
from headgate.core.sql import quoted

TABLE = Path(__file__).with_name("kinds.yaml")
PAGE = Path(__file__).parents[2] / "docs" / "types.md"
ABSENT = "absent"
INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
CONTAINERS = ("object", "array")
TIMES = ("date", "time", "timestamp")
Source = str  # json or text


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One value in one column."""

    source: Source
    column: str  # name in the contract that is made for the table
    value: str  # JSON text, or the text of a field; ABSENT: the key is left out
    taken: str | None = None  # as the engine shows it
    reason: str | None = None  # code; None where the value is taken without a word

    @property
    def id(self) -> str:
        """For the test's name."""
        shown = self.value if len(self.value) < 40 else f"{self.value[:36]}…"
        return f"{self.source}-{self.column}-{shown or 'empty'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the two statements said of one case."""

    taken: str | None
    sound: bool  # by the quick look
    reasons: tuple[tuple[str, str], ...]  # by the close look: column and code


@cache
def table() -> dict[str, Any]:
    """The cases of kinds.yaml, every value as the text that stands there."""
    loaded: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  text alone
    return loaded


@cache
def columns() -> dict[str, Any]:
    """The columns of kinds.yaml, with numbers and booleans as a contract has them."""
    loaded: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return loaded


def strict_cases(source: Source) -> Iterator[Case]:
    """Every value against every type."""
    for entry in table()[source]:
        for column in table()["types"]:
            if source == "text" and column in CONTAINERS:
                continue
            yield _strict(source, str(entry["value"]), column, entry)


def _strict(source: Source, value: str, column: str, entry: dict[str, Any]) -> Case:
    takes, but = entry["takes"], entry.get("but", {})
    group = "ints" if column in INTEGERS and "ints" in takes else "all" if "all" in takes else column
    if group in takes:
        return Case(source=source, column=column, value=value, taken=_taken(takes[group]), reason=but.get(column))
    is_text = source == "text" or value.startswith('"')
    usual = "bad_format" if column in TIMES and is_text else entry.get("otherwise", "wrong_type")
    return Case(source=source, column=column, value=value, reason=but.get(column, usual))


def _taken(text: str) -> str | None:
    return None if text == "~" else text


def lenient_columns() -> dict[str, dict[str, Any]]:
    """Columns with a leniency or a date pattern, by a name that tells it."""
    return {f"c{number}": entry for number, entry in enumerate(columns()["lenient"])}


def lenient_cases(source: Source) -> Iterator[Case]:
    """Every value against every leniency."""
    for number, entry in enumerate(table()["lenient"]):
        name = f"c{number}"
        for value, expected in entry.get(source, {}).items():
            if expected in {"wrong_type", "bad_format"}:
                yield Case(source=source, column=name, value=str(value), reason=expected)
            else:
                yield Case(source=source, column=name, value=str(value), taken=_taken(expected))


def strict_contract(*, required: bool) -> Contract:
    """A contract with one column of each type."""
    return _contract([{"name": name, "required": required, **entry} for name, entry in columns()["types"].items()])


def text_contract(*, required: bool) -> Contract:
    """The same without columns that text formats cannot hold."""
    types = {name: entry for name, entry in columns()["types"].items() if name not in CONTAINERS}
    return _contract([{"name": name, "required": required, **entry} for name, entry in types.items()])


def lenient_contract() -> Contract:
    """A contract with one column of each leniency."""
    found = []
    for name, entry in lenient_columns().items():
        ours = [{"property": "lenient", "value": entry["lenient"]}] if "lenient" in entry else []
        found.append({"name": name, **entry["column"], "customProperties": ours})
    return _contract(found)


def _contract(listed: list[dict[str, Any]]) -> Contract:
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "kinds",
        "version": "1.0.0",
        "status": "active",
        "schema": [{"name": "kinds", "logicalType": "object", "properties": listed}],
    }
    return read_contract(json.dumps(document).encode(), name="kinds.json")


def judge(
    engine: Engine, contract: Contract, cases: Sequence[Case], folder: Path, *, typed: bool = False
) -> list[Outcome]:
    """Both statements over one row for each case; the row holds nothing but the case's value.

    `typed`: what Arrow takes of JSON records goes the way of typed rows, else all are read from their text.
    """
    plan = write_plan(contract, (), headers=_headers(contract, cases))
    rows = _rows(contract, cases)
    values = learn_shapes(engine, plan, contract, _usual(contract) if cases[0].source == "json" else None)
    files = quick_look(engine, plan, contract, rows, values, folder, typed=typed)
    engine.register(STAGE, FileSet(paths=tuple(file.path for file in files), schema=pq.read_schema(files[0].path)))
    engine.define(SUSPECTS, f"SELECT * FROM {STAGE} WHERE NOT _ok")
    told = dict(engine.rows(f"SELECT _row, [(r.path, r.code) FOR r IN reasons] FROM ({plan.close})"))
    names = ", ".join(f"CAST({quoted(column.name)} AS VARCHAR)" for column in contract.columns)
    staged = {row: (ok, dict(zip(_names(contract), shown, strict=True))) for row, ok, *shown in engine.rows(
        f"SELECT _row, _ok, {names} FROM {STAGE}"
    )}  # fmt: skip
    return [
        Outcome(
            taken=staged[place][1][case.column],
            sound=staged[place][0],
            reasons=tuple((str(path), str(code)) for path, code in told.get(place, [])),
        )
        for place, case in enumerate(cases)
    ]


def _usual(contract: Contract) -> pa.RecordBatch:
    """Records from which the shapes are learnt: each column alone, objects with what they may hold."""
    records = ["{}"]
    for column in contract.columns:
        inner = [{}, *({child.name: None} for child in column.children)]
        records += [json.dumps({column.name: value}) for value in inner]
    return pa.record_batch({"raw": pa.array(records)})


def _names(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns]


def _headers(contract: Contract, cases: Sequence[Case]) -> frozenset[str] | None:
    return None if cases[0].source == "json" else frozenset(_names(contract))


def _rows(contract: Contract, cases: Sequence[Case]) -> pa.Table:
    columns: dict[str, Any] = {
        "_n": pa.array([1] * len(cases), pa.int64()),
        "_row": pa.array(range(len(cases)), pa.int64()),
        "_offset": pa.array([0] * len(cases), pa.int64()),
        "_length": pa.array([0] * len(cases), pa.int32()),
        "_now": pa.array([0] * len(cases), pa.timestamp("us", tz="UTC")),
        "raw": pa.array([_record(case) for case in cases]),
    }
    if cases[0].source == "text":
        fields = [{name: case.value if name == case.column else "" for name in _names(contract)} for case in cases]
        columns["fields"] = pa.array(fields, pa.struct([(name, pa.string()) for name in _names(contract)]))
    return pa.table(columns)


def _record(case: Case) -> str:
    if case.source == "text":
        return case.value
    return "{}" if case.value == ABSENT else f'{{"{case.column}": {case.value}}}'


_HEAD = """\
# JSON kinds and contract types

What becomes of a value, by what the sender wrote and by the type in the contract. A cell is the value that is taken,
or the reason code of the row. The table is made from the cases that the tests run (`python -m tests.harness.kinds`).

- Nothing is rounded, and no type is guessed: `2.0` is no integer, `"7"` no number, `12.340` fits DECIMAL(12,2) and
  `12.345` does not. `1e2` is a decimal where it is exact.
- Text that is no date or time is `bad_format`; a value of another JSON kind is `wrong_type`.
- NULL is taken where the column is optional; a `required` column gives `missing_value` for it.
- A `number` is binary floating point: it takes the nearest double, and refuses what lies beyond its range.
- Integer formats that take the value are named where not all eight do: i8, i16, i32, i64, u8, u16, u32, u64.
- `-` stands for `wrong_type`, or for `bad_format` of text in a date or time.
"""
_SHOWN = ("string", "integer", "number", "decimal", "boolean", "date", "time", "timestamp", "object", "array")
_TITLES = {"decimal": "DECIMAL(12,2)"}


def page() -> str:
    """docs/types.md as it must stand."""
    parts = [_HEAD, "## JSON\n", *_grid("json", _SHOWN), "\n## Text formats (CSV)\n"]
    parts += ["An empty field is NULL. Objects and lists have no form in a text format.\n"]
    parts += _grid("text", _SHOWN[:-2])
    parts += ["\n## Leniencies and patterns\n", "What a column takes beyond, where its contract says so.\n"]
    return "\n".join([*parts, *_lenient_grid()]) + "\n"


def _grid(source: Source, shown: Sequence[str]) -> list[str]:
    by_value: dict[str, dict[str, Case]] = {}
    for case in strict_cases(source):
        by_value.setdefault(case.value, {})[case.column] = case
    titles = " | ".join(_TITLES.get(name, name) for name in shown)
    lines = [f"| came | {titles} |", f"| --- |{' --- |' * len(shown)}"]
    for value, cases in by_value.items():
        cells = " | ".join(_integer_cell(cases) if name == "integer" else _cell(cases[name]) for name in shown)
        lines.append(f"| {_came(value)} | {cells} |")
    return lines


def _came(value: str) -> str:
    if value in {ABSENT, ""}:
        return "absent" if value else "empty"
    return _code(value)


def _cell(case: Case) -> str:
    if case.reason is None:
        return "NULL" if case.taken is None else _code(case.taken)
    if case.taken is not None:
        return f"{_code(case.taken)}, {case.reason}"
    return "-" if case.reason in {"wrong_type", "bad_format"} else case.reason


def _integer_cell(cases: dict[str, Case]) -> str:
    takes = [name for name in INTEGERS if cases[name].reason is None]
    if not takes:
        return "-"
    return (
        _cell(cases[takes[0]])
        if len(takes) == len(INTEGERS)
        else f"{_code(cases[takes[0]].taken or '')} {' '.join(takes)}"
    )


def _code(text: str) -> str:
    """Text as code in a table's cell; white space at its ends and control characters are shown."""
    if text != text.strip() or not text.isprintable() or "`" in text:
        text = json.dumps(text)
    return "`" + (text or '""').replace("|", "\\|") + "`"


def _lenient_grid() -> list[str]:
    lines = ["| column | JSON | text |", "| --- | --- | --- |"]
    found = {source: list(lenient_cases(source)) for source in ("json", "text")}
    for name, entry in lenient_columns().items():
        cells = ["<br>".join(_told(case) for case in cases if case.column == name) for cases in found.values()]
        lines.append(f"| {_described(entry)} | {' | '.join(cells)} |")
    return lines


def _described(entry: dict[str, Any]) -> str:
    column = entry["column"]
    kind = column.get("physicalType", column["logicalType"])
    words = [f"{key}: {value}" for key, value in column.get("logicalTypeOptions", {}).items()]
    words += [json.dumps(one) if isinstance(one, dict) else one for one in entry.get("lenient", [])]
    return f"{kind}: {', '.join(_code(word) for word in words)}"


def _told(case: Case) -> str:
    return f"{_came(case.value)} → {case.reason or _cell(case)}"


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
