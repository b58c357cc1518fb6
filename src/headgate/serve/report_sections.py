"""Sections of the flow's own: each form as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.serve import report_numbers as numbers
from headgate.serve.report_bars import draw_bars
from headgate.serve.report_columns import NARROW, WIDE, draw_columns
from headgate.serve.report_figures import SectionFigures
from headgate.serve.report_formats import NUMERIC
from headgate.serve.report_forms import Finding, ShownBars, ShownColumns, ShownFigures, ShownFindings, ShownTable
from headgate.serve.report_markup import Markup, element, join
from headgate.serve.report_parts import Head, key_figures, section, subtitle, table, words


def flow_sections(sections: Sequence[SectionFigures], currency: str) -> Markup:
    """All sections in order; two neighbours of half width share a row."""
    pieces: list[Markup] = []
    half: Markup | None = None
    for figures in sections:
        drawn = _section(figures, currency)
        if half is not None and figures.section.half:
            pieces.append(element("div", half, drawn, class_="two"))
            half = None
            continue
        if half is not None:
            pieces.append(half)
        half = drawn if figures.section.half else None
        if half is None:
            pieces.append(drawn)
    return join(*pieces, half or "")


def _section(figures: SectionFigures, currency: str) -> Markup:
    of = figures.section
    if not figures.rows:
        return section(of.id, of.title, element("p", of.empty))
    under = element("p", words(figures.subtitle), class_="sub") if figures.subtitle else ""
    return section(of.id, of.title, under, *_body(figures, currency))


def _body(figures: SectionFigures, currency: str) -> list[Markup]:
    of, shown = figures.section, figures.shown
    rest = _rest(figures)
    match shown:
        case ShownFigures():
            return [key_figures(shown.figures)]
        case ShownColumns():
            return _columns(figures, shown, currency)
        case ShownBars():
            return [draw_bars(shown, name=of.id, title=of.title, currency=currency), rest]
        case ShownTable():
            return [_table(shown, of.title), rest]
        case ShownFindings():
            return [element("ol", *(_finding(each) for each in shown.findings), class_="odd")]


def _rest(figures: SectionFigures) -> Markup:
    """How many rows a list leaves out."""
    shown, total = len(figures.rows), figures.total
    return subtitle(f"The first {numbers.fixed(shown)} of {numbers.fixed(total)}.") if shown < total else Markup()


def _columns(figures: SectionFigures, shown: ShownColumns, currency: str) -> list[Markup]:
    """Drawn twice, for a wide page and for a phone, so that letters keep their size."""
    of = figures.section
    if not shown.bars:
        return [element("p", of.empty)]
    wide = draw_columns(shown, name=of.id, title=of.title, currency=currency, width=WIDE)
    narrow = draw_columns(shown, name=f"{of.id}-phone", title=of.title, currency=currency, width=NARROW)
    return [element("div", wide, class_="only-wide"), element("div", narrow, class_="only-phone")]


def _table(shown: ShownTable, title: str) -> Markup:
    columns = shown.form.columns
    heads = [Head(text=column.head, right=column.format in NUMERIC) for column in columns]
    rows = [
        [element("b", cell) if column.strong else cell for column, cell in zip(columns, cells, strict=True)]
        for cells in shown.cells
    ]
    return table(heads, rows, label=title)


def _finding(finding: Finding) -> Markup:
    detail = join(" ", words(finding.detail)) if finding.detail else ""
    return element(
        "li",
        element("span", finding.score, element("small", "score"), class_="score"),
        element(
            "div",
            element("p", element("b", words(finding.finding)), detail),
            element("p", words(finding.outcome), class_="did") if finding.outcome else "",
        ),
    )
