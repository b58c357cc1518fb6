"""A report from facts, tables and the flow's report.yaml: the same inputs give the same bytes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from headgate.serve.report_definition import ReportDefinition
from headgate.serve.report_document import digest_of, document_bytes, figures_document, file_name
from headgate.serve.report_facts import RunFacts
from headgate.serve.report_figures import gather
from headgate.serve.report_page import TEMPLATE, render_page
from headgate.serve.report_sql import Query


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A finished report."""

    page: bytes  # HTML, UTF-8
    page_name: str
    document: bytes  # JSON, UTF-8
    document_name: str
    figures_digest: str  # SHA-256 over the RFC 8785 bytes of the document's `figures`


def make_report(
    facts: RunFacts,
    query: Query,
    *,
    beside: Sequence[Query] = (),
    definition: ReportDefinition | None = None,
    document: str = "report.yaml",
    personal: Collection[str] = (),
) -> Report:
    """Page and document of one run.

    `query` reads the flow's tables at the version set that `facts` names; those `beside` it do the same, each for a
    thread of its own, which changes nothing but the time that it takes. Without `definition` the report has the parts
    that every flow has. `document` names report.yaml in messages; `personal` are columns that no report may show.
    Raises FlowError where a result does not fit the definition.
    """
    queries = (query, *beside)
    figures = gather(facts, definition or ReportDefinition(), queries, document=document, personal=personal)
    content = figures_document(figures)
    digest = digest_of(content)
    return Report(
        page=render_page(figures, digest=digest),
        page_name=file_name(facts, "html"),
        document=document_bytes(figures, content, template=TEMPLATE),
        document_name=file_name(facts, "json"),
        figures_digest=digest,
    )
