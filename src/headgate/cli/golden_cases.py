"""Golden cases: records in, expected verdicts and rows out, run through the real steps on a project of their own.

```yaml
title: A total that is not the sum of its items is held
now: "2026-11-20T08:00:00Z"       # time of landing; default: 2026-01-01T00:00:00Z
file: sales_batch_1.json
records: [{…}, {…}]               # or `text`, the file's content as it is
parameters: {amount_limit: "5000.00"}
accept_at_least: 0.5              # default 0, so that one bad row does not hold the whole delivery
expect:
  state: archived                 # of the delivery; default archived
  verdicts: {2: held total_mismatch}          # by record number; all others are accepted
  rows: {transactions: [{transaction_id: T20261120-00001, total_eur: "20.00"}]}     # all rows, some columns
```
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import yaml

from headgate import pipeline
from headgate.core.batches import Arrived
from headgate.core.errors import FlowError, HeadgateError, NotFoundError, Problem
from headgate.core.flow import Flow
from headgate.core.memo import Memo
from headgate.core.naming import quarantine_table, table_name
from headgate.core.platform import Platform
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.project import enter_flows, load_flow, set_parameter
from headgate.serve.relations import engine_over, standing_tables
from headgate.settings import FILE, read_settings
from headgate.wiring import open_platform

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_KEYS = {"title", "now", "file", "records", "text", "parameters", "accept_at_least", "expect"}
_EXPECTED = {"state", "verdicts", "rows"}

Row = Mapping[str, Any]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One golden case as its file says it."""

    title: str
    file: str
    content: bytes
    now: datetime
    accept_at_least: Decimal
    parameters: Mapping[str, str]
    state: str
    verdicts: Mapping[int, str]
    rows: Mapping[str, Sequence[Row]]


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a case holds."""

    file: str
    title: str
    differences: tuple[str, ...]  # none where it holds


def case_files(flow: Path, wanted: str | None = None) -> list[Path]:
    """The case files of a flow; NotFoundError where there is none."""
    found = [place for place in sorted(flow.glob("cases/*.yaml")) if wanted is None or wanted in place.stem]
    if not found:
        raise NotFoundError(f"{flow / 'cases'} holds no case. Next: write one; docs/commands.md shows the form.")
    return found


def run_case(place: Path, flow_folder: Path, memo: Memo) -> CaseResult:
    """Run one case on a project of its own, which is gone afterwards."""
    flow = load_flow(flow_folder, memo)
    case = read_case(place, flow)
    flow = replace(flow, checking=replace(flow.checking, accept_at_least=case.accept_at_least))
    with tempfile.TemporaryDirectory(prefix="headgate-case-") as name:
        folder = Path(name)
        (folder / FILE).write_text('[project]\nname = "case"\n', encoding="utf-8")
        platform = open_platform(read_settings(folder, {}), {flow.name: flow}, clock=lambda: case.now, memo=memo)
        try:
            differences = tuple(_differences(case, platform, flow, _delivered(case, platform, flow, folder)))
        except HeadgateError as error:
            differences = (str(error),)
        finally:
            platform.close()
    return CaseResult(file=place.name, title=case.title, differences=differences)


def read_case(place: Path, flow: Flow) -> Case:
    """The case of a file; FlowError names what does not fit."""
    try:
        tree = yaml.safe_load(place.read_bytes())
    except yaml.YAMLError as error:
        raise FlowError(str(place), [Problem(where="the file", what=f"is no YAML: {error}")]) from error
    problems = list(_problems(tree))
    if problems:
        raise FlowError(str(place), problems)
    expected = tree["expect"]
    return Case(
        title=tree["title"],
        file=tree["file"],
        content=_content(tree, flow),
        now=datetime.fromisoformat(tree["now"]) if "now" in tree else NOW,
        accept_at_least=Decimal(str(tree.get("accept_at_least", 0))),
        parameters={name: str(value) for name, value in tree.get("parameters", {}).items()},
        state=expected.get("state", "archived"),
        verdicts=expected.get("verdicts", {}),
        rows=expected.get("rows", {}),
    )


def _problems(tree: object) -> Iterator[Problem]:
    if not isinstance(tree, dict):
        yield Problem(where="the file", what="is no mapping.", fix="Begin with `title:`.")
        return
    for name in sorted({"title", "file", "expect"} - set(tree)):
        yield Problem(where=name, what="is missing.")
    for name in sorted(set(tree) - _KEYS):
        yield Problem(where=str(name), what="is no key of a case.", fix=f"Known are {', '.join(sorted(_KEYS))}.")
    if ("records" in tree) is ("text" in tree):
        yield Problem(where="records", what="one of `records` and `text` must stand, not both.")
    for name in sorted(set(tree.get("expect") or {}) - _EXPECTED):
        yield Problem(
            where=f"expect.{name}", what="is nothing to expect.", fix=f"Known are {', '.join(sorted(_EXPECTED))}."
        )


def _content(tree: Mapping[str, Any], flow: Flow) -> bytes:
    """The file's bytes: as given, or a JSON document with the records where the flow looks for them."""
    if "text" in tree:
        return str(tree["text"]).encode()
    document: Any = tree["records"]
    for key in reversed((flow.source.records or "").split(".")):
        document = {key: document} if key else document
    if flow.source.stated_count and isinstance(document, dict):
        document[flow.source.stated_count] = len(tree["records"])
    return json.dumps(document, ensure_ascii=False, default=_written).encode()


def _written(value: object) -> str:
    """Times that YAML made of unquoted text, as text again."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{value!r} cannot stand in a record")


def _delivered(case: Case, platform: Platform, flow: Flow, folder: Path) -> Delivery:
    enter_flows(platform)
    for name, value in case.parameters.items():
        set_parameter(platform, flow.name, name, value, set_by="case", reason="case")
    place = folder / "in" / Path(case.file).name
    place.parent.mkdir()
    place.write_bytes(case.content)
    arrived = Arrived(path=str(place), name=place.name, size_bytes=len(case.content), flow=flow.name)
    (registered,) = pipeline.take_in([arrived], platform, "case")
    pipeline.work(platform)
    return platform.ledger.deliveries(DeliveryFilter(ids=(registered.id,)))[0]


def _differences(case: Case, platform: Platform, flow: Flow, one: Delivery) -> Iterator[str]:
    if one.state.value != case.state:
        yield f"the delivery is {one.state}, expected {case.state}" + (f": {one.note}" if one.note else "")
        return
    versions = {standing.table: standing.version for standing in standing_tables(platform)}
    if one.counts is None:
        return
    yield from _verdict_differences(case, platform, quarantine_table(flow.name), versions)
    for name, expected in case.rows.items():
        target = flow.target(name)
        if target is None:
            yield f"expect.rows.{name}: the flow has no such table"
            continue
        table = table_name(flow.name, target.layer, name)
        yield from _row_differences(name, expected, _rows(platform, table, versions[table]))


def _verdict_differences(case: Case, platform: Platform, table: str, versions: Mapping[str, int]) -> Iterator[str]:
    found = {
        row["_row"]: " ".join([row["verdict"], *sorted({reason["code"] for reason in row["reasons"]})])
        for row in _rows(platform, table, versions[table])
    }
    expected = {number: _in_order(text) for number, text in case.verdicts.items()}
    for number in sorted(found.keys() | expected.keys()):
        seen, wanted = found.get(number, "accepted"), expected.get(number, "accepted")
        if seen != wanted:
            yield f"record {number} is {seen}, expected {wanted}"


def _in_order(text: str) -> str:
    verdict, *codes = text.split()
    return " ".join([verdict, *sorted(codes)])


def _rows(platform: Platform, table: str, version: int) -> list[Row]:
    with engine_over(platform, {"found": (table, version)}) as engine:
        rows: list[Row] = engine.table("SELECT * FROM found").to_pylist()
    return rows


def _row_differences(name: str, expected: Sequence[Row], found: Sequence[Row]) -> Iterator[str]:
    left = list(found)
    for row in expected:
        same = next((one for one in left if all(_equal(value, one.get(key)) for key, value in row.items())), None)
        if same is None:
            yield f"{name} has no row {dict(row)}"
        else:
            left.remove(same)
    for row in left[:3]:
        columns = expected[0].keys() if expected else list(row)[:5]
        yield f"{name} has a row that is not expected: { ({key: str(row.get(key)) for key in columns}) }"


def _equal(expected: object, found: object) -> bool:
    """Numbers by value, times by moment, all else as text."""
    if expected is None or found is None:
        return expected is found
    if isinstance(found, bool):
        return expected is found
    if isinstance(found, int | float | Decimal):
        try:
            return Decimal(str(expected)) == Decimal(str(found))
        except InvalidOperation:
            return False
    if isinstance(found, datetime):
        moment = expected if isinstance(expected, datetime) else datetime.fromisoformat(str(expected))
        return moment == found
    return str(expected) == str(found)
