from __future__ import annotations

import pytest

from headgate.core.errors import FlowError
from headgate.serve.report_definition import ColumnsForm, ReportDefinition, TableForm
from headgate.serve.report_reading import read_definition

_SMALL = """
report: 1
currency: EUR
sections:
  - {id: daily, title: By day, form: columns, day: day, value: n, sql: "SELECT day, n FROM daily ORDER BY day"}
  - id: top
    title: Top
    form: table
    limit: 3
    columns: [{name: name, head: Name}]
    sql: SELECT name FROM products ORDER BY name
"""


def _read(text: str) -> ReportDefinition:
    return read_definition(text.encode(), document="report.yaml", personal=("customer_name",))


def test_a_definition_is_read_with_its_defaults() -> None:
    read = _read(_SMALL)
    daily, top = read.sections
    assert isinstance(daily.form, ColumnsForm)
    assert (daily.limit, daily.half, top.limit) == (12, False, 3)
    assert isinstance(top.form, TableForm)
    assert top.form.columns[0].format == "text"
    assert [sentence.use for sentence in read.lead] == ["balance", "failed", "held", "attention"]
    assert len(read.digest) == 64


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (("report: 1", "report: 2"), "report", "1 was expected"),
        (("form: columns", "form: pie"), r"sections\[0\].form", '"pie" is not one of'),
        (("title: Top\n", "titel: Top\n"), r"sections\[1\]", "titel"),
        (("limit: 3", "limit: 0"), r"sections\[1\].limit", "0 is less than the minimum of 1"),
        (("head: Name", "head: Name, format: mony"), r"sections\[1\].columns\[0\].format", '"mony" is not one of'),
        (("id: top", "id: daily"), r"sections\[1\].id", "'daily' stands twice"),
        (("id: top", "id: trust"), r"sections\[1\].id", "'trust' is taken"),
        (("products ORDER BY name", "products"), r"sections\[1\].sql", "a list needs ORDER BY"),
        (("SELECT name FROM", "SELECT customer_name AS name FROM"), r"sections\[1\].sql", "personal column"),
        (("currency: EUR", "lead: [{use: balance, text: x}]"), r"lead\[0\]", "not exactly one of text and use"),
        (("currency: EUR", 'lead: [{text: "{n:cuont}"}]'), r"lead\[0\].text", "Did you mean 'count'"),
        (("currency: EUR", "lead: [{text: x, when: 1; DROP TABLE x}]"), r"lead\[0\].when", "SQL"),
        (("currency: EUR", "values: {a: SELECT $nwo}"), "values.a", r"\$nwo is not bound"),
        (("report: 1", "- 1"), "line 3", "is no YAML"),
    ],
)
def test_a_fault_is_told_with_its_place(change: tuple[str, str], where: str, what: str) -> None:
    text = _SMALL.replace(*change)
    assert text != _SMALL
    with pytest.raises(FlowError, match=f"{where}: .*{what}"):
        _read(text)


def test_all_faults_are_told_at_once() -> None:
    text = _SMALL.replace("products ORDER BY name", "products").replace("FROM daily ORDER BY day", "FROM daily")
    with pytest.raises(FlowError, match=r"report\.yaml has 2 problem"):
        _read(text)


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(FlowError, match=r"is no mapping\. Begin with `report: 1`"):
        _read("[1, 2]")
