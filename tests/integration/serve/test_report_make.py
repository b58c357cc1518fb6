from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import duckdb
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.core.errors import FlowError
from headgate.core.reasons import Verdict
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.serve.report_definition import ReportDefinition
from headgate.serve.report_facts import Balance, DeliveryFacts, ReasonFacts, RunFacts
from headgate.serve.report_make import Report, make_report
from headgate.serve.report_reading import read_definition
from headgate.serve.report_sql import Query

_PERSONAL = ("customer_name", "customer_email", "card_last4")

AsQuery = Callable[[duckdb.DuckDBPyConnection], Query]
MakeFacts = Callable[..., RunFacts]


class _Outline(HTMLParser):
    """Headings, ids, tags and text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag in {"h1", "h2", "h3"}:
            self.headings.append((tag, ""))
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if self._open and self._open[-1] in {"h1", "h2", "h3"}:
            tag, text = self.headings[-1]
            self.headings[-1] = (tag, text + data)


def _outline(report: Report) -> _Outline:
    outline = _Outline()
    outline.feed(report.page.decode().replace("\u00a0", " "))
    outline.close()
    return outline


def _figures(report: Report) -> Any:  # noqa: ANN401 — parsed JSON
    return json.loads(report.document)["figures"]


@pytest.fixture(scope="session")
def published(sales: duckdb.DuckDBPyConnection) -> int:
    """Rows of the run in the tables."""
    rows = sales.execute(
        "SELECT count(*) FROM transactions WHERE list_contains(getvariable('run'), _delivery)"
    ).fetchall()
    return int(rows[0][0])


@pytest.fixture
def report(
    sales: duckdb.DuckDBPyConnection,
    as_query: AsQuery,
    make_facts: MakeFacts,
    definition: ReportDefinition,
    published: int,
) -> Report:
    return make_report(make_facts(published), as_query(sales), definition=definition, personal=_PERSONAL)


def test_the_page_has_its_sections_in_order(report: Report) -> None:
    outline = _outline(report)
    titles = [text for tag, text in outline.headings if tag == "h2"]
    assert titles == [
        "How much of it can be trusted",
        "Revenue by day",
        "Revenue by month",
        "Revenue by category",
        "Top customers",
        "Best sellers",
        "What is unusual",
        "Deliveries",
        "How this report was made",
    ]
    levels = [int(tag[1]) for tag, _ in outline.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(set(outline.ids)) == len(outline.ids)
    named = {part for name, value in outline.attributes if name == "aria-labelledby" for part in value.split()}
    assert named <= set(outline.ids)


def test_the_page_loads_and_runs_nothing(report: Report) -> None:
    outline = _outline(report)
    assert not {"script", "link", "img", "iframe", "object", "form", "a"} & set(outline.tags)
    assert not [name for name, _ in outline.attributes if name.startswith("on") or name in {"style", "href", "src"}]
    style = re.search(rb"<style>(.*?)</style>", report.page, re.DOTALL)
    assert style is not None
    assert not re.search(rb"url\(|@import", style[1])
    proof = hashlib.sha256(style[1]).digest()
    assert base64.b64encode(proof) in report.page.split(b"<style>", maxsplit=1)[0]


def test_the_figures_are_those_of_the_tables(report: Report, sales: duckdb.DuckDBPyConnection) -> None:
    mine = "status = 'completed' AND list_contains(getvariable('run'), _delivery)"
    revenue, orders, customers = sales.execute(
        f"SELECT sum(total_eur), count(*), count(DISTINCT customer_id) FROM transactions WHERE {mine}"
    ).fetchall()[0]
    sold = sales.execute(f"SELECT sum(quantity)::BIGINT FROM items WHERE {mine}").fetchall()[0][0]
    days = sales.execute("SELECT day::VARCHAR, revenue::VARCHAR FROM daily ORDER BY day DESC LIMIT 30").fetchall()
    figures = _figures(report)
    assert figures["values"]["revenue"] == str(revenue)
    assert Decimal(figures["values"]["average_order"]) == (revenue / orders).quantize(Decimal("0.01"))
    assert (figures["values"]["items_sold"], figures["values"]["customers"]) == (sold, customers)
    shown = _outline(report).text
    for text in (f"{revenue:,.2f}", f"{orders:,}", f"{sold:,}", f"{customers:,}"):
        assert text in shown
    daily = next(section for section in figures["sections"] if section["id"] == "daily")
    assert [(row["day"], row["revenue"]) for row in daily["rows"]] == days[::-1]
    assert [row["day"] for row in daily["rows"] if row["unfinished"]] == ["2026-11-20"]


def test_month_to_date_is_compared_with_the_month_before_at_the_same_hour(
    report: Report, sales: duckdb.DuckDBPyConnection
) -> None:
    def sold(begins: str, ends: str) -> Decimal:
        rows = sales.execute(
            "SELECT sum(total_eur) FROM transactions WHERE status = 'completed' "
            f"AND \"timestamp\" >= '{begins}+00' AND \"timestamp\" < '{ends}+00'"
        ).fetchall()
        return Decimal(rows[0][0])

    now, before = sold("2026-11-01 00:00:00", "2026-11-20 08:00:18"), sold("2026-10-01 00:00:00", "2026-10-20 08:00:18")
    values = _figures(report)["values"]
    assert Decimal(values["month_revenue"]) == now
    assert values["month_change"] == pytest.approx(float(now / before - 1))
    assert values["month_passed"] == "19 days and 8 hours"
    assert "after 19 days and 8 hours" in _outline(report).text


def test_a_category_that_fell_is_told_and_quiet_ones_are_not(report: Report) -> None:
    said = json.loads(report.document)["insights"]
    moved = [sentence for sentence in said if "than usual on a Thursday" in sentence]
    assert len(moved) == 1
    assert moved[0].startswith("Garden sold")
    assert "less than usual" in moved[0]
    assert not [sentence for sentence in said if "Refunds are up" in sentence]


@pytest.fixture
def make_again(make_facts: MakeFacts, definition: ReportDefinition, published: int) -> Callable[..., Report]:
    """The same report by other queries."""
    return partial(make_report, make_facts(published), definition=definition, personal=_PERSONAL)


def test_the_same_inputs_give_the_same_bytes(
    report: Report, sales: duckdb.DuckDBPyConnection, as_query: AsQuery, make_again: Callable[..., Report]
) -> None:
    """Also under another number of threads and another session time zone."""
    cursor = sales.cursor()
    cursor.execute("SET TimeZone = 'Asia/Tokyo'")
    cursor.execute("SET threads = 1")
    try:
        again = make_again(as_query(cursor))
    finally:
        cursor.execute("RESET threads")
    assert again == report


def test_more_threads_give_the_same_bytes(
    report: Report, sales: duckdb.DuckDBPyConnection, as_query: AsQuery, make_again: Callable[..., Report]
) -> None:
    first, *others = (as_query(sales.cursor()) for _ in range(3))
    for _ in range(3):
        assert make_again(first, beside=others) == report


def test_of_several_errors_the_first_of_the_definition_is_told(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts
) -> None:
    text = "report: 1\nvalues:\n" + "".join(f"  v{number}: SELECT 1 AS a{number} LIMIT 0\n" for number in range(20))
    read = read_definition(text.encode(), document="report.yaml")
    first, second = (as_query(empty_tables.cursor()) for _ in range(2))
    for _ in range(5):
        with pytest.raises(FlowError, match=r"values.v0: gives no row"):
            make_report(make_facts(1), first, beside=[second], definition=read)


def test_the_digest_covers_the_figures(report: Report) -> None:
    document = json.loads(report.document)
    digest = hashlib.sha256(rfc8785.dumps(document["figures"])).hexdigest()
    assert document["figures_sha256"] == report.figures_digest == digest
    assert digest in _outline(report).text
    assert report.document_name == "processed_sales_20261120_080000.json"
    assert document["schema"] == "headgate-report/1"


def test_no_personal_value_is_in_a_report(report: Report) -> None:
    for content in (report.page, report.document):
        assert b"Erika" not in content
        assert b"4242" not in re.sub(rb"[0-9a-f]{64}|[\d,]*4242[\d,]*\.\d\d", b"", content)


def test_tables_without_a_row_give_a_whole_page(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts, definition: ReportDefinition
) -> None:
    facts = make_facts(0, deliveries=(), reasons=(), warnings=(), tables=(), parameters=())
    outline = _outline(make_report(facts, as_query(empty_tables), definition=definition, personal=_PERSONAL))
    assert outline.headings[0] == ("h1", "Sales: nothing was received")
    assert outline.text.count("Nothing is published yet.") == 4
    assert "No file came in this run." in outline.text
    assert "svg" not in outline.tags


def test_a_delivery_held_as_a_whole_says_why_and_what_to_do(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts, definition: ReportDefinition
) -> None:
    counts = Balance(received=20_000, published=0, held=19_000, rejected=1_000, duplicate=0)
    held = DeliveryFacts(
        id="d-00112233445566aa",
        file="sales.json",
        state=DeliveryState.HELD,
        counts=counts,
        held_reason="below_threshold",
    )
    failed = DeliveryFacts(id="d-ff112233445566aa", file="broken.json", state=DeliveryState.FAILED)
    facts = make_facts(0, balance=counts, deliveries=(held, failed), reasons=())
    outline = _outline(make_report(facts, as_query(empty_tables), definition=definition, personal=_PERSONAL))
    assert outline.headings[0] == ("h1", "Sales: nothing is published, 19,000 rows wait for a person")
    assert "fewer of its rows were accepted than the threshold asks for. 19,000 rows wait." in outline.text
    assert "headgate show d-00112233445566aa" in outline.text
    assert "headgate retry d-ff112233445566aa" in outline.text


def test_of_forty_reasons_the_first_are_shown_and_all_are_in_the_document(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts
) -> None:
    reasons = tuple(
        ReasonFacts(verdict=Verdict.HELD, code=f"code_{number}", column="total", rows=number, share=Decimal("0.01"))
        for number in range(40)
    )
    report = make_report(make_facts(1000, reasons=reasons), as_query(empty_tables))
    outline = _outline(report)
    assert "And 28 more reasons" in outline.text
    assert "code_39" in outline.text
    assert "code_27" not in outline.text
    assert len(_figures(report)["reasons"]) == 40


def test_null_negative_and_huge_values_are_shown(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts, definition: ReportDefinition
) -> None:
    empty_tables.execute(
        "INSERT INTO daily VALUES ('2026-11-20', 1, -1234.5, 0, 0, 1, 0), ('2026-11-19', 1, NULL, 0, 0, 1, 0)"
    )
    empty_tables.execute(
        "INSERT INTO monthly VALUES ('2026-10-01', 1, -5e9, 0, 0, 1), ('2026-11-01', 1, 7123456789.12, 0, 0, 1)"
    )
    empty_tables.execute("INSERT INTO customers VALUES ('c1', NULL, NULL, NULL, NULL, NULL)")
    empty_tables.execute(
        "INSERT INTO products "
        "VALUES ('p', 'Long' || repeat('g', 300), '<b>', 9007199254740993, 12345678901234567890.12, 1)"
    )
    report = make_report(make_facts(1), as_query(empty_tables), definition=definition, personal=_PERSONAL)
    text = _outline(report).text
    assert "9,007,199,254,740,993" in text
    assert "12,345,678,901,234,567,890.12" in text
    assert "\u22125.00" in text
    assert "Long" + "g" * 75 + "\u2026" in text
    products = next(section for section in _figures(report)["sections"] if section["id"] == "products")
    assert products["rows"][0]["units"] == "9007199254740993"
    assert products["rows"][0]["name"] == "Long" + "g" * 300


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=40))
def test_no_text_breaks_out_of_its_place(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts, text: str
) -> None:
    facts = make_facts(100)
    plain = _outline(make_report(facts, as_query(empty_tables)))
    hostile = replace(
        facts,
        flow_title=text,
        deliveries=tuple(replace(delivery, file=text) for delivery in facts.deliveries),
        reasons=tuple(replace(reason, column=text, description=text) for reason in facts.reasons),
        parameters=tuple(replace(parameter, value=text) for parameter in facts.parameters),
    )
    report = make_report(hostile, as_query(empty_tables))
    assert _outline(report).tags == plain.tags
    assert json.loads(report.document)["figures"]["title"] == text


def test_markup_in_names_is_shown_as_text(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts, definition: ReportDefinition
) -> None:
    name = '<script>alert("1")</script>'
    empty_tables.execute("INSERT INTO products VALUES ('p', ?, ?, 1, 1, 1)", [name, name])
    empty_tables.execute("INSERT INTO customers VALUES (?, ?, 1, 1, NULL, NULL)", [name, name])
    outline = _outline(make_report(make_facts(1), as_query(empty_tables), definition=definition, personal=_PERSONAL))
    assert "script" not in outline.tags
    assert outline.text.count(name) == 3


_DAILY = "sections: [{id: d, title: D, sql: SELECT * FROM daily ORDER BY day"
_SALES = 'sections: [{id: d, title: D, sql: "SELECT *, 1 AS n FROM transactions ORDER BY 1"'


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("values: {a: SELECT 1 AS x WHERE false}", "values.a: gives no row"),
        ("values: {a: SELECT 1 AS held}", "values.a: gives held, which is given already"),
        ("lead: [{text: x, sql: SELECT day FROM daily}]", r"lead\[0\]: gives more than one row"),
        ('lead: [{text: "{revenu}", sql: SELECT 1 AS revenue}]', r"lead\[0\]: .*Did you mean 'revenue'"),
        ("lead: [{text: x, when: $nobody > 1}]", r"lead\[0\]: \$nobody is not bound"),
        (
            f"{_DAILY}, form: columns, day: day, value: revenu}}]",
            r"sections\[0\] \(d\): the result has no column 'revenu'. Did you mean 'revenue'",
        ),
        (f"{_DAILY}, form: columns, day: orders, value: revenue}}]", "column orders must be a date"),
        (
            f"{_DAILY}, form: table, columns: [{{name: day, head: D, format: money}}]}}]",
            "column day as money needs a number",
        ),
        (f"{_SALES}, form: bars, label: customer_id, value: n}}]", "card_last4 is a personal column"),
    ],
)
def test_a_result_that_does_not_fit_is_told_with_its_place(
    sales: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts, part: str, message: str
) -> None:
    read = read_definition(f"report: 1\n{part}\n".encode(), document="report.yaml", personal=_PERSONAL)
    with pytest.raises(FlowError, match=message):
        make_report(make_facts(1), as_query(sales), definition=read, personal=_PERSONAL)


def test_an_error_of_the_engine_says_where_its_sql_stands(
    empty_tables: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts
) -> None:
    read = read_definition(b"report: 1\nvalues: {a: SELECT x FROM nowhere}\n", document="report.yaml")
    with pytest.raises(duckdb.CatalogException) as caught:
        make_report(make_facts(1), as_query(empty_tables), definition=read)
    assert caught.value.__notes__ == ["in report.yaml, values.a"]


def test_key_figures_may_be_a_section_and_a_single_half_stands_alone(
    sales: duckdb.DuckDBPyConnection, as_query: AsQuery, make_facts: MakeFacts
) -> None:
    text = """
report: 1
sections:
  - {id: a, title: A, half: true, form: bars, label: name, value: units, sql: SELECT * FROM products ORDER BY name}
  - id: b
    title: B
    form: figures
    sql: SELECT count(*) AS n, NULL AS nothing FROM daily
    figures:
      - {label: Days, value: "{n:count}", unit: days, note: "of {received:count}"}
      - {label: Unknown, value: "{nothing:count}", unit: days}
"""
    read = read_definition(text.encode(), document="report.yaml")
    outline = _outline(make_report(make_facts(1000), as_query(sales), definition=read))
    assert [text for tag, text in outline.headings if tag == "h2"][1:3] == ["A", "B"]
    assert "Days355 days of 1,020" in outline.text
    assert "Unknown\u2013" in outline.text
    assert "The first 12 of 14." in outline.text
