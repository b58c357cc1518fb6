"""Pieces that several sections share: a section's frame, sentences, key figures, tables."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headgate.serve.report_key_figures import KeyFigureShown
from headgate.serve.report_markup import Markup, element, escape, join
from headgate.serve.report_sentence import Words


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Head of a table's column."""

    text: str
    right: bool = False


def words(spans: Words) -> Markup:
    """A sentence with its emphasis."""
    return join(*(element("b", span.text) if span.strong else escape(span.text) for span in spans))


def section(anchor: str, title: str, *children: str) -> Markup:
    """A section that its heading names."""
    return element("section", element("h2", title, id=anchor), *children, aria_labelledby=anchor)


def subtitle(text: str) -> Markup:
    """The line under a heading: source, unit, what is left out."""
    return element("p", text, class_="sub")


def key_figures(figures: Sequence[KeyFigureShown]) -> Markup:
    """Figures in a row, each with its label above."""
    return element("dl", *(_figure(figure) for figure in figures), class_="figures")


def table(heads: Sequence[Head], rows: Sequence[Sequence[str]], *, label: str, wide: bool = False) -> Markup:
    """A table that scrolls sideways by itself. The first cell of a row names it; `label` names the table."""
    head = element("tr", *(element("th", head.text, scope="col", class_=_side(head)) for head in heads))
    return element(
        "div",
        element("table", element("thead", head), element("tbody", *(_row(heads, row) for row in rows))),
        class_="scroll wide" if wide else "scroll",
        tabindex="0",
        role="group",
        aria_label=label,
    )


def more(shown: int, total: int, what: str) -> Markup:
    """`And 28 more reasons` under a list that was cut and that the JSON document holds in full, else nothing."""
    if shown >= total:
        return Markup()
    return subtitle(f"And {total - shown:,} more {what}; all are in the JSON document beside this page.")


def _figure(figure: KeyFigureShown) -> Markup:
    small = " ".join(part for part in (figure.unit, figure.note) if part)
    note = join(" ", element("small", small)) if small else ""
    return element("div", element("dt", figure.label), element("dd", figure.value, note))


def _row(heads: Sequence[Head], row: Sequence[str]) -> Markup:
    first, *others = zip(heads, row, strict=True)
    return element(
        "tr",
        element("th", first[1], scope="row", class_=_side(first[0])),
        *(element("td", cell, class_=_side(head)) for head, cell in others),
    )


def _side(head: Head) -> str | None:
    return "num" if head.right else None
