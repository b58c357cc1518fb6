"""Records as they should not be, and cases of every kind: the pages stand, and nothing of a record is run or lost."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.harness.project import arrived
from tests.harness.small import ROWS, contract, open_small, write_flow
from tests.integration.web.conftest import Web, closed, web_on
from tests.integration.web.test_cases import Reviewer, corrected, decision_of

from headgate import pipeline
from headgate.core.cases import Case, CaseFilter, CaseKind
from headgate.core.roles import Grant, Role
from headgate.deciding.desk import document_of
from headgate.serve.case_rows import page
from headgate.web.passwords import Argon2Passwords

RULE = """
      - id: amount_small
        description: The amount is at most 100.
        type: custom
        engine: headgate
        implementation: amount <= 100
        customProperties: [{property: reasonCode, value: too_much}, {property: column, value: amount}]
"""
FLOW = """
source: {{files: "shop*"}}
check: {{accept_at_least: {share}, drift: {drift}}}
tasks: [tasks/rows.sql]
targets:
  silver: {{rows: {{key: [id]}}}}
"""

Opened = Callable[..., Web]


@pytest.fixture
def opened(tmp_path: Path, passwords: Argon2Passwords) -> Iterator[Opened]:
    """An application of a small flow that took one file."""
    made: list[Web] = []

    def open_with(
        content: bytes,
        *,
        name: str = "shop.ndjson",
        columns: str = "",
        sql: str = ROWS,
        share: str = "0.0",
        drift: str = "warn",
    ) -> Web:
        text = contract(rules=RULE, **({"columns": columns} if columns else {}))
        flow = FLOW.format(share=share, drift=drift)
        write_flow(tmp_path / "p", flow, contract_text=text, files={"tasks/rows.sql": sql})
        (tmp_path / name).write_bytes(content)
        platform = open_small(tmp_path / "p")
        pipeline.take_in(arrived([tmp_path / name]), platform, "r-1")
        pipeline.work(platform)
        made.append(web_on(platform, tmp_path / "p", passwords))
        return made[-1]

    yield open_with
    for web in made:
        closed(web)
        web.site.platform.close()


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def only_case(web: Web) -> Case:
    (case,) = web.site.desk.cases.cases(CaseFilter())
    return case


def test_hostile_values_are_text(opened: Opened) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'\u202egnp.exe\x00\x1b[31m"
    web = opened(lines({"id": hostile, "amount": 500, "kind": hostile, hostile: hostile}))
    case, one = only_case(web), Reviewer(web)
    for path in (f"/cases/{case.id}", "/inbox", f"/cases/{case.id}?show=personal", "/"):
        text = one.client.get(path).text
        assert "<img" not in text
        assert not {"\u202e", "\x00", "\x1b"} & set(text)
    shown = html.unescape(one.client.get(f"/cases/{case.id}?show=personal").text)
    assert "\\u202egnp.exe\\x00\\x1b" in shown
    assert corrected(one, case, 1, "amount", "5").status_code == 303
    (record,) = document_of(web.site.desk, decision_of(web, case)).records.values()
    assert json.loads(record)["kind"] == hostile  # the browser never had it: it is as it was


def test_a_value_with_line_ends_survives_a_correction(opened: Opened) -> None:
    web = opened(lines({"id": "a", "amount": 500, "kind": "one\r\ntwo\tthree"}))
    case, one = only_case(web), Reviewer(web)
    assert corrected(one, case, 1, "amount", "5", **{"value.kind": ""}).status_code == 303
    (record,) = document_of(web.site.desk, decision_of(web, case)).records.values()
    assert json.loads(record) == {"id": "a", "amount": 5, "kind": "one\r\ntwo\tthree"}


def test_digits_stay_as_they_were_written(opened: Opened) -> None:
    web = opened(b'{"id": "a", "amount": 5e2, "kind": "k", "day": "2026-01-01", "more": 1.10000}\n')
    case, one = only_case(web), Reviewer(web)
    assert corrected(one, case, 1, "kind", "other", **{"value.amount": "50"}).status_code in {200, 303}
    checked = one.post(f"/cases/{case.id}/plan", {"row": "1", "value.amount": "50"}, live=True)
    assert "will be released" in checked.text
    corrected(one, case, 1, "amount", "50")
    (record,) = document_of(web.site.desk, decision_of(web, case)).records.values()
    assert '"more":1.10000' in record.replace(" ", "")


def test_a_line_of_a_text_file_is_corrected_by_column(opened: Opened) -> None:
    web = opened(b"id;amount;day;kind\na;500;2026-01-01;x\nb;5;2026-01-01;y\n", name="shop.csv")
    case, one = only_case(web), Reviewer(web)
    text = one.client.get(f"/cases/{case.id}").text
    assert 'name="value.amount" value="500"' in text
    assert corrected(one, case, 1, "amount", "7").status_code == 303
    (record,) = document_of(web.site.desk, decision_of(web, case)).records.values()
    assert json.loads(record) == {"id": "a", "amount": "7", "day": "2026-01-01", "kind": "x"}


def test_a_record_of_three_hundred_columns(opened: Opened) -> None:
    names = [f"c{number}" for number in range(300)]
    columns = "\n      - {name: id, required: true, primaryKey: true}\n      - {name: amount, logicalType: integer}\n"
    columns += "".join(f"      - {{name: {name}}}\n" for name in names)
    record = {"id": "a", "amount": 500} | {name: f"value of {name}" for name in names}
    web = opened(lines(record), columns=columns, sql="SELECT id, amount, _delivery, _row, _record FROM accepted")
    case, one = only_case(web), Reviewer(web)
    text = one.client.get(f"/cases/{case.id}").text
    assert all(f'value="value of {name}"' in text for name in names)
    assert corrected(one, case, 1, "c299", "other", **{"value.amount": "9"}).status_code in {200, 303}


def test_a_large_record_is_cut_and_downloaded_whole(opened: Opened) -> None:
    web = opened(lines({"id": "a", "amount": 500, "kind": "x" * (1 << 20)}))
    case, one = only_case(web), Reviewer(web)
    text = one.client.get(f"/cases/{case.id}").text
    assert len(text) < 60_000
    assert "(1,048,576 characters)" in text
    assert len(one.client.get(f"/cases/{case.id}/rows/1/record").content) > 1 << 20
    assert corrected(one, case, 1, "amount", "5").status_code == 303


def test_a_delivery_held_as_a_whole(opened: Opened) -> None:
    rows = [{"id": str(number), "amount": 500 if number < 5 else 1} for number in range(10)]
    web = opened(lines(*rows), share="0.95")
    case, one = only_case(web), Reviewer(web)
    assert case.kind is CaseKind.DELIVERY
    text = one.client.get(f"/cases/{case.id}").text
    assert "Too few rows are accepted" in text
    assert "would be published" in text
    inbox = html.unescape(one.client.get("/inbox").text)
    assert "Whole deliveries held" in inbox
    planned = one.post("/inbox/plan", {"case": case.id}, live=True).text
    assert "The delivery goes on as it is, 10 rows received." in planned
    single = one.post(f"/cases/{case.id}/plan", {"row": "1", "value.amount": "5"}, live=True)
    assert "not corrected one by one" in single.text


def test_other_columns_are_shown_old_and_new(opened: Opened) -> None:
    web = opened(
        lines({"id": "a", "amount": 1, "tier": "gold"}, {"id": "b", "amount": 1, "tier": "gold"}), drift="hold"
    )
    case, one = only_case(web), Reviewer(web)
    assert case.kind is CaseKind.DRIFT
    text = one.client.get(f"/cases/{case.id}").text
    assert "<ins>tier</ins>" in text
    assert "<del>day</del>" in text or "<del>kind</del>" in text
    assert "Changes to decide" in one.client.get("/inbox").text


def test_nothing_waits(opened: Opened) -> None:
    web = opened(lines({"id": "a", "amount": 1, "day": "2026-01-01", "kind": "k"}))
    one = Reviewer(web)
    text = one.client.get("/inbox").text
    assert "No case is open" in text
    assert "Nothing waits for you." in one.client.get("/").text
    for odd in (
        "after=x",
        "after=c:99999999999999999999",
        "group=none",
        "case=c-1",
        "flow=none",
        "tab=odd",
        "found=%00",
    ):
        assert one.client.get(f"/inbox?{odd}").status_code == 200, odd


def test_rows_are_shown_page_by_page(opened: Opened) -> None:
    web = opened(
        lines(*({"id": str(number), "amount": 500, "day": "2026-01-01", "kind": "k"} for number in range(120)))
    )
    case, one = only_case(web), Reviewer(web)
    first = one.client.get("/inbox").text
    assert "50 of 120" in html.unescape(first).replace("\N{NO-BREAK SPACE}", " ")
    second = one.client.get(f"/inbox?after={case.id}:100").text
    assert f'value="{case.id}:101"' in second
    assert f'value="{case.id}:100"' not in second
    assert "Next rows" not in second
    middle = one.client.get(f"/cases/{case.id}?row=60").text
    assert f"/cases/{case.id}?row=59" in middle
    assert f"/cases/{case.id}?row=61" in middle
    assert one.client.get(f"/cases/{case.id}?row=121").status_code == 404
    assert len(page(web.site.platform, case, most=500)) == 120


def test_a_personal_value_is_not_to_be_guessed(opened: Opened) -> None:
    columns = """
      - {name: id, required: true, primaryKey: true}
      - {name: amount, logicalType: integer}
      - {name: day, logicalType: date}
      - {name: kind, classification: personal, logicalType: string, logicalTypeOptions: {maxLength: 3}}
"""
    web = opened(lines({"id": "a", "amount": 5, "day": "2026-01-01", "kind": "secret"}), columns=columns)
    case, one = only_case(web), Reviewer(web)
    analyst = Reviewer(web, Grant(role=Role.ANALYST))
    for client in (one.client, analyst.client):
        for guess in ("secret", "wrong"):
            text = client.get(f"/inbox?found={guess}").text
            assert "1 of 1" in html.unescape(text).replace("\N{NO-BREAK SPACE}", " ")
            assert guess not in re.sub(r'href="[^"]*"', "", text)
    assert analyst.client.get(f"/api/cases/{case.id}/rows?value=secret").status_code == 403
    size = web.site.platform.ledger.log_size()
    assert len(one.client.get(f"/api/cases/{case.id}/rows?value=secret").json()["rows"]) == 1
    (leaf,) = web.site.platform.ledger.leaves(size)
    assert json.loads(leaf)["fields"]["columns"] == ["kind"]


def test_forty_flows(tmp_path: Path, passwords: Argon2Passwords) -> None:
    names = [f"shop{number:02}" for number in range(40)]
    for name in names:
        flow = FLOW.format(share="0.0", drift="warn").replace("shop*", f"{name}*")
        write_flow(tmp_path / "p", flow, contract_text=contract(rules=RULE), files={"tasks/rows.sql": ROWS}, name=name)
        (tmp_path / f"{name}.ndjson").write_bytes(lines({"id": name, "amount": 500}))
    platform = open_small(tmp_path / "p")
    pipeline.take_in(arrived([tmp_path / f"{name}.ndjson" for name in names]), platform, "r-1")
    pipeline.work(platform)
    web = web_on(platform, tmp_path / "p", passwords)
    one, few = Reviewer(web), Reviewer(web, Grant(role=Role.REVIEWER, flow="shop07"))
    text = one.client.get("/inbox").text
    assert text.count("Too much</b>") == len(names)
    assert "All 40" in text
    chosen = one.client.get("/inbox?flow=shop09").text
    assert chosen.count("Too much</b>") == 1
    own = few.client.get("/inbox").text
    assert own.count("Too much</b>") == 1
    assert "shop08" not in own
    closed(web)
    platform.close()
