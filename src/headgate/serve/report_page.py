"""The page: one HTML file with its style inside that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from headgate.serve import report_numbers as numbers
from headgate.serve.report_facts import RunFacts
from headgate.serve.report_figures import ReportFigures
from headgate.serve.report_made import deliveries_section, made_section
from headgate.serve.report_markup import Markup, element, escape, join
from headgate.serve.report_parts import key_figures, words
from headgate.serve.report_sections import flow_sections
from headgate.serve.report_sentence import Words, plain
from headgate.serve.report_trust import trust_section

TEMPLATE = "1"
"""Version of what this package draws; it rises whenever the same figures give another page."""


def render_page(figures: ReportFigures, *, digest: str) -> bytes:
    """The whole page as UTF-8. `digest` is the SHA-256 over the figures, shown at the end."""
    facts = figures.facts
    body = element(
        "body",
        _header(figures),
        element(
            "main",
            _lead(figures),
            trust_section(facts),
            flow_sections(figures.sections, figures.definition.currency),
            deliveries_section(facts),
            made_section(facts, digest=digest, template=TEMPLATE, definition_digest=figures.definition.digest),
        ),
        _footer(facts, figures.definition.currency),
    )
    page = element("html", _head(facts, figures.headline), "\n", body, lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def _head(facts: RunFacts, headline: Words) -> Markup:
    style = files("headgate.serve").joinpath("templates/report.css").read_text(encoding="utf-8")
    proof = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Even a report that somebody tampered with loads and runs nothing, unless this line was changed as well.
    policy = f"default-src 'none'; style-src 'sha256-{proof}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        _meta("viewport", "width=device-width, initial-scale=1"),
        _meta("color-scheme", "light dark"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        _meta("description", plain(headline)),
        _meta("generator", f"Headgate {facts.headgate_version}"),
        element("title", f"{facts.flow_title}, run of {numbers.date_and_time(facts.started)} UTC"),
        element("style", Markup(style)),
    )


def _meta(name: str, content: str) -> Markup:
    return element("meta", name=name, content=content)


def _header(figures: ReportFigures) -> Markup:
    facts = figures.facts
    by = f"Headgate, flow {facts.flow}, run of {numbers.date_and_time(facts.started)}{numbers.NBSP}UTC"
    return element("header", element("p", by, class_="by"), element("h1", escape(plain(figures.headline))))


def _lead(figures: ReportFigures) -> Markup:
    insights = element("ul", *(element("li", words(each)) for each in figures.insights), class_="insights")
    return join(
        element("p", join(*(words(each) for each in figures.lead), between=" "), class_="lead") if figures.lead else "",
        key_figures(figures.key_figures) if figures.key_figures else "",
        insights if figures.insights else "",
    )


def _footer(facts: RunFacts, currency: str) -> Markup:
    amounts = f" Amounts in {currency}." if currency else ""
    return element(
        "footer",
        f"Made {numbers.date_and_time(facts.ended)}:{facts.ended:%S} UTC by Headgate {facts.headgate_version}."
        f"{amounts} "
        "Figures count published rows only. Times are UTC. This file loads nothing and runs nothing.",
    )
