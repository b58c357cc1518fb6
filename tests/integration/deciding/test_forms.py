"""Rows of every form of input: the record as it came is found again, corrected in place, and published."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.harness import proof
from tests.harness.office import ANY_SHARE, LIMIT, Office, counted
from tests.harness.small import FLOW, contract, table_rows

from headgate import operations, pipeline
from headgate.check.originals import original_records, records_of_lines
from headgate.core.cases import Act
from headgate.core.errors import HeadgateError, UsageError
from headgate.core.parameters import vault_name
from headgate.deciding.plan import plan
from headgate.deciding.proposal import Edit
from headgate.serve.case_rows import page

LENIENT = "check: {accept_at_least: 0, drift: warn}\n"
COLUMNS = """
      - {name: id, required: true, primaryKey: true}
      - {name: amount, logicalType: number, physicalType: "DECIMAL(12,2)"}
      - {name: day, logicalType: date}
      - {name: kind}
"""
RULE = """\
      - {id: limited, type: custom, engine: headgate, implementation: amount <= $limit,
         customProperties: [{property: reasonCode, value: over_limit}, {property: column, value: amount}]}"""
ROWS = [
    ("a", "1.10", "2026-11-01", "ä"),
    ("b", "102.50", "2026-11-02", 'Zoë "; x'),
    ("c", "103.00", "2026-11-02", "€ ß"),
    ("d", "4.00", "2026-11-03", "ñ"),
]


def as_json(rows: list[tuple[str, str, str, str]] = ROWS) -> str:
    lines = [
        f'{{"id": {json.dumps(id_)},  "amount":{amount},"day":"{day}", "kind":{json.dumps(kind)}}}'
        for id_, amount, day, kind in rows
    ]
    return "[" + ",\n ".join(lines) + "]"


def as_csv(separator: str = ",") -> str:
    lines = [separator.join(("id", "amount", "day", "kind"))]
    lines += [separator.join('"' + value.replace('"', '""') + '"' for value in row) for row in ROWS]
    return "\r\n".join(lines) + "\r\n"


def as_parquet() -> bytes:
    columns = list(zip(*ROWS, strict=True))
    table = pa.table(
        {
            "id": columns[0],
            "amount": pa.array([Decimal(value) for value in columns[1]], pa.decimal128(12, 2)),
            "day": pa.array(columns[2]).cast(pa.date32()),
            "kind": columns[3],
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=2)
    return file.getvalue()


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.json", as_json(ROWS[:2]))
        archive.writestr("2.json", as_json(ROWS[2:]))
    return file.getvalue()


FORMS: dict[str, Callable[[], bytes]] = {
    "x.json": lambda: as_json().encode(),
    "x.ndjson": lambda: "\n".join(as_json([row])[1:-1] for row in ROWS).encode(),
    "x.csv": lambda: as_csv().encode(),
    "semicolon.csv": lambda: as_csv(";").encode(),
    "windows.csv": lambda: as_csv(";").encode("windows-1252"),
    "tab.tsv": lambda: as_csv("\t").encode(),
    "wide.json": lambda: as_json().encode("utf-16"),
    "wide.csv": lambda: as_csv().encode("utf-16"),
    "marked.json": lambda: as_json().encode("utf-8-sig"),
    "x.json.gz": lambda: gzip.compress(as_json().encode()),
    "x.csv.gz": lambda: gzip.compress(as_csv().encode()),
    "x.zip": zipped,
    "x.parquet": as_parquet,
}


@pytest.fixture
def open_office(office: Office) -> Office:
    """The office whose flow takes any file, windows-1252 too."""
    text = contract(columns=COLUMNS, rules=RULE).replace("1.0.0", "1.1.0")
    return office.write(contract_text=text, flow=FLOW.replace('"*.json"', '"*"') + LENIENT + LIMIT)


TEXT_FORMS: dict[str, Callable[[], bytes]] = {
    **{name: made for name, made in FORMS.items() if ".csv" in name or ".tsv" in name},
    "marked.csv": lambda: as_csv().encode("utf-8-sig"),
    "of_one.csv.zip": lambda: zipped_texts(as_csv()),
    "of_two.csv.zip": lambda: zipped_texts(*halves()),
    "long_header.csv": lambda: with_long_header().encode(),
}


def with_long_header() -> str:
    """200,000 bytes of column names."""
    names = ",".join(f"{number}{'x' * 10_000}" for number in range(20))
    return as_csv().replace('"\r\n', '"' + "," * 20 + "\r\n").replace("kind\r\n", f"kind,{names}\r\n")


def zipped_texts(*texts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.csv", text)
    return file.getvalue()


def halves(second: str = ",") -> tuple[str, str]:
    """Two files of the same columns, of which the second may have another delimiter."""
    first, other = as_csv().split("\r\n"), as_csv(second).split("\r\n")
    return "\r\n".join([*first[:3], ""]), "\r\n".join([other[0], *other[3:]])


@pytest.mark.parametrize("name", TEXT_FORMS)
def test_a_held_line_is_read_by_the_header_alone(open_office: Office, name: str) -> None:
    office = open_office
    origin = office.deliver_bytes(name, TEXT_FORMS[name]())
    held = {one.row: one.record or "" for one in page(office.platform, office.case())}
    assert sorted(held) == [2, 3], origin.note
    about = office.platform, office.platform.flows["shop"], origin
    assert records_of_lines(*about, held) == original_records(*about, np.array([2, 3])).records


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", FORMS["x.json"]()),
        ("two.csv.zip", zipped_texts(*halves(";"))),
        ("many.csv.zip", zipped_texts(*[as_csv()] * 17)),
    ],
)
def test_lines_that_a_header_alone_does_not_tell(open_office: Office, name: str, content: bytes) -> None:
    """Each member of a zip may have a delimiter of its own, and of many not all are looked at."""
    office = open_office
    origin = office.deliver_bytes(name, content)
    line = page(office.platform, office.cases()[0])[0]
    about = office.platform, office.platform.flows["shop"], origin
    assert records_of_lines(*about, {line.row: line.record or ""}) is None
    assert original_records(*about, np.array([line.row])).records[line.row].startswith('{"id"')


def test_bytes_that_are_gone_cannot_be_read(open_office: Office) -> None:
    office = open_office
    origin = office.deliver_bytes("x.csv", as_csv().encode())
    office.platform.vault.delete(vault_name(origin.sha256))
    with pytest.raises(HeadgateError):
        records_of_lines(office.platform, office.platform.flows["shop"], origin, {2: "b,1,2026-11-01,x"})


@pytest.mark.parametrize("name", FORMS)
def test_rows_of_every_form(open_office: Office, name: str) -> None:
    office = open_office
    origin = office.deliver_bytes(name, FORMS[name]())
    assert counted(origin) == (4, 2, 2, 0, 0), origin.note
    case = office.case()
    assert [one.row for one in page(office.platform, case)] == [2, 3]
    originals = original_records(office.platform, office.platform.flows["shop"], origin, np.array([2, 3]))
    record = json.loads(originals.records[2])
    assert (record["id"], record["kind"]) == ("b", 'Zoë "; x')
    assert originals.typed is not (".csv" in name or ".tsv" in name)
    office.settle(case, Act.CORRECT, edits={2: {"amount": "7.25"}})
    office.settle(case, Act.RELEASE)
    wanted = [("a", "1.10", "ä"), ("b", "7.25", 'Zoë "; x'), ("c", "103.00", "€ ß"), ("d", "4.00", "ñ")]
    silver = "id, CAST(amount AS VARCHAR), kind"
    assert table_rows(office.platform, "shop/silver/rows", silver) == wanted
    operations.reprocess(office.platform, office.delivery(origin.id), values={})
    pipeline.work(office.platform)
    assert table_rows(office.platform, "shop/silver/rows", silver) == wanted
    assert proof.faults(office.platform, "shop") == []


def test_what_is_not_edited_keeps_every_digit(open_office: Office) -> None:
    """Numbers beyond a float, forms of numbers, spaces and what the contract does not name."""
    text = '[{"id":"a", "amount" : 102, "big":12345678901234567890.123456789, "e":1e2 , "kind":"\\u00e9"}]'
    office = open_office
    office.deliver_bytes("x.json", text.encode())
    planned = plan(office.desk, office.case(), Act.CORRECT, edits=[Edit(row=1, values={"amount": "2.50"})])
    assert planned.document.records == {
        "1": '{"id":"a","amount":2.50,"big":12345678901234567890.123456789,"e":1e2,"kind":"\\u00e9"}'
    }


def test_a_column_that_a_text_file_does_not_have(open_office: Office) -> None:
    """A proposed record of other columns would be cut to those of the file, and somebody agree to what never comes."""
    office = open_office
    office.deliver_bytes("x.csv", b"id,amount,kind\na,102,x\n")
    with pytest.raises(UsageError, match="the file has no column 'day'"):
        plan(office.desk, office.case(), Act.CORRECT, edits=[Edit(row=1, values={"day": "2026-11-01"})])
    record = '{"id":"a","amount":"1","kind":"x","colour":"red"}'
    with pytest.raises(UsageError, match="the file has no column 'colour'"):
        plan(office.desk, office.case(), Act.CORRECT, edits=[Edit(row=1, record=record)])
    with pytest.raises(UsageError, match="is not an object of texts"):
        plan(office.desk, office.case(), Act.CORRECT, edits=[Edit(row=1, record='{"id":"a","amount":1}')])


def test_a_record_with_a_key_twice_is_put_right_by_the_whole(open_office: Office) -> None:
    """Which of the two was meant only the sender knows: another edit must not choose one in silence."""
    office = open_office
    office.deliver_bytes("x.json", b'[{"id":"a","amount":102,"amount":3,"day":null,"kind":"x"}]')
    (case,) = office.cases()
    with pytest.raises(UsageError, match="has 'amount' twice"):
        plan(office.desk, case, Act.CORRECT, edits=[Edit(row=1, values={"kind": "y"})])
    office.settle(case, Act.CORRECT, edits={1: {"amount": "3"}})
    assert table_rows(office.platform, "shop/silver/rows", "id, CAST(amount AS VARCHAR)") == [("a", "3.00")]
    assert proof.faults(office.platform, "shop") == []


@pytest.mark.parametrize("tasks", ["none", "python"])
def test_flows_without_a_key_without_tasks_and_with_python_tasks(office: Office, tasks: str) -> None:
    columns = COLUMNS.replace(", primaryKey: true", "")
    text = contract(columns=columns, rules=RULE).replace("1.0.0", "1.1.0")
    flow = 'source: {files: "*.json"}\n' + ANY_SHARE + LIMIT
    files = {}
    table = "shop/silver/rows"
    if tasks == "python":
        flow += "tasks: [tasks/rows.py:rows]\ntargets: {silver: {rows: {key: [_row], record: true}}}\n"
        files = {"tasks/rows.py": "def rows(read, parameters):\n    return read('accepted')\n"}
    office.write(contract_text=text, flow=flow, files=files)
    origin = office.deliver_bytes("x.json", as_json().encode())
    assert counted(origin) == (4, 2, 2, 0, 0), origin.note
    made = office.settle(office.case(), Act.CORRECT, edits={2: {"amount": "2"}})
    assert made.state == "archived", made.note
    office.settle(office.case(), Act.RELEASE)
    found = table_rows(office.platform, table, "id, _row, _amendment IS NOT NULL")
    assert found == [("a", 1, False), ("b", 2, True), ("c", 3, True), ("d", 4, False)]
    operations.reprocess(office.platform, office.delivery(origin.id), values={})
    pipeline.work(office.platform)
    assert table_rows(office.platform, table, "id, _row, _amendment IS NOT NULL") == found
